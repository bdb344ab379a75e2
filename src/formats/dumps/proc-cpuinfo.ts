import { ParseError } from '../../core/parse-error.ts'
import type { Dump } from './dump.ts'
import { dumpOfFlags, endsInList, isLinuxFlag, type LinuxCpu, unfold } from './linux-flags.ts'

/** How the `/proc/cpuinfo` of each architecture gives itself away. */
const SIGNS: readonly (readonly [arch: string, sign: RegExp])[] = [
  ['x86_64', /^flags\s*:.*\blm\b/m],
  ['i686', /^vendor_id\s*:\s*(?!IBM\/S390)/m],
  ['s390x', /^vendor_id\s*:\s*IBM\/S390/m],
  ['aarch64', /^CPU architecture\s*:\s*(?:8|AArch64)/m],
  ['armv7l', /^CPU architecture\s*:/m],
  ['ppc64le', /^cpu\s*:\s*POWER/m],
  ['riscv64', /^isa\s*:\s*rv64/m],
  ['loongarch64', /^model name\s*:\s*Loongson/im],
]

/** libvirt's name of the architecture whose `/proc/cpuinfo` it is; undefined where that cannot be told. */
export const archOfCpuInfo = (text: string): string | undefined =>
  SIGNS.find(([, sign]) => sign.test(text))?.[0]

/** What Linux says of one logical CPU: names and values, as `/proc/cpuinfo` has them. */
export type CpuInfo = ReadonlyMap<string, string>

/** The logical CPUs of an x86 machine's `/proc/cpuinfo`, in its order; empty for what is something else. */
export function parseCpuInfo(text: string): CpuInfo[] {
  const cpus: Map<string, string>[] = []
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':')
    const [name, value] = [line.slice(0, Math.max(colon, 0)).trimEnd(), line.slice(colon + 1).trim()]
    if (colon < 0 || name.includes('\t') || value.includes('\r')) continue
    const again = name === 'vendor_id' && cpus.at(-1)?.has(name)
    if (name === 'processor' || again || cpus.length === 0) cpus.push(new Map())
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

/**
 * The CPUs of an x86 machine's `/proc/cpuinfo`, approximately: from the flags that Linux shows.
 * @throws ParseError where it is of another architecture, or has no flags
 */
export function parseProcCpuinfo(text: string, source = ''): Dump[] {
  const unfolded = unfold(text, isLinuxFlag)
  const cpus = parseCpuInfo(unfolded)
  const [first] = cpus
  if (!first?.has('flags')) throw new ParseError(NOT_X86, source)
  for (const cpu of cpus) {
    // Linux prints `wp` before the flags and `bogomips` after them.
    if (cpu.has('flags') && (cpu.has('bogomips') || !cpu.has('wp'))) continue
    throw new ParseError(`processor ${cpu.get('processor') ?? ''} is cut off within its flags`, source)
  }
  const isOpen = endsInList(text, unfolded)
  return cpus.map((cpu, i) => dumpOfFlags({ ...linuxCpuOf(cpu), isOpen: isOpen && i === cpus.length - 1 }))
}

const NOT_X86 = 'no x86 CPU in this /proc/cpuinfo: only their flags name features of CPUID'

function linuxCpuOf(cpu: CpuInfo): LinuxCpu {
  const number = (name: string) => Number(/^\d{1,5}$/.exec(cpu.get(name) ?? '')?.[0] ?? 0)
  return {
    label: `CPU ${cpu.get('processor') ?? ''}`.trim(),
    vendor: cpu.get('vendor_id') ?? '',
    family: number('cpu family'),
    model: number('model'),
    stepping: number('stepping'),
    level: number('cpuid level'),
    flags: cpu.get('flags')?.split(/\s+/) ?? [],
    brand: cpu.get('model name'),
  }
}
