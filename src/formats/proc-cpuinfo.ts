/** What Linux says of one logical CPU: names and values, as `/proc/cpuinfo` has them. */
export type CpuInfo = ReadonlyMap<string, string>

/** The logical CPUs of an x86 machine's `/proc/cpuinfo`, in its order; empty for what is something else. */
export function parseCpuInfo(text: string): CpuInfo[] {
  const cpus: Map<string, string>[] = []
  for (const line of text.split('\n')) {
    const [, name, value] = /^([^\t:]*?)\s*:\s*(.*?)\s*$/.exec(line) ?? []
    if (name === undefined || value === undefined) continue
    if (name === 'processor' || cpus.length === 0) cpus.push(new Map())
    const cpu = cpus.at(-1)
    if (!cpu?.has(name)) cpu?.set(name, value)
  }
  return cpus.filter(cpu => cpu.has('vendor_id'))
}

/** The number of a CPU's microcode, as it is loaded; undefined where Linux does not say. */
export function microcodeOf(cpu: CpuInfo | undefined): number | undefined {
  const version = Number(cpu?.get('microcode') || Number.NaN)
  return Number.isInteger(version) ? version : undefined
}

/** How wide a CPU's physical addresses are, in bits; undefined where Linux does not say. */
export function physicalBitsOf(cpu: CpuInfo | undefined): number | undefined {
  const bits = /^(\d{1,3}) bits physical/.exec(cpu?.get('address sizes') ?? '')?.[1]
  return bits === undefined ? undefined : Number(bits)
}
