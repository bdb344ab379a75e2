import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { answerVerb } from '../../src/questions/ask.ts'
import { contextOf } from '../../src/questions/context.ts'
import type { TreeRow } from '../../web/shared/displays.ts'
import { Engine } from '../../web/worker/engine.ts'

const folder = join(import.meta.dirname, '..', '..', 'examples', 'fleet')

/** Hosts whose paths are their names: the page shortens other paths. */
const documents = readdirSync(folder)
  .filter(name => name.endsWith('.xml'))
  .map(name => ({ path: name.replace('.xml', ''), text: readFileSync(join(folder, name), 'utf8') }))

const [{ path: from = '' } = {}, { path: to = '' } = {}] = documents

test.each([
  ['explain', {}],
  ['explain', { cost: true }],
  ['explain', { feature: 'avx2' }],
  ['pools', {}],
  ['migrate', {}],
  ['migrate', { from, to }],
] as const)('the page’s worker answers %s %o as batch does', async (question, input) => {
  const engine = new Engine({ texts: [], files: [] })
  await engine.add(documents, '')
  const { notes: _, ...expected } = answerVerb(contextOf(), { verb: question, documents, ...input })
  const { notes: __, ...answer } = engine.ask(question, input)
  expect(answer).toEqual(expected)
})

const [{ text: one = '' } = {}, { text: other = '' } = {}] = documents

test('content decides: the same name with other content is another host, and the rest is said', async () => {
  const engine = new Engine({ texts: [], files: [] })
  await engine.add([{ path: 'a/capabilities.xml', text: one }], '')
  const { hosts, problems } = await engine.add(
    [
      { path: 'a/capabilities.xml', text: other },
      { path: 'a/capabilities.xml', text: one },
      { path: 'b/capabilities.xml', text: one },
    ],
    '',
  )
  expect(hosts).toBe(3)
  expect(problems.map(({ text }) => text)).toEqual([
    'another file has this name: this one is called a/capabilities (2).xml',
    'skipped: a file with this name and content is already here',
    expect.stringMatching(/^what KVM gives guests is assumed from the CPU on /),
  ])
})

/** How often each group is shown in the family tree. */
const groupsOfTree = (rows: readonly TreeRow[]): number[] =>
  rows.flatMap(({ groups, children }) => [...groups, ...groupsOfTree(children)])

test('hosts in are hosts shown, in every view that lists them', async () => {
  const engine = new Engine({ texts: [], files: [] })
  const own = '<cpu><arch>x86_64</arch><model>qemu64</model><feature name="svm"/></cpu>'
  const { hosts } = await engine.add([...documents, { path: 'own', text: own }], '')
  const { groups } = engine.fleet(null)
  const ids = groups.map(({ id }) => id).sort((a, b) => a - b)
  expect(groups.reduce((sum, { count }) => sum + count, 0)).toBe(hosts)
  expect(groups.flatMap(({ id }) => engine.hosts(id)).length).toBe(hosts)
  const tree = engine.tree(null)
  expect([...groupsOfTree(tree.roots), ...tree.elsewhere].sort((a, b) => a - b)).toEqual(ids)
  for (const { hosts, groups } of engine.pools().cards)
    expect(groups.reduce((sum, group) => sum + group.hosts, 0)).toBe(hosts)
  expect(engine.pools().cards.reduce((sum, card) => sum + card.hosts, 0)).toBe(hosts)
})
