import { Cpuid, type CpuidRow, type MsrRow } from '../src/core/cpuid.ts'
import { parseCpu } from '../src/formats/libvirt/parse-cpu.ts'
import { printCpu } from '../src/formats/libvirt/print-cpu.ts'
import { Pool } from '../src/questions/baseline/pool.ts'
import { answerCompare } from '../src/questions/compare/compute.ts'
import type { Context } from '../src/questions/context.ts'
import { answerDecode } from '../src/questions/decode/compute.ts'
import {
  answerExpand,
  answerMigratable,
  answerStart,
  answerUpdate,
} from '../src/questions/definition/question.ts'
import { parseXml } from '../src/xml/reader.ts'
import type { DataFolder } from './data.ts'
import { outcome } from './outcome.ts'
import { Family } from './report.ts'

export interface DumpRow {
  readonly name: string
  readonly leaves: readonly CpuidRow[]
  readonly msrs?: readonly MsrRow[]
  readonly expected: Readonly<Record<'host' | 'guest' | 'hostError' | 'guestError', string | undefined>>
}

interface PoolRow {
  readonly pool: number
  readonly inputs: readonly string[]
  readonly flags: readonly string[]
  readonly xml?: string
  readonly error?: string
  readonly check?: readonly string[]
}

interface PairRow {
  readonly op?: string
  readonly host: string
  readonly cpu: string
  readonly cpuKind?: 'host' | 'guest'
  readonly compare?: string
  readonly result?: string
  readonly reason?: string
  readonly xml?: string
  readonly error?: string
}

interface ExpandRow {
  readonly op: 'expand' | 'migratable'
  readonly input: string
  readonly xml: string
}

/** Files of rows that are no dumps. */
const QUESTIONS = ['pools', 'pools-modern', 'compare', 'update', 'expand']

/** Real CPUs and libvirt's answers about them, asked of one database; `label` says which. */
export function realCpus(context: Context, label: string, data: DataFolder, cputest: DataFolder): Family[] {
  const sets = data.names().flatMap(name => /^(.+)\.ndjson$/.exec(name)?.[1] ?? [])
  const dumps = new Map(
    sets
      .filter(set => !QUESTIONS.includes(set))
      .map(set => [set, data.rows<DumpRow>(`${set}.ndjson`)] as const),
  )
  const questions = new RealCpus(context, label, dumps, cputest)
  return [
    ...[...dumps].map(([set, rows]) => questions.decode(set, rows)),
    ...['pools', 'pools-modern'].map(name => questions.pools(name, data.rows(`${name}.ndjson`))),
    questions.compare(data.rows('compare.ndjson')),
    questions.update(data.rows('update.ndjson')),
    questions.expand(data.rows('expand.ndjson')),
  ]
}

class RealCpus {
  readonly #context: Context
  readonly #label: string
  readonly #answers = new Map<string, DumpRow['expected']>()
  readonly #cputest: DataFolder

  constructor(
    context: Context,
    label: string,
    dumps: ReadonlyMap<string, readonly DumpRow[]>,
    cputest: DataFolder,
  ) {
    this.#context = context
    this.#label = label
    this.#cputest = cputest
    for (const [set, rows] of dumps)
      for (const row of rows) this.#answers.set(`${set}/${row.name}`, row.expected)
  }

