/**
 * What names the processors of a host, from its `/proc/cpuinfo`: the same text for the same kind of processor.
 * Undefined for architectures that do not tell.
 */
export function cpuSignature(cpuinfo: string, arch: string): string | undefined {
  const value = (name: string) => firstValue(cpuinfo, name)
  if (arch === 'x86_64' || arch === 'i686') {
    const [vendor, name] = [value('vendor_id'), value('model name')]
    const numbers = [value('cpu family'), value('model'), value('stepping')]
    if (vendor === undefined || name === undefined || numbers.includes(undefined)) return undefined
    return `${vendor}, ${name}, family: ${numbers[0]}, model: ${numbers[1]}, stepping: ${numbers[2]}`
  }
  if (arch.startsWith('ppc')) return joined(value('cpu'), value('revision'), ', rev ')
  if (arch.startsWith('s390')) {
    return joined(
      joined(value('vendor_id'), value('processor 0'), ', '),
      value('facilities'),
      ', facilities: ',
    )
  }
  return undefined
}

/** Where architectures keep the clock's rate. */
const CLOCKS: Readonly<Record<string, string>> = {
  i686: 'cpu MHz',
  x86_64: 'cpu MHz',
  ppc: 'clock',
  ppc64: 'clock',
  ppc64le: 'clock',
  s390x: 'cpu MHz dynamic',
}

/** The rate of the first processor's clock, in MHz without fraction; 0 where the architecture does not tell. */
export function cpuMhz(cpuinfo: string, arch: string): number {
  const name = CLOCKS[arch]
  return Math.floor(Number.parseFloat((name && firstValue(cpuinfo, name)) ?? '0')) || 0
}

/** The value on the first line of that name: `name : value`. */
function firstValue(text: string, name: string): string | undefined {
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':')
    if (colon >= 0 && line.slice(0, colon).trim() === name) return line.slice(colon + 1).trim()
  }
  return undefined
}

const joined = (left: string | undefined, right: string | undefined, by: string): string | undefined =>
  left === undefined || right === undefined ? undefined : left + by + right
