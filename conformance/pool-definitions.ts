import { requireDecoder } from '../src/arch/registry.ts'
import type { Cpu } from '../src/core/cpu.ts'
import { withoutVoid } from '../src/fleet/causes/finding.ts'
import { parseCpu } from '../src/formats/libvirt/parse-cpu.ts'
import { builtinKvmRules, type KvmKind } from '../src/map/kvm-rules.ts'
import { decodeProperties } from '../src/qemu/allowance.ts'
import { parseQemuCapabilities } from '../src/qemu/qmp/read-capabilities.ts'
import { adviseQuestion } from '../src/questions/advise/question.ts'
import { askQuestion } from '../src/questions/ask.ts'
import type { Context } from '../src/questions/context.ts'
import { explainQuestion } from '../src/questions/explain/question.ts'
import { guestCheckQuestion } from '../src/questions/guest-check/question.ts'
import { modelsQuestion } from '../src/questions/models/question.ts'
import type { PoolDefinition } from '../src/questions/pools/answer.ts'
import { poolsQuestion } from '../src/questions/pools/question.ts'
import { parseXml } from '../src/xml/reader.ts'
import type { DataFolder } from './data.ts'
import { readRecordings } from './kvm-offers.ts'
import type { DumpRow } from './real-cpus.ts'
import { Family } from './report.ts'

const FILES = ['instlat', 'instlat-fix', 'instlat-msr', 'instlat-fixmsr', 'libcpuid', 'libcpuid-fix']

/**
 * What `explain`, `pools` and `advise` print for hosts of which nobody asked the hypervisor names nothing that KVM gives on
 * request only, or never: alone, and with the next CPU of the same vendor.
 */
export function assumedDefinitions(context: Context, data: DataFolder): Family {
  const family = new Family('pool definitions, assumed')
  const withheld = listWithheld()
  const hosts = FILES.flatMap(file =>
    data
      .rows<DumpRow>(`${file}.ndjson`)
      .flatMap(({ name, expected: { host } }) =>
        host === undefined ? [] : [{ path: `${file}/${name}.xml`, text: host }],
      ),
  )
  const different = [...new Map(hosts.map(host => [host.text, host])).values()]
  different.forEach((host, i) => {
    const next = different[i + 1]
    for (const documents of [[host], next ? [host, next] : []]) {
      if (documents.length === 0) continue
      for (const { question, definition } of definitionsOf(context, { documents })) {
        const asked = requiredBy(context, definition).filter(name => withheld.has(name))
        family.check(`${question} ${documents.map(({ path }) => path).join(' ')}`, asked.join(' '), '')
      }
    }
  })
  return family
}

/** What `explain`, `pools` and `advise` print for a host whose QEMU was recorded starts on that QEMU with all it names. */
export function recordedDefinitions(context: Context, data: DataFolder): Family {
  const family = new Family('pool definitions, recorded')
  for (const { name, cpu, replies } of readRecordings(data)) {
    const documents = [
      { path: 'kvm-01.xml', text: cpu },
      { path: 'kvm-01.qmp.json', text: withCommands(replies) },
    ]
    for (const { question, definition } of definitionsOf(context, { documents })) {
      family.check(`${question} ${name}`, startOf(context, definition, replies), 'starts')
    }
  }
  return family
}

/**
 * `unknown` is no escape: with the hypervisor's own word at most 1 in 100 verdicts of `models` is unknown, with the CPU's
 * alone at most 1 in 10; and a `no` of the CPU alone is none that its hypervisor contradicts.
 */
export function boundOnUnknown(context: Context, data: DataFolder): Family {
  const family = new Family('verdicts that are unknown')
  const counts = { recorded: [0, 0], alone: [0, 0] }
  for (const { name, cpu, replies } of readRecordings(data)) {
    const host = { path: 'kvm-01.xml', text: cpu }
    const recorded = verdictsOf(context, [host, { path: 'kvm-01.qmp.json', text: withCommands(replies) }])
    const alone = verdictsOf(context, [host])
    for (const [kind, verdicts] of Object.entries({ recorded, alone })) {
      const count = counts[kind as keyof typeof counts]
      count[0] = (count[0] ?? 0) + [...verdicts.values()].filter(verdict => verdict === 'unknown').length
      count[1] = (count[1] ?? 0) + verdicts.size
    }
    const overturned = [...alone].filter(
      ([model, verdict]) => verdict === 'no' && recorded.get(model) === 'yes',
    )
    family.check(
      `a no that the hypervisor contradicts: ${name}`,
      overturned.map(([model]) => model).join(' '),
      '',
    )
  }
  for (const [kind, most] of [
    ['recorded', 0.01],
    ['alone', 0.1],
  ] as const) {
    const [unknown = 0, all = 0] = counts[kind]
    family.check(
      `${kind}: at most ${most * 100} %`,
      unknown <= all * most ? 'kept' : `${unknown} of ${all}`,
      'kept',
    )
  }
  return family
}