  decode(set: string, rows: readonly DumpRow[]): Family {
    const family = this.#family(`decode ${set}`)
    for (const { name, leaves, msrs, expected } of rows) {
      for (const as of ['host', 'guest'] as const) {
        const actual = outcome(() => answerDecode(this.#context, Cpuid.of(leaves, msrs), { as }).xml)
        family.check(`${set}/${name} ${as}`, actual, expected[as] ?? expected[`${as}Error`] ?? '')
      }
    }
    return family
  }

  pools(name: string, rows: readonly PoolRow[]): Family {
    const family = this.#family(name)
    for (const row of rows) {
      const xmls = row.inputs.map(input => this.#xml(`${input}.host`))
      if (!xmls.every(xml => xml !== undefined)) {
        family.skip()
        continue
      }
      const answer = outcome(() => this.#baseline(xmls, row.flags))
      family.check(`pool ${row.pool} ${row.flags.join(',')}`, answer, row.xml ?? row.error ?? '')
      if (row.check) family.check(`pool ${row.pool} inputs`, this.#against(xmls, answer), row.check.join(' '))
    }
    return family
  }

  compare(rows: readonly PairRow[]): Family {
    const family = this.#family('compare')
    for (const row of rows) {
      const [host, cpu] = [this.#xml(`${row.host}.host`), this.#xml(`${row.cpu}.${row.cpuKind}`)]
      if (host === undefined || cpu === undefined) {
        family.skip()
        continue
      }
      const actual = outcome(() => {
        const { result, message } = answerCompare(this.#context, this.#parse(host), this.#parse(cpu))
        return [result.toUpperCase(), message].filter(Boolean).join('\n')
      })
      family.check(
        `${row.host} ${row.cpu}.${row.cpuKind}`,
        actual,
        [row.result, row.reason].filter(Boolean).join('\n'),
      )
    }
    return family
  }

  update(rows: readonly PairRow[]): Family {
    const family = this.#family('update and start')
    for (const row of rows) {
      const [host, guest] = [this.#xml(`${row.host}.host`), this.#xml(row.cpu)]
      if (host === undefined || guest === undefined) {
        family.skip()
        continue
      }
      const actual = outcome(() =>
        row.op === 'update' ? this.#update(host, guest) : this.#start(host, guest),
      )
      const answer = row.xml ?? row.error?.replace('(no error set)', '') ?? ''
      family.check(
        `${row.op} ${row.host} ${row.cpu}`,
        actual,
        [row.compare?.replace('ERROR', ''), answer].filter(Boolean).join('\n'),
      )
    }
    return family
  }

  expand(rows: readonly ExpandRow[]): Family {
    const family = this.#family('expand and migratable')
    for (const { op, input, xml } of rows) {
      const given = this.#xml(input)
      if (given === undefined) {
        family.skip()
        continue
      }
      const verb = op === 'expand' ? answerExpand : answerMigratable
      const actual = outcome(() => printCpu(verb(this.#context, this.#parse(given))))
      family.check(`${op} ${input}`, actual, xml)
    }
    return family
  }

  #update(host: string, guest: string): string {
    return printCpu(answerUpdate(this.#context, this.#parse(host), this.#parse(guest)))
  }

  #start(host: string, guest: string): string {
    const { result, cpu } = answerStart(this.#context, this.#parse(host), this.#parse(guest))
    return [result.toUpperCase(), cpu && printCpu(cpu)].filter(Boolean).join('\n')
  }

  #baseline(xmls: readonly string[], flags: readonly string[]): string {
    const pool = new Pool(this.#context.map, { raw: !flags.includes('qemu'), libvirt: '11.3' })
    for (const [i, xml] of xmls.entries()) pool.add(parseCpu(parseXml(xml), 'host'), String(i))
    return printCpu(
      pool.result({ expand: flags.includes('expand'), migratable: flags.includes('migratable') }),
    )
  }

  #against(xmls: readonly string[], answer: string): string {
    if (!answer.startsWith('<')) return ''
    const made = this.#parse(answer)
    return xmls
      .map(xml => answerCompare(this.#context, parseCpu(parseXml(xml), 'host'), made).result.toUpperCase())
      .join(' ')
  }

  /** The recorded answer named `set/name.host` or `.guest`, or a file of the unit test. */
  #xml(name: string): string | undefined {
    if (name.startsWith('cputestdata/')) {
      const file = name.slice('cputestdata/'.length)
      return this.#cputest.has(file) ? this.#cputest.text(file) : undefined
    }
    const [, cpu = '', kind] = /^(.*)\.(host|guest)$/.exec(name) ?? []
    return this.#answers.get(cpu)?.[kind as 'host' | 'guest']
  }

  #parse = (xml: string) => parseCpu(parseXml(xml), 'auto')
  #family = (name: string) => new Family(`real-cpus ${name} (${this.#label})`)
}
