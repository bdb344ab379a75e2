import { render } from 'preact'
import { App } from './ui/app/app.tsx'
import { Client } from './ui/parts/client.ts'

const textOf = (id: string): string => document.getElementById(id)?.textContent ?? ''

const page = document.getElementById('page')
if (page) {
  page.textContent = ''
  render(<App client={new Client(textOf('worker'))} embedded={textOf('data')} />, page)
}
