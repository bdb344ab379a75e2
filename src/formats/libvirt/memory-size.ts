import { LibvirtError, xmlError } from '../../core/libvirt-error.ts'

const STEPS = 'kmgtpe'
const MOST = 2n ** 63n - 1n

/**
 * An amount of memory in KiB, rounded up. Units are libvirt's: `b`, `bytes`; `K` and `KiB` count 1024, `KB` 1000,
 * and so on up to E; upper and lower case alike.
 * @param path what the error calls the attribute
 * @throws LibvirtError where it is no number, or too large, or the unit is unknown
 */
export function parseMemory(value: string, unit: string, path: string): bigint {
  if (!/^[ \t\n\v\f\r]*\+?\d+$/.test(value)) {
    throw xmlError(`Invalid value '${value}' for element or attribute '${path}'`)
  }
  const bytes = BigInt(value.trim().replace('+', '')) * scaleOf(unit)
  if (bytes > MOST) throw new LibvirtError('overflow', `value too large: ${value}${unit}`)
  return (bytes + 1023n) / 1024n
}

function scaleOf(unit: string): bigint {
  if (unit === '') return 1024n
  if (/^(?:b|bytes?)$/i.test(unit)) return 1n
  const [, letter, tail] = /^([kmgtpe])(i?b)?$/i.exec(unit) ?? []
  if (letter === undefined) throw new LibvirtError('invalid-arg', `unknown suffix '${unit}'`)
  const base = tail?.toLowerCase() === 'b' ? 1000n : 1024n
  return base ** BigInt(STEPS.indexOf(letter.toLowerCase()) + 1)
}
