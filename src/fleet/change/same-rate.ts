/** Each boot measures the clock anew: two rates (in Hz) within 250 parts in a million are one. */
export const sameRate = (a: bigint, b: bigint): boolean => (a > b ? a - b : b - a) * 4000n <= (a > b ? a : b)
