import { hasFeature } from '../src/arch/operations.ts'
import { requireDecoder } from '../src/arch/registry.ts'
import { signatureWord } from '../src/core/model.ts'
import { readCpudata } from '../src/formats/libvirt/cpudata.ts'
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

interface Row {
  readonly op: 'decode' | 'baseline' | 'compare' | 'update' | 'guest' | 'expand' | 'migratable' | 'feature'
  readonly data?: string
  readonly inputs?: readonly string[]
  readonly flags?: string
  readonly host?: string
  readonly cpu?: string | number
  readonly models?: string
  readonly name?: string
  readonly xml?: string
  readonly error?: string
  readonly result?: string
  readonly reason?: string
  readonly compare?: string
  readonly signature?: number
  readonly guest?: string
  readonly hostError?: string
  readonly guestError?: string
}

/** Hand-made documents, many of them bad, and libvirt's answer or error text to every operation. */
export function edge(context: Context, label: string, data: DataFolder): Family[] {
  const asker = new Edge(context, data)
  const families = new Map<string, Family>()
  for (const row of data.rows<Row>('expected.ndjson')) {
    const name = `edge ${row.op} (${label})`
    const family = families.get(name) ?? new Family(name)
    families.set(name, family)
    asker.ask(row, family)
  }
  return [...families.values()]
}

class Edge {
  readonly #context: Context
  readonly #data: DataFolder

  constructor(context: Context, data: DataFolder) {
    this.#context = context
    this.#data = data
  }

  ask(row: Row, family: Family): void {
    const expected = this.#expected(row)
    const actual = outcome(() => this.#answer(row))
    // libxml2's words for a document that is not XML are the command's business: here a clear error is enough.
    const syntax = expected.startsWith('at line ')
    family.check(this.#label(row), syntax ? String(isClear(actual)) : actual, syntax ? 'true' : expected)
  }

  #answer(row: Row): string {
    switch (row.op) {
      case 'decode':
        return this.#decode(row)
      case 'baseline':
        return this.#baseline(row)
      case 'compare': {
        const answer = answerCompare(this.#context, this.#cpu(row.host), this.#cpu(row.cpu))
        return [answer.result.toUpperCase(), answer.message].filter(Boolean).join('\n')
      }
      case 'update':
        return printCpu(answerUpdate(this.#context, this.#cpu(row.host), this.#cpu(row.cpu)))
      case 'guest':
        return this.#start(row)
      case 'expand':
        return printCpu(answerExpand(this.#context, this.#cpu(row.cpu)))
      case 'migratable':
        return printCpu(answerMigratable(this.#context, this.#cpu(row.cpu)))
      case 'feature':
        return hasFeature(this.#context.map, 'x86_64', this.#cpu(row.host), row.name ?? '') ? '1' : '0'
    }
  }

  #expected(row: Row): string {
    if (row.op === 'compare') {
      const result = row.result === 'ERROR' ? undefined : row.result
      return [result, row.reason ?? row.error].filter(Boolean).join('\n')
    }
    if (row.op === 'decode') {
      if (row.error) return row.error
      const host = typeof row.host === 'string' ? row.host : row.hostError
      return [row.signature, host, row.guest ?? row.guestError].join('\n')
    }
    if (row.op === 'feature') return row.error ?? String(row.cpu)
    const answer = row.xml ?? row.error?.replace('(no error set)', '') ?? ''
    return [row.op === 'guest' ? row.compare?.replace('ERROR', '') : undefined, answer]
      .filter(Boolean)
      .join('\n')
  }

  #decode(row: Row): string {
    const data = readCpudata(this.#data.text('data', `${row.data}.xml`))
    const { signature } = requireDecoder(this.#context.map).read(data)
    const as = (kind: 'host' | 'guest') => outcome(() => answerDecode(this.#context, data, { as: kind }).xml)
    return [signature ? signatureWord(signature) : 0, as('host'), as('guest')].join('\n')
  }

  #baseline(row: Row): string {
    const flags = row.flags?.split(',') ?? []
    const pool = new Pool(this.#context.map, { raw: !flags.includes('qemu'), libvirt: '11.3' })
    for (const name of row.inputs ?? []) pool.add(parseCpu(parseXml(this.#xml(name)), 'host'), name)
    return printCpu(
      pool.result({ expand: flags.includes('expand'), migratable: flags.includes('migratable') }),
    )
  }

  #start(row: Row): string {
    const [host, guest] = [this.#cpu(row.host), this.#cpu(row.cpu)]
    const models = row.models && new Map(row.models.split(',').map(name => [name, []]))
    const before = compareOrNothing(() => answerCompare(this.#context, host, guest).result.toUpperCase())
    const answer = outcome(() => {
      const { cpu } = answerStart(this.#context, host, guest, models || undefined)
      return cpu ? printCpu(cpu) : ''
    })
    return [before, answer].filter(Boolean).join('\n')
  }

  #xml = (name: string): string => this.#data.text('cpu', `${name}.xml`)
  #cpu = (name: string | number | undefined) => parseCpu(parseXml(this.#xml(String(name))), 'auto')
  #label = ({ op, data, inputs, flags, host, cpu, models, name }: Row): string =>
    [
      op,
      data,
      inputs?.join('+'),
      flags,
      typeof host === 'string' && host.length < 60 && host,
      cpu,
      models,
      name,
    ]
      .filter(Boolean)
      .join(' ')
}

/** An XML fault that says what it is: our words, on a line of their own. */
const isClear = (message: string): boolean => message.length > 10 && !message.startsWith('<')

function compareOrNothing(compared: () => string): string {
  try {
    return compared()
  } catch {
    return ''
  }
}
