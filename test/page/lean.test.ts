import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Graph, layout } from '@dagrejs/dagre'
import { build } from 'esbuild'
import { constructFromEvents, parseEvents, type YAMLException } from 'js-yaml'
import { expect, test } from 'vitest'
import { dataAlone, withoutExcerpts, withPureValues, withUsedMembers } from '../../scripts/page-lean.mjs'
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
  expect(pack(db)).toEqual(pack(builtin()))
  const told = ({ features, families }: typeof db) => [
    features.list.map(({ name, title, class: of, order }) => [name, title, of, order]),
    families.map(({ name, note }) => [name, note]),
  ]
  expect(told(db)).toEqual(told(builtin()))
})

/** A library as the page has it: cut down, and then bundled for what is imported of it. */
async function leanOf(contents: string, lean: (text: string) => string) {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: import.meta.dirname },
    bundle: true,
    format: 'esm',
    minify: true,
    write: false,
    plugins: [
      {
        name: 'lean',
        setup: ({ onLoad }) =>
          onLoad({ filter: /\.m?js$/ }, ({ path }) => ({ contents: lean(readFileSync(path, 'utf8')) })),
      },
    ],
  })
  return {
    module: await import(`data:text/javascript,${encodeURIComponent(outputFiles[0]?.text ?? '')}`),
    size: outputFiles[0]?.text.length ?? 0,
  }
}

test('the page’s libraries do what the whole ones do', async () => {
  const events = "export { constructFromEvents, parseEvents } from 'js-yaml'"
  const yaml = await leanOf(events, text => withPureValues(withoutExcerpts(text)))
  const text = 'a: &x {b: [1, 0x10, 2.5, null, ~, true, "q\\n", \'s\']}\nc: *x\nd: |\n  <cpu>\n   x\n'
  const read = (by: {
    readonly constructFromEvents: typeof constructFromEvents
    readonly parseEvents: typeof parseEvents
  }) => by.constructFromEvents(by.parseEvents(text, {}), { source: text })
  expect(read(yaml.module)).toEqual(read({ constructFromEvents, parseEvents }))
  const faultOf = (by: { readonly parseEvents: typeof parseEvents }) => {
    try {
      return by.parseEvents('a: [1\nb: }', {})
    } catch (error) {
      const { reason, mark } = error as YAMLException
      return [reason, mark?.position]
    }
  }
  expect(faultOf(yaml.module)).toEqual(faultOf({ parseEvents }))
  const dagre = await leanOf("export { Graph, layout } from '@dagrejs/dagre'", withUsedMembers)
  const place = (by: { readonly Graph: typeof Graph; readonly layout: typeof layout }) => {
    const graph = new by.Graph({ compound: true })
    graph.setGraph({ rankdir: 'LR' })
    graph.setDefaultEdgeLabel(() => ({}))
    graph.setNode('area', {})
    for (const name of ['a', 'b', 'c', 'd']) graph.setNode(name, { width: 50, height: 20 })
    graph.setParent('b', 'area')
    for (const [from, to] of ['ab', 'bc', 'cd', 'ad', 'ca']) graph.setEdge(from ?? '', to ?? '')
    by.layout(graph)
    return [
      graph.nodes().map((name: string) => graph.node(name)),
      graph.edges().map((edge: { v: string; w: string }) => graph.edge(edge)),
    ]
  }
  expect(place(dagre.module)).toEqual(place({ Graph, layout }))
  expect([yaml.size < 36_000, dagre.size < 43_000]).toEqual([true, true])
})
