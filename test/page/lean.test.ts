import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { dataAlone } from '../../scripts/page-lean.mjs'
import { CAUSES, parseCauses } from '../../src/map/cause-table.ts'
import { databaseTexts } from '../../src/map/cpu-map.ts'
import { type DatabaseTexts, loadDatabase } from '../../src/map/database.ts'
import { builtinKvmRules, parseKvmRules } from '../../src/map/kvm-rules.ts'
import { pack } from '../../src/map/packed.ts'
import { builtin } from '../built-in.ts'

const data = join(import.meta.dirname, '..', '..', 'data')

/** The words of a data file's lines, and the notes behind them, without sources. */
const facts = (text: string): string[] =>
  text
    .replace(/\n {4,}(?=\[)/g, ' ')
    .split('\n')
    .filter(line => line.trim() !== '' && !line.startsWith('#'))
    .map(line =>
      line
        .trimEnd()
        .replace(/ +\[[\w; .-]+\](?= *(?:#.*)?$)/, given => (/unverified/.test(given) ? ' unverified' : '')),
    )
    .map(line => (/^ */.exec(line)?.[0] ?? '') + line.trim().split(/ +/).join(' '))

test.each(readdirSync(data, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.txt')))(
  '%s says in the page what it says',
  name => {
    const text = readFileSync(join(data, name), 'utf8')
    expect(facts(dataAlone(text))).toEqual(facts(text))
  },
)

test('the page has causes as the package has them', () => {
  const parsed = (text: string) => parseCauses({ name: 'causes.txt', text })
  const text = readFileSync(join(data, 'causes.txt'), 'utf8')
  const { list } = builtin().features
  const told = (table: ReturnType<typeof parsed>) =>
    CAUSES.map(cause => [table.meaning(cause), list.map(({ name }) => table.remedy(cause, name))])
  expect(told(parsed(dataAlone(text)))).toEqual(told(parsed(text)))
})

test('the page has the rules of KVM', () => {
  const text = dataAlone(readFileSync(join(data, 'x86', 'kvm.txt'), 'utf8'))
  const plain = (all: ReturnType<typeof parseKvmRules>) =>
    all.rules.map(({ kind, features, vendors, needs, since, until }) => [
      kind,
      features,
      vendors,
      needs,
      since,
      until,
    ])
  expect(plain(parseKvmRules({ name: 'x86/kvm.txt', text }))).toEqual(plain(builtinKvmRules()))
})

test('the page has the same models and features', () => {
  const { models, ...texts } = databaseTexts('x86')
  const lean = (all: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(all).map(([name, text]) => [name, dataAlone(text)]))
  const db = loadDatabase({ ...lean(texts as Record<string, string>), models: lean(models) } as DatabaseTexts)
  expect(pack(db)).toBe(pack(builtin()))
  const told = ({ features, families }: typeof db) => [
    features.list.map(({ name, title, class: of, order }) => [name, title, of, order]),
    families.map(({ name, note }) => [name, note]),
  ]
  expect(told(db)).toEqual(told(builtin()))
})
