import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { contextOf } from '../../src/questions/context.ts'
import { printYaml, readYaml } from '../../src/questions/input/fleet/fleet-yaml.ts'
import { readRules } from '../../src/questions/input/fleet/read-rules.ts'
import { fleetFile } from '../../src/questions/input/fleet/rules.ts'
import { runs } from '../effort.ts'

test('what is written as YAML says what it was made of', () => {
  const texts = fc.oneof(
    fc.string(),
    fc.constantFrom(
      'yes',
      '1.5',
      '0x1',
      '-',
      '.',
      '~',
      '# no',
      'a: b',
      '<cpu>\n  <model/>\n</cpu>\n',
      'x\n\ny',
      ' x\n',
    ),
    fc
      .array(fc.constantFrom('a', ' ', '\n', '\t', ':', '#', '-', '|'), { maxLength: 8 })
      .map(all => all.join('')),
  )
  const { value } = fc.letrec(tie => ({
    value: fc.oneof(
      { maxDepth: 4 },
      texts,
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(texts, tie('value'), { maxKeys: 3, noNullPrototype: true }),
    ),
  }))
  const content = fc.dictionary(
    texts.filter(key => key !== '__proto__'),
    value,
    { minKeys: 1, maxKeys: 4, noNullPrototype: true },
  )
  fc.assert(
    fc.property(content, given => {
      expect(readYaml(printYaml(given), '').content).toEqual(given)
    }),
    { numRuns: runs(300) },
  )
})

const docs = join(import.meta.dirname, '..', '..', 'docs')
const schema = JSON.parse(readFileSync(join(docs, 'schema', 'fleet.json'), 'utf8'))

type Json = { readonly [key: string]: Json }

/** Every key that a JSON schema allows, by path. */
function published({ properties = {}, items, oneOf, $ref }: Json, at = ''): string[] {
  if (typeof $ref === 'string') return published(schema.$defs[String($ref).replace('#/$defs/', '')], at)
  const inner = [items ?? [], oneOf ?? []].flat() as Json[]
  return [
    ...Object.entries(properties as Json).flatMap(([key, value]) => [
      `${at}.${key}`,
      ...published(value, `${at}.${key}`),
    ]),
    ...inner.flatMap(one => published(one, at)),
  ]
}

interface Checked {
  readonly type: string
  readonly entries?: Readonly<Record<string, Checked>>
  readonly wrapped?: Checked
  readonly item?: Checked
  readonly getter?: (value: unknown) => Checked
}

/** Every key that the checks allow. */
function checked({ type, entries = {}, wrapped, item, getter }: Checked, at = ''): string[] {
  if (type === 'record') return []
  const inner = [wrapped ?? [], item ?? [], getter?.({}) ?? []].flat()
  return [
    ...Object.entries(entries).flatMap(([key, value]) => [`${at}.${key}`, ...checked(value, `${at}.${key}`)]),
    ...inner.flatMap(one => checked(one, at)),
  ]
}

test('the published schema has the keys that are checked', () => {
  expect(published(schema).sort()).toEqual(checked(fleetFile as unknown as Checked).sort())
})

test('the example of the documentation is read', () => {
  const [, example = ''] =
    /```yaml\n(hosts:[\s\S]*?)```/.exec(readFileSync(join(docs, 'fleet-file.md'), 'utf8')) ?? []
  const { content, fault } = readYaml(example, 'fleet-file.md')
  const rules = readRules(content, fault)
  expect(rules.hosts?.length).toBe(3)
  expect(rules.policies([contextOf()])[0]?.requirements[0]?.movable).toBe(true)
})
