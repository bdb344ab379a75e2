import type { Cpu } from '../../src/core/cpu.ts'
import { openStoredFleet } from '../../src/inventory/stored-fleet.ts'
import type { Context } from '../../src/questions/context.ts'
import type { StoredHosts } from '../shared/protocol.ts'
import { describeHidden } from './assemble.ts'
import type { Documents } from './documents.ts'
import { EMPTY, type Snapshot } from './history.ts'

/** What is read of a line here. */
interface Line {
  readonly groups?: readonly { readonly profile: number; readonly ids: readonly string[] }[]
  readonly profiles?: Readonly<Record<string, string>>
}

/** Hosts of an inventory as a snapshot. */
export async function openStoredHosts(
  context: Context,
  documents: Documents,
  { text, name }: StoredHosts,
): Promise<Snapshot> {
  const lines = text.split('\n').filter(Boolean)
  const { view, others } = await openStoredFleet(context, lines, { unpack })
  const { fleet } = view
  return {
    ...EMPTY,
    files: [],
    read: fleet,
    fleet,
    problems: others.flatMap(other => describeHidden(fleet, other.fleet)),
    stored: { text, name, definitions: await readDefinitions(documents, lines) },
  }
}

/** The CPUs of which a baseline is computed, by the ids of hosts. */
async function readDefinitions(documents: Documents, lines: readonly string[]): Promise<Map<string, Cpu>> {
  const read = lines.map(line => JSON.parse(line) as Line)
  const cpus = new Map<number, Cpu>()
  for (const [key, packed] of read.flatMap(({ profiles = {} }) => Object.entries(profiles))) {
    const { definitions, members } = documents.read(await unpack(packed), `profile ${key}`)
    const own = definitions.find(({ member = -1 }) => members[member]?.kind !== 'guest')
    if (own) cpus.set(Number(key), own.cpu)
  }
  const found = new Map<string, Cpu>()
  for (const { profile, ids } of read.flatMap(({ groups = [] }) => groups)) {
    const cpu = cpus.get(profile)
    if (cpu) for (const id of ids) found.set(id, cpu)
  }
  return found
}

/** A text as the inventory keeps it. */
function unpack(packed: string): Promise<string> {
  const bytes = Uint8Array.from(atob(packed), letter => letter.charCodeAt(0))
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate-raw'))).text()
}
