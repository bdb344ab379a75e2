// Proposes what a recording of a newer libvirt and QEMU adds to our data, as a diff, and lists in what they behave
// otherwise:
//
//   node scripts/run-ts.mjs scripts/propose-update.ts RECORDING [--libvirt V] [--qemu V] [--older FILE.replies …] [--write]
//
// RECORDING is what scripts/record-libvirt.sh wrote: `cpu_map/`, `live/`, `VERSION` (or the versions are given). --older:
// recorded conversations with earlier QEMUs, so that what they had is not dated by this one. --write changes `data/`.

import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { parseLibvirtVersion } from '../src/core/libvirt-version.ts'
import { databaseTexts } from '../src/map/cpu-map.ts'
import { readDataFile } from '../src/map/data.ts'
import { type Database, loadDatabase } from '../src/map/database.ts'
import { mapFilesOf, readInstalled } from '../src/map/libvirt/cpu-map.ts'
import { walkCpuMap } from '../src/map/libvirt/walk.ts'
import { listBehaviour } from './propose/behaviour.ts'
import { proposeMap } from './propose/map.ts'
import { proposeReleases, readSeen, seenInMap } from './propose/releases.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    libvirt: { type: 'string' },
    qemu: { type: 'string' },
    older: { type: 'string', multiple: true },
    write: { type: 'boolean' },
  },
})
const [recording] = positionals
if (recording === undefined) fail('which recording? a folder that scripts/record-libvirt.sh wrote')
const folder = join(recording, 'cpu_map')
const live = join(recording, 'live')
for (const part of [folder, live])
  if (!existsSync(part)) fail(`${part} is missing: scripts/record-libvirt.sh writes it`)

const [, recordedLibvirt, recordedQemu] =
  /^libvirt ([\d.]+), QEMU ([\d.]+)/.exec(readIf(join(recording, 'VERSION'))) ?? []
const libvirt = parseLibvirtVersion(values.libvirt ?? recordedLibvirt ?? '')
if (!libvirt) fail(`${recording} has no VERSION; say which libvirt it is of: --libvirt 12.8`)
const replies = readdirSync(live).find(name => name.endsWith('-x86_64.replies'))
if (replies === undefined) fail(`${live} has no conversation with QEMU (*-x86_64.replies)`)
const qemu = /^(\d+\.\d+)/.exec(values.qemu ?? recordedQemu ?? /qemu-([\d.]+)-/.exec(replies)?.[1] ?? '')?.[1]
if (qemu === undefined) fail(`which QEMU was recorded? --qemu 11.1`)

function fail(message: string): never {
  console.error(`propose-update: ${message}`)
  process.exit(2)
}

function readIf(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : ''
}

const read = (name: string) => readFileSync(join(folder, name), 'utf8')
const texts = databaseTexts('x86')
const old = loadDatabase(texts)
const map = readInstalled(read)
const proposed = proposeMap(texts, map)
const seen = readSeen(readFileSync(join(live, replies), 'utf8'), replies, 'x86_64')
const older = (values.older ?? []).map(path => readSeen(readFileSync(path, 'utf8'), path, 'x86_64'))

/** The models of another architecture in the map, by name. */
function readNames(arch: string): string[] {
  const names: string[] = []
  walkCpuMap(mapFilesOf(read), arch, {
    vendor: () => {},
    feature: () => {},
    model: (_, name) => void names.push(name),
  })
  return names
}

const wordsOf = (db: Database) => [
  ...[...db.models, ...db.features.list].map(({ name }) => name),
  ...db.families.flatMap(({ versions }) =>
    versions.flatMap(({ plain, versioned }) => [plain?.name, versioned?.name]),
  ),
]
const ours = new Set([...wordsOf(old), ...old.vendors.map(({ id }) => id)])
const others = ['arm', 'ppc64'].flatMap(readNames)
const text = readDataFile('releases.txt')
const known = (word: string) => ours.has(word) || text.split(/\s+/).includes(word)
const inMap = seenInMap(map, others)
const withLibvirt = proposeReleases(text, {
  tool: 'libvirt',
  version: libvirt,
  seen: inMap,
  before: word =>
    known(word) ||
    readDataFile('arm/models.txt').includes(word) ||
    readDataFile('ppc64/models.txt').includes(word),
  universe: inMap.words,
})
const releases = proposeReleases(withLibvirt, {
  tool: 'qemu',
  version: qemu,
  seen,
  before: word => ours.has(word) || older.some(({ words }) => words.has(word)),
  universe: [...wordsOf(loadDatabase(proposed)).flatMap(word => word ?? []), ...seen.models],
})

const files: Readonly<Record<string, string>> = {
  'x86/features.txt': proposed.features,
  'x86/walk.txt': proposed.walk,
  ...Object.fromEntries(Object.entries(proposed.models).map(([name, content]) => [`x86/${name}`, content])),
  'releases.txt': releases,
}
for (const [name, content] of Object.entries(files)) show(name, content)

/** Writes a file of data, or prints what would change in it. */
function show(name: string, content: string): void {
  const path = join('data', name)
  if (readIf(path) === content) return
  if (values.write) {
    writeFileSync(path, content)
    console.log(`changed: ${path}`)
    return
  }
  const scratch = mkdtempSync(join(tmpdir(), 'propose-'))
  writeFileSync(join(scratch, 'new'), content)
  const labels = ['--label', `a/${path}`, '--label', `b/${path}`]
  const { stdout } = spawnSync(
    'diff',
    ['-u', ...labels, existsSync(path) ? path : '/dev/null', join(scratch, 'new')],
    {
      encoding: 'utf8',
    },
  )
  process.stdout.write(stdout)
  rmSync(scratch, { recursive: true })
}

const unnamed = [...seen.models].filter(name => /-v\d+$/.test(name) && !map.model(name) && !ours.has(name))
if (unnamed.length > 0) {
  console.log(
    `\nQEMU ${qemu} has, and libvirt ${libvirt} has no name for (\`vN (qemu)\` in its family): ${unnamed.join(' ')}`,
  )
}
const elsewhere = others.filter(
  name => !['arm', 'ppc64'].some(arch => readDataFile(`${arch}/models.txt`).includes(name)),
)
if (elsewhere.length > 0)
  console.log(`\nlibvirt ${libvirt} has, and data/arm or data/ppc64 lacks: ${elsewhere.join(' ')}`)
console.log(`\nBehaviour, as libvirt ${libvirt}:`)
for (const line of listBehaviour(live, libvirt)) console.log(line)
