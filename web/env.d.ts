/** The sample fleet. The build fills it in. */
declare module 'sample:fleet' {
  const sample: import('./shared/protocol.ts').EmbeddedFleet
  export default sample
}
