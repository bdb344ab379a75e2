declare module '*.txt' {
  const text: string
  export default text
}

declare module '*.rng' {
  const text: string
  export default text
}

/** The data files of an architecture as one JSON text, made by the build; empty where nothing is built. */
declare module '*.packed' {
  const json: string
  export default json
}
