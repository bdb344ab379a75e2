import { safeParse } from 'valibot'
import { expect, test } from 'vitest'
import { type AnyQuestion, SCHEMA_VERSION } from '../../src/questions/question.ts'
import { QUESTIONS } from '../../src/questions/table.ts'
import { cpuFiles, rootOf } from '../host/machine/tree-of.ts'
import { virtCpu } from './virt-cpu.ts'

type Json = Readonly<Record<string, unknown>>

const run = (args: readonly string[]): Json => JSON.parse(virtCpu([...args, '--json']).stdout)

/** The first fault of a document that a question's schemas find; undefined: it is as they say. */
function faultOf({ answer, reasons }: AnyQuestion, document: Json): string | undefined {
  const { schema, notes = [], explain, ...keys } = document
  const checks = [safeParse(answer, keys), ...(explain && reasons ? [safeParse(reasons, explain)] : [])]
  for (const { issues } of checks) {
    const [issue] = issues ?? []
    if (issue) return `${issue.path?.map(({ key }) => String(key)).join('.')}: ${issue.message}`
  }
  if (!Array.isArray(notes) || notes.some(({ kind, text }) => !kind || !text)) return 'notes'
  return schema === SCHEMA_VERSION ? undefined : `schema is ${schema}`
}

const ON_SKY = ['--replies', 'examples/hypervisors/sky-03.replies']
const GUIDE = ['examples/redhat-guide/workstation.xml', 'examples/redhat-guide/server.xml'] as const
const recorded = rootOf({ ...cpuFiles([{ core: 0 }]), 'proc/cpuinfo': 'processor : 0' })

test.each<readonly [keyof typeof QUESTIONS, readonly string[]]>([
  ['baseline', ['cpu-baseline', ...GUIDE, '--explain']],
  ['baseline', ['cpu-baseline', 'examples/fleet', '--features', '--migratable']],
  ['baseline', ['cpu-baseline', 'examples/fleet', 'examples/fleet-amd', '--best', '--explain']],
  ['domcapabilities', ['domcapabilities', ...ON_SKY]],
  ['hypervisor-cpu-baseline', ['hypervisor-cpu-baseline', '--replies', 'examples/hypervisors', '--explain']],
  ['hypervisor-cpu-models', ['hypervisor-cpu-models', ...ON_SKY]],
  ['models', ['models', '--usable-on', 'examples/hypervisors']],
  ['models', ['models', 'examples/fleet', 'examples/hypervisors']],
  ['hosts', ['hosts', 'examples/forty', 'examples/hypervisors']],
  ['tree', ['tree']],
  ['tree', ['tree', 'EPYC']],
  ['what-if', ['what-if', 'test/stories/17/fleet', '--apply', 'tsx-off']],
  ['what-if', ['what-if', '--effects']],
  ['what-if', ['what-if', '--products']],
  ['migrate', ['migrate', 'test/stories/16/fleet']],
  ['migrate', ['migrate', 'test/stories/44/fleet', '--guest', 'panics', '--to', 'laptop']],
  ['drain', ['drain', 'test/stories/27/fleet']],
  ['drift', ['drift', 'test/stories/30/host-a.xml', 'test/stories/30/host-b.xml']],
  ['drift', ['drift', 'test/stories/24/before', 'test/stories/24/after']],
  ['check', ['check', 'test/stories/20/fleet.yaml']],
  ['explain', ['explain', 'examples/forty']],
  ['explain', ['explain', 'examples/fleet', 'examples/fleet-amd']],
  ['explain', ['explain', 'examples/forty', '--cost']],
  ['explain', ['explain', 'examples/redhat-guide/server.xml', '--cost']],
  ['explain', ['explain', 'examples/forty', '--feature', 'avx512f']],
  ['pools', ['pools', 'examples/forty']],
  ['pools', ['pools', 'examples/fleet', 'examples/fleet-amd', '--must-have', 'avx512vbmi', '--pools', '1']],
  ['advise', ['advise', 'examples/forty']],
])('%s: the command returns what the schema says: %j', async (name, args) => {
  expect(faultOf(await QUESTIONS[name](), run(args))).toBeUndefined()
})

test.each<readonly [keyof typeof QUESTIONS, string, readonly string[]]>([
  ['decode', 'cpus', ['decode', 'test/corpus/dumps', '--explain']],
  ['compare', 'answers', ['cpu-compare', ...GUIDE, '--host', GUIDE[1], '--explain']],
  ['hypervisor-cpu-compare', 'answers', ['hypervisor-cpu-compare', 'examples/fleet/ice-01.xml', ...ON_SKY]],
  ['guest-check', 'guests', ['guest', 'check', 'examples/guests/web.xml', ...ON_SKY]],
  ['name', 'answers', ['name', 'avx512_vnni', 'nothing']],
])('%s: each of %s of the command is as the schema says: %j', async (name, list, args) => {
  const document = run(args)
  for (const { source: _source, file: _file, explain: _explain, ...one } of document[list] as readonly Json[])
    expect(faultOf(await QUESTIONS[name](), { schema: document.schema, ...one })).toBeUndefined()
})

test('the facts of capabilities --json are an input of the question capabilities', async () => {
  const { host, guests } = run(['capabilities', '--root', recorded])
  expect(safeParse((await QUESTIONS.capabilities()).input, { host, guests }).issues).toBeUndefined()
})

test('the check itself finds faults', async () => {
  const answer = { result: 'superset', missing: [], forbidden: [], extra: [{ feature: 'a', place: 1 }] }
  expect(faultOf(await QUESTIONS.compare(), { schema: SCHEMA_VERSION, ...answer })).toMatch(/^extra\.0/)
  expect(faultOf(await QUESTIONS['cpu-models'](), { schema: 1, models: [] })).toBe('schema is 1')
})
