/** What words mean, of `docs/glossary.md`. The build fills it in. */
declare module 'docs:glossary' {
  const terms: Readonly<Record<string, string>>
  export default terms
}

/** The sample fleet. The build fills it in. */
declare module 'sample:fleet' {
  const sample: import('./shared/protocol.ts').EmbeddedFleet
  export default sample
}
