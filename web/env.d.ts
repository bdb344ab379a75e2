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

interface Window {
  /** The program of the worker that computes, being unpacked (`start.ts`). */
  workerProgram: Promise<BlobPart>
  /** Where the page comes from a server that has an inventory. */
  inventory?: import('./ui/parts/inventory.ts').InventoryProgram
}
