import { expandModel, hasFeature, translate } from '../src/arch/operations.ts'
import { requireDecoder, requireDriver } from '../src/arch/registry.ts'
import { hex } from '../src/core/bits.ts'
import type { Cpu } from '../src/core/cpu.ts'
import type { Cpuid } from '../src/core/cpuid.ts'
import { type Signature, signatureWord } from '../src/core/model.ts'
import { parseCpudata } from '../src/formats/libvirt/cpudata.ts'
import { parseCpu } from '../src/formats/libvirt/parse-cpu.ts'
import { printCpu } from '../src/formats/libvirt/print-cpu.ts'
import { decodeProperties, listAllowedModels } from '../src/qemu/allowance.ts'
import { parseQemuCapabilities } from '../src/qemu/qmp/read-capabilities.ts'
import { Pool } from '../src/questions/baseline/pool.ts'
import type { Context } from '../src/questions/context.ts'
import { decodeBits } from '../src/questions/decode/compute.ts'
import { answerStart, answerUpdate, answerUpdateLive } from '../src/questions/definition/question.ts'
import { children } from '../src/xml/element.ts'
import { parseXml } from '../src/xml/reader.ts'
import {
  BASELINE,
  COMPARE,
  CPUID_BASELINE,
  GUEST,
  HAS_FEATURE,
  MODEL_LISTS,
  UPDATE,
  WITHOUT_MODEL_LIST,
} from './cputest-cases.ts'
import { type CputestFiles, compared, cputestFiles } from './cputest-files.ts'
import type { DataFolder } from './data.ts'
import { liveDifferences } from './live.ts'
import { outcome } from './outcome.ts'
import { Family } from './report.ts'

/** libvirt's CPU unit test for x86, with the map of the same release. */
export function cputest(context: Context, data: DataFolder): Family[] {
  const test = new Cputest(context, data)
  return [
    test.compare(),
    test.update(),
    test.guest(),
    test.baseline(),
    test.hasFeature(),
    ...test.cpuid(),
    test.cpuidBaseline(),
  ]
}

class Cputest {
  readonly #context: Context
  readonly #data: DataFolder
  readonly #text: CputestFiles['text']
  readonly #load: CputestFiles['load']
  readonly #ifThere: CputestFiles['ifThere']

  constructor(context: Context, data: DataFolder) {
    this.#context = context
    this.#data = data
    const { text, load, ifThere } = cputestFiles(data, 'x86_64')
    this.#text = text
    this.#load = load
    this.#ifThere = ifThere
  }

