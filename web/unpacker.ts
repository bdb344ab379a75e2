import { unpackProgram } from './shared/packing.ts'

/** A worker that unpacks the other worker's program, which takes a second, while the page is already there. */
addEventListener('message', ({ data }: MessageEvent<string>) => {
  postMessage(unpackProgram(Uint8Array.from(atob(data), letter => letter.charCodeAt(0))))
})
