import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { cpuFiles, rootOf } from '../host/machine/tree-of.ts'
import { virtCpu } from './virt-cpu.ts'

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }
type Schema = { readonly [key: string]: Json }

const root = join(import.meta.dirname, '..', '..')
const { $defs } = JSON.parse(readFileSync(join(root, 'docs', 'schema', 'answers.json'), 'utf8'))

const typeOf = (value: Json): string =>
  value === null
    ? 'null'
    : Array.isArray(value)
      ? 'array'
      : Number.isInteger(value)
        ? 'integer'
        : typeof value

const isObject = (value: Json): value is { readonly [key: string]: Json } => typeOf(value) === 'object'

/** The faults of a value by the part of JSON Schema that ours uses. */
function faults(schema: Schema, value: Json, at = '$'): string[] {
  const { $ref, type, enum: values, const: only, properties = {}, required = [], items } = schema
  if (typeof $ref === 'string') return faults($defs[$ref.replace('#/$defs/', '')], value, at)
  if (values !== undefined && !(values as Json[]).includes(value)) return [`${at}: ${JSON.stringify(value)}`]
  if (only !== undefined && only !== value) return [`${at} is not ${only}`]
  if (type !== undefined && ![type].flat().includes(typeOf(value))) return [`${at} is ${typeOf(value)}`]
  if (Array.isArray(value)) {
    return items ? value.flatMap((item, i) => faults(items as Schema, item, `${at}[${i}]`)) : []
  }
  if (!isObject(value)) return []
  const known = properties as { readonly [key: string]: Schema }
  return [
    ...(required as string[]).filter(key => !(key in value)).map(key => `${at}.${key} is missing`),
    ...Object.entries(value).flatMap(([key, inner]) => {
      const next = known[key]
      if (next) return faults(next, inner, `${at}.${key}`)
      return schema.additionalProperties === false ? [`${at}.${key} is not in the schema`] : []
    }),
  ]
}

const ON_SKY = ['--replies', 'examples/hypervisors/sky-03.replies']
const guide = ['examples/redhat-guide/workstation.xml', 'examples/redhat-guide/server.xml']

const recorded = rootOf({ ...cpuFiles([{ core: 0 }]), 'proc/cpuinfo': 'processor : 0' })

test.each([
  ['capabilities', ['--root', recorded]],
  ['domcapabilities', ON_SKY],
  ['cpu-baseline', [...guide, '--explain']],
  ['cpu-baseline', ['examples/fleet', '--features', '--migratable']],
  ['cpu-baseline', ['examples/fleet', 'examples/fleet-amd', '--best', '--explain']],
  ['cpu-compare', [guide[0] ?? '', '--host', guide[1] ?? '', '--explain']],
  ['cpu-compare', [...guide, '--host', guide[1] ?? '']],
  ['decode', ['test/corpus/dumps', '--explain']],
  ['what-if', ['test/stories/17/fleet', '--apply', 'tsx-off']],
  ['migrate', ['test/stories/16/fleet']],
  ['drain', ['test/stories/27/fleet']],
  ['drift', ['test/stories/30/host-a.xml', 'test/stories/30/host-b.xml']],
  ['drift', ['test/stories/24/before', 'test/stories/24/after']],
  ['check', ['test/stories/20/fleet.yaml']],
  ['hypervisor-cpu-compare', ['examples/fleet/ice-01.xml', ...ON_SKY, '--explain']],
  ['hypervisor-cpu-baseline', ['--replies', 'examples/hypervisors', '--explain']],
  ['hypervisor-cpu-models', ON_SKY],
  ['models', ['examples/hypervisors']],
  ['guest', ['check', 'examples/guests/web.xml', '--replies', 'examples/hypervisors/ice-01.replies']],
  ['explain', ['examples/forty']],
  ['explain', ['examples/fleet', 'examples/fleet-amd']],
  ['pools', ['examples/forty']],
  ['pools', ['examples/fleet', 'examples/fleet-amd', '--must-have', 'avx512vbmi', '-k', '1']],
  ['advise', ['examples/forty']],
])('%s --json is as its schema says: %j', (command, args) => {
  const { stdout } = virtCpu([command, ...args, '--json'])
  expect(faults($defs[command], JSON.parse(stdout))).toEqual([])
})

test.each([
  ['what-if --effects', []],
  ['explain --cost', ['examples/forty']],
  ['explain --cost', ['examples/redhat-guide/server.xml']],
  ['explain --feature', ['examples/forty', '--feature', 'avx512f']],
  ['migrate --to', ['test/stories/44/fleet', '--guest', 'panics', '--to', 'laptop']],
])('%s --json is as its schema says', (name, args) => {
  const [command = '', option = ''] = name.split(' ')
  const given = args.includes(option) ? [] : [option]
  const { stdout } = virtCpu([command, ...args, ...given, '--json'])
  expect(faults($defs[name], JSON.parse(stdout))).toEqual([])
})

test('the check itself finds faults', () => {
  expect(faults($defs.reason, { feature: 'a', place: 1, more: true })).toEqual([
    '$.title is missing',
    '$.place is integer',
    '$.more is not in the schema',
  ])
})
