import { render } from 'preact'
import type { Given } from './shared/protocol.ts'
import { App } from './ui/app.tsx'
import { Client } from './ui/client.ts'

const textOf = (id: string): string => document.getElementById(id)?.textContent ?? ''

/** A fleet that `virt-cpu page --data` put into the page: each text once, and the files that have it. */
interface Baked {
  readonly texts: readonly string[]
  readonly files: readonly (readonly [path: string, text: number])[]
}

function bakedFiles(): Given[] {
  const baked = JSON.parse(textOf('data')) as Baked | null
  return baked?.files.map(([path, text]) => ({ path, text: baked.texts[text] ?? '' })) ?? []
}

const page = document.getElementById('page')
if (page) {
  page.textContent = ''
  render(<App client={new Client(textOf('worker'))} baked={bakedFiles()} />, page)
}
