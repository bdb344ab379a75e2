import { render } from 'preact'
import { App } from './ui/app/app.tsx'
import { Client } from './ui/parts/client.ts'
import { unpackLzma } from './ui/parts/unpack.ts'

const textOf = (id: string): string => document.getElementById(id)?.textContent ?? ''

const page = document.getElementById('page')
if (page) {
  page.textContent = ''
  render(<App client={new Client(() => unpackLzma(textOf('worker')))} embedded={textOf('data')} />, page)
}
