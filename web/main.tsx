import { render } from 'preact'
import { App } from './ui/app/app.tsx'
import { Client } from './ui/parts/client.ts'

const page = document.getElementById('page')
if (page) {
  page.textContent = ''
  const embedded = document.getElementById('data')?.textContent ?? ''
  render(<App client={new Client(window.workerProgram)} embedded={embedded} />, page)
}
