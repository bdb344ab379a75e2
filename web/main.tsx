import { render } from 'preact'
import { App } from './ui/app/app.tsx'
import { Client, startWorker } from './ui/parts/client.ts'

const textOf = (id: string): string => document.getElementById(id)?.textContent ?? ''

/** The worker's program, unpacked by a worker of its own. */
function unpacked(): Promise<BlobPart> {
  return new Promise((resolve, reject) => {
    const unpacker = startWorker(textOf('unpacker'))
    unpacker.addEventListener('message', ({ data }) => {
      unpacker.terminate()
      resolve(data)
    })
    unpacker.addEventListener('error', ({ message }) => reject(new Error(message)))
    unpacker.postMessage(textOf('worker'))
  })
}

const page = document.getElementById('page')
if (page) {
  page.textContent = ''
  render(<App client={new Client(unpacked())} embedded={textOf('data')} />, page)
}