function verdictsOf(context: Context, documents: Document[]): ReadonlyMap<string, string> {
  const answer = askQuestion(context, modelsQuestion, { documents })
  return new Map('models' in answer ? answer.models.map(({ name, verdict }) => [name, verdict]) : [])
}

/** Single replies with the commands that libvirt's authors sent for them. */
function withCommands(replies: string): string {
  const [first = '', ...rest] = replies.split(/^(?=\{\s*"return")/m)
  if (!/^\{\s*"return"/.test(first)) return replies
  const host = { execute: 'query-cpu-model-expansion', arguments: { type: 'full', model: { name: 'host' } } }
  const texts = [JSON.stringify(host), first]
  for (const reply of rest) texts.push(JSON.stringify({ execute: 'query-cpu-definitions' }), reply)
  return texts.join('\n')
}

interface Document {
  path: string
  text: string
}

interface Printed {
  readonly question: string
  readonly definition: PoolDefinition
}

function definitionsOf(context: Context, input: { documents: Document[] }): Printed[] {
  const explained = askQuestion(context, explainQuestion, input)
  const planned = askQuestion(context, poolsQuestion, input)
  const advised = askQuestion(context, adviseQuestion, input)
  const all = [
    ...('feature' in explained || 'mostExpensive' in explained || 'fleets' in explained
      ? []
      : explained.pools
    ).map(({ expression }) => ['explain', expression] as const),
    ...('fleets' in planned ? [] : planned.definitions).map(definition => ['pools', definition] as const),
    ...('fleets' in advised ? [] : advised.definitions).map(definition => ['advise', definition] as const),
  ]
  return all.flatMap(([question, definition]) => (definition ? [{ question, definition }] : []))
}

/** Everything that a guest of the definition has by name, its model's features included. */
function requiredBy({ map, db }: Context, { xml }: PoolDefinition): string[] {
  return db.features.in(requireDecoder(map).featuresOf(cpuOf(xml))).map(({ name }) => name)
}

const cpuOf = (xml: string): Cpu => parseCpu(parseXml(xml), 'guest')

function startOf(context: Context, { xml }: PoolDefinition, replies: string): string {
  const domain = `<domain type='kvm'><name>g</name><memory>1</memory><os><type arch='x86_64'>hvm</type></os>${xml}</domain>`
  const { verdict, message, lost } = askQuestion(context, guestCheckQuestion, { replies, domain })
  // Some replies are of a QEMU that was not asked for its models: then its host's features have to do.
  if (message?.includes("CPU mode 'custom'")) return startWithout(context, xml, replies)
  return [verdict, message ?? '', ...lost.map(({ feature }) => feature)].filter(Boolean).join(' ')
}

function startWithout({ db, cpus, map }: Context, xml: string, replies: string): string {
  const properties = parseQemuCapabilities(replies, '', 'x86_64').accelerators.get('kvm')?.host?.properties
  const { features } = decodeProperties(db, properties ?? new Map())
  const named = withoutVoid(cpus, requireDecoder(map).featuresOf(cpuOf(xml)))
  return ['starts', ...db.features.in(named.minus(features)).map(({ name }) => name)].join(' ')
}

/** What stands in `kvm.txt` only as kept or asked. */
function listWithheld(): Set<string> {
  const { rules } = builtinKvmRules()
  const named = (wanted: readonly KvmKind[]) =>
    rules.filter(({ kind }) => wanted.includes(kind)).flatMap(({ features }) => features)
  const given = new Set(named(['given', 'passed', 'judged']))
  return new Set(named(['asked', 'kept']).filter(name => !given.has(name)))
}
