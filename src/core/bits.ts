/** A register value: an integer in [0, 2^32). This file alone knows that JavaScript's bits are signed. */
export type U32 = number

/** Bit `n` (0 to 31) of `word`. */
export const bit = (word: U32, n: number): boolean => ((word >>> n) & 1) === 1

/** The word in which only bit `n` (0 to 31) is set. */
export const bitMask = (n: number): U32 => (1 << n) >>> 0

/** `len` bits of `word` from bit `lsb`, shifted down. `len` is 1 to 32. */
export function bits(word: U32, lsb: number, len: number): U32 {
  const mask = len === 32 ? 0xffff_ffff : (1 << len) - 1
  return ((word >>> lsb) & mask) >>> 0
}

/** How many bits of `word` are set. */
export function popcount(word: U32): number {
  const pairs = word - ((word >>> 1) & 0x5555_5555)
  const nibbles = (pairs & 0x3333_3333) + ((pairs >>> 2) & 0x3333_3333)
  return Math.imul((nibbles + (nibbles >>> 4)) & 0x0f0f_0f0f, 0x0101_0101) >>> 24
}

/** Hexadecimal, lower case, at least `digits` long, without `0x`. */
export const hex = (word: U32, digits = 8): string => word.toString(16).padStart(digits, '0')
