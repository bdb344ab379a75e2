import { check, type Fault, type Target } from './target.ts'

/** How often an input is tried smaller, and for how many milliseconds. */
const MOST_TRIES = 600
const MOST_MS = 20_000

/** A smaller input with a fault of the same kind. */
export async function minimise(
  target: Target,
  input: Buffer,
  { kind }: Fault,
  now: { readonly set: (target: string, input: Uint8Array) => void },
): Promise<Buffer> {
  const until = Date.now() + MOST_MS
  let [best, tries] = [input, 0]
  const isAsBad = async (one: Buffer) => {
    if (++tries > MOST_TRIES || Date.now() > until) return false
    now.set(target.name, one)
    return (await check(target, one))?.kind === kind
  }
  for (const split of [/(?<=\n)/, /(?=[<{[,])/, /(?<=[\s,])/, /(?:)/s]) {
    best = await withoutParts(best, split, isAsBad)
  }
  return best
}

/** Leaves out runs of parts, long ones first. */
async function withoutParts(
  input: Buffer,
  split: RegExp,
  isAsBad: (one: Buffer) => Promise<boolean>,
): Promise<Buffer> {
  let parts = input.toString('latin1').split(split)
  for (let size = Math.ceil(parts.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < parts.length; ) {
      const rest = [...parts.slice(0, at), ...parts.slice(at + size)]
      if (rest.length > 0 && (await isAsBad(Buffer.from(rest.join(''), 'latin1')))) parts = rest
      else at += size
    }
  }
  return Buffer.from(parts.join(''), 'latin1')
}
