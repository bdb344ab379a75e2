import { render } from 'preact'
import { App } from './ui/app/app.tsx'
import { Client } from './ui/parts/client.ts'
import { formatHash, readRoute } from './ui/parts/route.ts'

const page = document.getElementById('page')
if (page) {
  page.textContent = ''
  const embedded = document.getElementById('data')?.textContent ?? ''
  if (window.inventory && !/[#&](?:inventory|fleet|sample)=/.test(location.hash))
    history.replaceState(null, '', formatHash({ ...readRoute(), inventory: '*' }))
  render(<App client={new Client(window.workerProgram)} embedded={embedded} />, page)
}
