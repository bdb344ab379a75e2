/** What a guest may choose from, under the name of what it sets. Empty: known to be none. */
export interface Choice {
  readonly name: string
  readonly values: readonly string[]
}

/** A kind of device or a feature, whether a guest can have it, and in which ways. */
export interface Section {
  readonly name: string
  readonly supported: boolean
  /** Only where it is supported. */
  readonly choices?: readonly Choice[]
}

export const choice = (name: string, values: readonly string[]): Choice => ({ name, values })

/** The names, in order, whose condition holds. */
export const those = (...all: readonly (readonly [name: string, holds: boolean])[]): string[] =>
  all.flatMap(([name, holds]) => (holds ? [name] : []))

/** @param choices nothing where it is not supported */
export const section = (name: string, supported: boolean, ...choices: readonly Choice[]): Section =>
  supported && choices.length > 0 ? { name, supported, choices } : { name, supported }
