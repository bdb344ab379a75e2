/** A worker with this program. */
export const startWorker = (program: BlobPart): Worker =>
  new Worker(URL.createObjectURL(new Blob([program], { type: 'text/javascript' })))
