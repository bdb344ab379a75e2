import { render } from 'preact'
import type { FoundRow } from '../shared/displays.ts'
import type { InventoryProgram } from '../ui/parts/inventory.ts'
import { Bar } from './bar.tsx'
import { askServer, type HostAnswer, query } from './server.ts'
import { namePool } from './words.ts'

const program: InventoryProgram = {
  draw: (place, page) => render(<Bar {...page} />, place),
  find,
}
window.inventory = program

async function find(text: string, gone: AbortSignal): Promise<readonly FoundRow[]> {
  const { hosts } = await askServer<{ readonly hosts: readonly HostAnswer[] }>(
    `/v1/hosts${query({ search: text, limit: 8 })}`,
    gone,
  )
  return hosts.map(({ id, name, pool }) => ({
    ...{ kind: 'stored', name, group: id },
    detail: `${namePool(pool)}${id === name ? '' : ` · ${id}`}`,
  }))
}
