declare module '*.txt' {
  const text: string
  export default text
}

declare module '*.rng' {
  const text: string
  export default text
}
