import { mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { FleetHost } from '../../../src/fleet/host.ts'
import { readFleet } from '../../../src/host/files/fleet.ts'
import { openSyncSource } from '../../../src/host/files/sync-source.ts'
import type { FilesLook } from '../../../src/host/files/synced-files.ts'
import { contextOf } from '../../../src/questions/context.ts'
import { fleetOfInput } from '../../../src/questions/input/fleet/open-fleet.ts'
import { capabilities } from '../../inventory/texts.ts'

const context = contextOf()
const OLD = new Date('2026-01-01T00:00:00Z')

/** A folder with these files, which nobody writes any more. */
function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'sync-'))
  for (const [path, text] of Object.entries(files)) write(folder, path, text)
  return folder
}

function write(folder: string, path: string, text: string, at = OLD): void {
  const file = join(folder, path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
  utimesSync(file, at, at)
}

async function looksOf(source: ReturnType<typeof openSyncSource>): Promise<FilesLook[]> {
  const looks: FilesLook[] = []
  for await (const look of source.look(undefined, new AbortController().signal)) looks.push(look)
  return looks
}

async function lookAt(folder: string): Promise<FilesLook> {
  const [look] = await looksOf(openSyncSource(folder, context, undefined))
  if (!look) throw new Error('nothing was seen')
  return look
}

const example = (name: string) => readFileSync(join('examples/fleet', name), 'utf8')
const cpuinfo = (flags: string) =>
  `processor\t: 0\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 85\nmodel name\t: Intel(R) Xeon(R)\nstepping\t: 4\nmicrocode\t: 0x2006e05\nflags\t\t: ${flags}\n`
const domain = (name: string) =>
  `<domain type='kvm'><name>${name}</name><cpu mode='custom' match='exact'><model>Nehalem</model></cpu></domain>\n`

const factsOf = ({ pool, model, vendor, microcode, kernel, features, readFrom = [] }: FleetHost) =>
  JSON.stringify([
    pool ?? '',
    model,
    vendor,
    microcode,
    kernel,
    context.db.features.in(features).map(({ name }) => name),
    readFrom.map(({ document }) => document).sort(),
  ])

/** What the texts of a look say, each by itself, as a fleet. */
const fleetOf = ({ hosts }: FilesLook) =>
  fleetOfInput(context, {
    documents: hosts.map(({ id, pool, text }) => ({
      path: pool ? `${pool}/${id}.txt` : `${id}.txt`,
      text: text(),
    })),
  })

const FILES = {
  'blue/ice-01.xml': example('ice-01.xml'),
  'blue/n1.xml': capabilities({ model: 'Cascadelake-Server', microcode: 7 }),
  'blue/n1.cpuinfo': cpuinfo('fpu sse sse2 avx avx2'),
  'red/n2/capabilities.xml': capabilities({ features: ['pku'] }),
  'red/n2/guests.xml': domain('web'),
  'red/sky-01.xml': example('sky-01.xml'),
}

test('the texts of hosts say together what all files say', async () => {
  await fc.assert(
    fc.asyncProperty(fc.subarray(Object.entries(FILES), { minLength: 1 }), async entries => {
      const folder = folderWith(Object.fromEntries(entries))
      const { fleet } = await readFleet(context, [folder])
      const look = await lookAt(folder)
      rmSync(folder, { recursive: true })
      const stored = fleetOf(look).fleet
      expect(look.faults).toEqual([])
      expect(stored.hosts.map(factsOf).sort()).toEqual(fleet.hosts.map(factsOf).sort())
      expect(stored.guests.map(({ name }) => name)).toEqual(
        fleet.guests.filter(({ host }) => host !== undefined).map(({ name }) => name),
      )
    }),
    { numRuns: 40 },
  )
})

test('a host is called after its file, and by its path where two are called alike', async () => {
  const text = example('ice-01.xml')
  const ids = async (files: Readonly<Record<string, string>>) =>
    (await lookAt(folderWith(files))).hosts.map(({ id }) => id)
  expect(await ids({ 'blue/n1.xml': text, 'red/n2.xml': text })).toEqual(['n1', 'n2'])
  expect(await ids({ 'blue/n1.xml': text, 'red/n1.xml': text })).toEqual(['blue.n1', 'red.n1'])
  expect(await ids({ 'n 1.xml': text })).toEqual(['n-1'])
})

test('a file with several hosts is cut into them', async () => {
  const report = (name: string) =>
    `[virt-cpu-collect] 1\n[host]\n|name: ${name}\n[/host] 0\n[capabilities]\n${capabilities({}).trimEnd().replace(/^/gm, '|')}\n[/capabilities] 0\n[end] 2\n`
  const { hosts, faults } = await lookAt(folderWith({ 'blue/all.txt': report('a') + report('b') }))
  expect(faults).toEqual([])
  expect(hosts.map(({ id, pool, files }) => [id, pool, files])).toEqual([
    ['a', 'blue', ['blue/all.txt']],
    ['b', 'blue', ['blue/all.txt']],
  ])
})

test('a fleet file names hosts, puts them into pools and pins CPUs', async () => {
  const folder = folderWith({
    'a/one.xml': example('ice-01.xml'),
    'b/two.xml': example('ice-02.xml'),
    'fleet.yaml':
      "hosts:\n  - {files: a/*.xml, name: first, pool: x}\n  - {files: b, pool: y}\nkept-cpus: {x: '<cpu><model>Nehalem</model></cpu>'}\n",
  })
  const { hosts, pinned } = await lookAt(folder)
  expect(hosts.map(({ id, pool }) => [id, pool])).toEqual([
    ['first', 'x'],
    ['two', 'y'],
  ])
  expect([...pinned]).toEqual([['x', '<cpu><model>Nehalem</model></cpu>']])
  write(folder, 'fleet.yaml', 'hosts: 5\n')
  await expect(lookAt(folder)).rejects.toThrow(/fleet.yaml.*hosts: must be a list/)
})

test('of broken files is said what is wrong, and others are nobody’s business', async () => {
  const { hosts, faults, unread } = await lookAt(
    folderWith({
      'n1.xml': '<capabilities><host><cpu>',
      'README.md': '# Hosts\n',
      'n2.xml': example('ice-01.xml'),
    }),
  )
  expect(hosts.map(({ id }) => id)).toEqual(['n2'])
  expect(faults.map(({ file }) => file)).toEqual(['n1.xml'])
  expect([...unread].sort()).toEqual(['README.md', 'n1.xml'])
})

test('a file that is written at this moment is waited for, and not for ever', async () => {
  const folder = folderWith({ 'n1.xml': example('ice-01.xml') })
  const whole = capabilities({ microcode: 9 })
  write(folder, 'n2.xml', whole.slice(0, 100), new Date())
  const source = openSyncSource(folder, context, undefined)
  const looks = looksOf(source)
  await new Promise(done => setTimeout(done, 500))
  write(folder, 'n2.xml', whole, new Date())
  const [look] = await looks
  expect(look?.faults).toEqual([])
  expect(look?.hosts.map(({ id }) => id)).toEqual(['n1', 'n2'])
  expect(await looksOf(source)).toEqual([])
})
