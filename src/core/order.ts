/**
 * The order of a one-bit field: what `a ≤ b` means for it. The order is data (`features.txt`).
 *
 * | letter | meaning | one bit: the safe common value |
 * | --- | --- | --- |
 * | `&` | only if every CPU has it | AND |
 * | `\|` | if any CPU has it: a hazard the guest must see | OR |
 * | `<` | the smaller value is safe | AND |
 * | `>` | the larger value is safe | OR |
 * | `=` | all must agree | AND, and a disagreement is a conflict |
 * | `~` | a hint, never a blocker | AND |
 * | `.` | not compared: the OS or the vCPU owns it | AND |
 */
export type Order = '&' | '|' | '<' | '>' | '=' | '~' | '.'

export const ORDERS: readonly Order[] = ['&', '|', '<', '>', '=', '~', '.']

/** Orders whose bits accumulate over a pool. */
export const accumulates = (order: Order): boolean => order === '|' || order === '>'
