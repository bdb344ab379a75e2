import { LibvirtError } from '../../core/libvirt-error.ts'

/** More virtual CPUs than any guest can have. */
const MOST = 16_384

/**
 * The numbers of a libvirt bitmap, `0-3,^2,7`, ascending; a later item overrides an earlier one.
 * @throws LibvirtError for any other text
 */
export function parseBitmap(text: string): number[] {
  const bad = () => new LibvirtError('invalid-arg', `Failed to parse bitmap '${text}'`)
  const numbers = new Set<number>()
  for (const item of text.trim().replace(/,$/, '').split(',')) {
    const [, not, from, to] = /^(\^)?(\d+)(?:-(\d+))?$/.exec(item) ?? []
    const [low, high] = [Number(from ?? Number.NaN), Number(to ?? from)]
    if (!(low <= high && high < MOST) || (not && to)) throw bad()
    for (let n = low; n <= high; n++) {
      if (not) numbers.delete(n)
      else numbers.add(n)
    }
  }
  return [...numbers].sort((a, b) => a - b)
}