  compare(): Family {
    const family = new Family('cputest compare')
    for (const [host, cases] of Object.entries(COMPARE)) {
      for (const [cpu = '', expected = ''] of cases.split(' ').map(word => word.split('='))) {
        this.#ifThere(family, [host, cpu], () => {
          family.check(`${host} ${cpu}`, this.#compare(this.#load(host), this.#load(cpu)), expected)
        })
      }
    }
    return family
  }

  update(): Family {
    const family = new Family('cputest update')
    for (const [host, guest, expected] of UPDATE) {
      const result = `${host}+${guest}`
      this.#ifThere(family, [host, guest, result], () => {
        const updated = answerUpdate(this.#context, this.#load(host), this.#load(guest))
        family.check(result, printCpu(updated), this.#text(result))
        if (expected)
          family.check(`${result} compared`, this.#compare(this.#load(host), this.#load(result)), expected)
      })
    }
    return family
  }

  guest(): Family {
    const family = new Family('cputest guest')
    for (const [host, guest, list, ok] of GUEST) {
      const result = `${host}+${guest}${list ? `,${list}` : ''}-result`
      this.#ifThere(family, ok ? [host, guest, result] : [host, guest], () => {
        const names = MODEL_LISTS[list]
        const models = names && new Map(names.map(name => [name, []]))
        const actual = outcome(() => {
          const { cpu, message } = answerStart(this.#context, this.#load(host), this.#load(guest), models)
          return cpu ? printCpu(cpu) : (message ?? '')
        })
        if (ok) family.check(result, actual, this.#text(result))
        else family.check(result, String(actual.startsWith('<')), 'false')
      })
    }
    return family
  }

  baseline(): Family {
    const family = new Family('cputest baseline')
    for (const [name, flag] of BASELINE) {
      const result = `baseline-${name}-${flag}`
      this.#ifThere(family, flag === 'fail' ? [`baseline-${name}`] : [`baseline-${name}`, result], () => {
        const root = parseXml(this.#text(`baseline-${name}`))
        const cpus = children(root, 'cpu').map(element => parseCpu(element, 'host'))
        const flags = { expand: flag === 'expanded', migratable: flag === 'migratable' }
        if (flag === 'fail') family.check(result, String(this.#pool(cpus, flags).startsWith('<')), 'false')
        else this.#checkBaseline(family, result, cpus, flags)
      })
    }
    return family
  }

  hasFeature(): Family {
    const family = new Family('cputest has-feature')
    for (const [name, expected] of Object.entries(HAS_FEATURE)) {
      this.#ifThere(family, ['host'], () => {
        const cpu = this.#load('host')
        const answer = outcome(() => (hasFeature(this.#context.map, 'x86_64', cpu, name) ? 'yes' : 'no'))
        family.check(name, answer.includes('unknown') ? 'unknown' : answer, expected)
      })
    }
    return family
  }

  cpuid(): Family[] {
    const families = {
      host: new Family('cputest cpuid host'),
      guest: new Family('cputest cpuid guest'),
      signature: new Family('cputest cpuid signature'),
      json: new Family('cputest cpuid json'),
      jsonSignature: new Family('cputest cpuid json signature'),
      live: new Family('cputest cpuid live'),
    }
    for (const name of this.#cpuNames()) {
      const replies = this.#replies(name)
      const blockers = replies?.models && Object.fromEntries(replies.models)
      const decoded = (data: Parameters<typeof decodeBits>[1], as: 'host' | 'guest') =>
        printCpu(decodeBits(this.#context, data, { as, ...(as === 'guest' ? { blockers } : {}) }))
      const data = requireDecoder(this.#context.map).read(this.#cpudata(name))
      const cases = [
        [families.host, `${name}-host`, () => decoded(data, 'host')],
        [families.guest, `${name}-guest`, () => decoded(data, 'guest')],
        ...(replies ? [[families.json, `${name}-json`, () => decoded(replies.data, 'guest')] as const] : []),
      ] as const
      for (const [family, file, answer] of cases) {
        this.#ifThere(family, [`cpuid-${file}`], () =>
          family.check(file, outcome(answer), this.#text(`cpuid-${file}`)),
        )
      }
      this.#signature(families.signature, name, data.signature)
      if (replies) this.#signature(families.jsonSignature, name, replies.data.signature)
      if (replies) this.#live(families.live, name, replies.models)
    }
    return Object.values(families)
  }

  cpuidBaseline(): Family {
    const family = new Family('cputest cpuid baseline')
    for (const [label, [a, b]] of Object.entries(CPUID_BASELINE)) {
      const result = `cpuid-baseline-${label}`
      this.#ifThere(family, [`cpuid-${a}-json`, `cpuid-${b}-json`, result], () => {
        const cpus = [this.#load(`cpuid-${a}-json`), this.#load(`cpuid-${b}-json`)]
        this.#checkBaseline(family, result, cpus, {})
      })
    }
    return family
  }

  #checkBaseline(family: Family, result: string, cpus: readonly Cpu[], flags: object): void {
    family.check(result, this.#pool(cpus, flags), this.#text(result))
    const made = this.#load(result)
    const bad = cpus.filter(cpu => !['identical', 'superset'].includes(this.#compare(cpu, made)))
    family.check(`${result}: inputs against the result`, `${bad.length} incompatible`, '0 incompatible')
  }

  #pool(cpus: readonly Cpu[], flags: object): string {
    return outcome(() => {
      const pool = new Pool(this.#context.map, { raw: true })
      for (const [i, cpu] of cpus.entries()) pool.add(cpu, String(i))
      return printCpu(pool.result(flags))
    })
  }

  #compare(host: Cpu, cpu: Cpu): string {
    return compared(() => requireDriver(this.#context.map, 'x86_64').compare(host, cpu).result)
  }

  #signature(family: Family, name: string, signature: Signature | undefined): void {
    const file = `x86_64-cpuid-${name}.sig`
    if (!this.#data.has(file)) {
      family.skip()
      return
    }
    const { family: f, model: m, stepping: s } = signature ?? { family: 0, model: 0, stepping: 0 }
    const line = (label: string, n: number) =>
      `${label.padEnd(9)} ${String(n).padStart(3)} (0x${hex(n, 2)})\n`
    const word = signature ? signatureWord(signature) : 0
    const actual = `${hex(word, 6)}\n${line('family:', f)}${line('model:', m)}${line('stepping:', s)}`
    family.check(name, actual, this.#data.text(file))
  }

  #live(family: Family, name: string, models: ReadonlyMap<string, readonly string[]> | undefined): void {
    const files = ['guest', 'json', 'enabled', 'disabled'].map(part => `cpuid-${name}-${part}`)
    this.#ifThere(family, files, () => {
      const wanted = this.#load(`cpuid-${name}-json`)
      const guest = this.#onModel(this.#load(`cpuid-${name}-guest`), wanted.model ?? '', models)
      const [enabled, disabled] = [this.#cpudata(`${name}-enabled`), this.#cpudata(`${name}-disabled`)]
      const actual = outcome(() => {
        const live = answerUpdateLive(this.#context, guest, enabled, disabled)
        return liveDifferences(
          expandModel(this.#context.map, 'x86_64', wanted),
          expandModel(this.#context.map, 'x86_64', live),
        ).join('\n')
      })
      family.check(name, actual, '')
    })
  }

  /** The guest on QEMU's model; where that cannot be, as it was. */
  #onModel(guest: Cpu, model: string, models: ReadonlyMap<string, readonly string[]> | undefined): Cpu {
    if (guest.type === 'host' || guest.model === model) return guest
    const allowed = new Map([[model, models?.get(model) ?? []]])
    let moved = guest
    outcome(() => {
      moved = translate(this.#context.map, 'x86_64', { ...guest, fallback: 'allow' }, allowed)
      return ''
    })
    return { ...moved, fallback: 'forbid' }
  }

  #cpuNames(): string[] {
    const known = /^x86_64-cpuid-(.+)-(?:host|guest)\.xml$/
    return [...new Set(this.#data.names().flatMap(name => known.exec(name)?.[1] ?? []))].filter(name =>
      this.#data.has(`x86_64-cpuid-${name}.xml`),
    )
  }

  #replies(name: string) {
    const file = `x86_64-cpuid-${name}.json`
    if (!this.#data.has(file)) return undefined
    const { accelerators } = parseQemuCapabilities(this.#data.text(file), file, 'x86_64')
    const { host, models } = accelerators.get('kvm') ?? {}
    return {
      data: decodeProperties(this.#context.db, host?.properties ?? new Map()),
      models: models && !WITHOUT_MODEL_LIST.has(name) ? listAllowedModels(models) : undefined,
    }
  }

  #cpudata = (name: string): Cpuid => parseCpudata(parseXml(this.#text(`cpuid-${name}`)))
}
