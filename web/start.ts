import { startWorker } from './shared/start-worker.ts'

const textOf = (id: string): string => document.getElementById(id)?.textContent ?? ''

/** Adds an element that the page's policy names by the hash of its text. */
function add(name: 'style' | 'script', bytes: Uint8Array): void {
  const element = document.createElement(name)
  element.textContent = new TextDecoder().decode(bytes)
  document.head.append(element)
}

/** The style, then the program that draws, and a second later the program of the worker that computes. */
const unpacker = startWorker(textOf('unpacker'))
window.workerProgram = new Promise((resolve, reject) => {
  const receivers = [
    (style: Uint8Array) => add('style', style),
    (script: Uint8Array) => add('script', script),
    (worker: Uint8Array<ArrayBuffer>) => {
      resolve(worker)
      unpacker.terminate()
    },
  ]
  unpacker.addEventListener('message', ({ data }) => receivers.shift()?.(data))
  unpacker.addEventListener('error', ({ message }) => reject(new Error(message)))
})
unpacker.postMessage(textOf('packed'))
