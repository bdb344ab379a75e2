/** The sample fleet, baked in by the build. */
declare module 'sample:fleet' {
  const sample: import('./worker/engine.ts').Baked
  export default sample
}
