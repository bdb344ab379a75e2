declare module '*.rng' {
  const text: string
  export default text
}

declare module '*.sh' {
  const text: string
  export default text
}

/** Our data files, as the build puts them there: see scripts/data.mjs. */
declare module 'virtual:data' {
  /** Below `data`: `x86/features.txt`. */
  export const names: () => readonly string[]
  /** The text of one of them, or of what the build packed for a fast start: `x86.packed`; undefined: there is none. */
  export const read: (name: string) => string | undefined
}
