// Prints what the site's reference is made of, as JSON: node scripts/run-ts.mjs site/facts.ts
// Everything comes from the tables that the command, batch and the server are made of.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { placeOf } from '../src/core/feature.ts'
import { DIALECTS, readText } from '../src/formats/dialects.ts'
import type { Found } from '../src/formats/found.ts'
import { PRINTERS } from '../src/formats/printers.ts'
import { loadYaml } from '../src/formats/yaml.ts'
import { EXAMPLES } from '../src/http/examples.ts'
import { describeApi } from '../src/http/openapi.ts'
import { CpuMap, tree } from '../src/index.ts'
import { loadQuestions } from '../src/questions/table.ts'

/** Folders of samples, the most telling first. */
const SAMPLES = ['examples/fleet', 'examples/hypervisors', 'test/corpus/platforms', 'test/corpus/machine']
const MORE_SAMPLES = ['test/corpus/dumps', 'test/corpus/machines', 'test/corpus/xml']

interface Sample {
  readonly file: string
  readonly text: string
}

const samplesIn = (folder: string): Sample[] =>
  readdirSync(folder)
    .filter(file => file !== 'README.md')
    .map(file => ({ file: join(folder, file), text: readFileSync(join(folder, file), 'utf8') }))

/** What a text in a dialect is about: which command to show with it depends on that. */
const SUBJECTS = {
  conversation: 'hypervisor',
  guest: 'guest',
  statement: 'host',
  host: 'host',
  dump: 'host',
  registers: 'host',
  definition: 'host',
  document: 'host',
} as const satisfies Readonly<Record<Found['kind'], string>>

const subjectsOf = (text: string): readonly string[] => {
  try {
    return [...new Set(readText(text).map(({ kind }) => SUBJECTS[kind]))]
  } catch {
    return []
  }
}

const samples = [...SAMPLES, ...MORE_SAMPLES].filter(folder => existsSync(folder)).flatMap(samplesIn)

await loadYaml()
const dialects = DIALECTS.map(dialect => {
  const its = samples.filter(({ text }) => DIALECTS.find(({ sniff }) => sniff(text)) === dialect)
  const about = [...new Set(its.flatMap(({ text }) => subjectsOf(text)))]
  return { name: dialect.name, title: dialect.title, about, sample: its[0] }
})

const db = CpuMap.builtIn().of('x86')
const features = db.features.list.map(feature => ({
  name: feature.name,
  place: placeOf(feature),
  title: feature.title,
  order: feature.order,
  class: feature.class,
  names: [...new Set(db.names(feature).flatMap(({ names }) => names))].filter(word => word !== feature.name),
}))

console.log(
  JSON.stringify({
    questions: (await loadQuestions()).map(({ name, summary }) => ({ name, summary })),
    examples: EXAMPLES,
    api: await describeApi(__VERSION__, { tokens: true, inventory: true }),
    dialects,
    printers: PRINTERS.map(({ name, title }) => ({ name, title })),
    features,
    families: db.families.map(({ name }) => tree({ model: name })),
  }),
)

declare const __VERSION__: string
