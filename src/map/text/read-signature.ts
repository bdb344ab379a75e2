import type { SignatureMatch } from '../../core/signature.ts'
import { faultIn, type Statement } from './data-file.ts'

/** Reads signatures, `6.94 6.85.0-4`: family, model, and the steppings where not all are meant. @throws ParseError */
export const readSignatures = (tokens: readonly string[], statement: Statement): SignatureMatch[] =>
  tokens.map(token => readSignature(token, statement))

function readSignature(token: string, statement: Statement): SignatureMatch {
  const match = parseSignature(token)
  if (match) return match
  throw faultIn(statement, 'a signature is `FAMILY.MODEL[.STEPPINGS]`, decimal, as in `6.85.0-4`', token)
}

/** Reads `6.85.0-4`; undefined where it is no signature. */
export function parseSignature(text: string): SignatureMatch | undefined {
  const [family, model, steppings, ...more] = text.split('.')
  const match = { family: numberOf(family), model: numberOf(model) }
  const mask = steppings === undefined ? 0 : maskOf(steppings)
  if (more.length > 0 || Number.isNaN(match.family + match.model + mask)) return undefined
  return steppings === undefined ? match : { ...match, steppings: mask }
}

/** Decimal digits only; else NaN. */
function numberOf(text = ''): number {
  const number = Number(text)
  return String(number) === text ? number : Number.NaN
}

/** `0-4` and `1,3,5-7` as a mask of bits 0 to 15. */
function maskOf(text: string): number {
  let mask = 0
  for (const range of text.split(',')) {
    const [low, high = low] = range.split('-')
    const [from, to] = [numberOf(low), numberOf(high)]
    if (!(from <= to && to <= 15)) return Number.NaN
    for (let stepping = from; stepping <= to; stepping++) mask |= 1 << stepping
  }
  return mask
}

/** The same as text: `6.85.0-4`. */
export function printSignatureField({ family, model, steppings }: SignatureMatch): string {
  return `${family}.${model}${steppings === undefined ? '' : `.${printSteppings(steppings)}`}`
}

/** A mask of steppings as `0-4` or `1,3,5-7`. */
function printSteppings(mask: number): string {
  const ranges: string[] = []
  for (let from = 0; from < 16; from++) {
    if (!((mask >>> from) & 1)) continue
    let to = from
    while ((mask >>> (to + 1)) & 1) to++
    ranges.push(from === to ? `${from}` : `${from}-${to}`)
    from = to
  }
  return ranges.join(',')
}
