import { unpackPage } from './shared/packing.ts'

/** A worker that unpacks the page's parts, each of which ends with a byte of 0, and sends each as soon as it has it. */
addEventListener('message', ({ data }: MessageEvent<string>) => {
  const packed = Uint8Array.from(atob(data), letter => letter.charCodeAt(0))
  let start = 0
  unpackPage(packed, (bytes, length) => {
    if (bytes[length - 1] !== 0) return
    postMessage(bytes.slice(start, length - 1))
    start = length
  })
})
