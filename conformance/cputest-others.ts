import { checkGuestFeatures } from '../src/arch/operations.ts'
import type { Cpu } from '../src/core/cpu.ts'
import { parseCpu } from '../src/formats/libvirt/parse-cpu.ts'
import { printCpu } from '../src/formats/libvirt/print-cpu.ts'
import { Pool } from '../src/questions/baseline/pool.ts'
import { answerCompare } from '../src/questions/compare/compute.ts'
import type { Context } from '../src/questions/context.ts'
import { answerStart, answerUpdate } from '../src/questions/definition/question.ts'
import { children } from '../src/xml/element.ts'
import { parseXml } from '../src/xml/reader.ts'
import { type CputestFiles, compared, cputestFiles } from './cputest-files.ts'
import { PPC64 } from './cputest-ppc64.ts'
import type { DataFolder } from './data.ts'
import { outcome } from './outcome.ts'
import { Family } from './report.ts'

/** libvirt's CPU unit test for POWER and ARM, with the map of the same release. */
export function cputestOthers(context: Context, data: DataFolder): Family[] {
  const test = new Cputest(context, data)
  return [test.compare(), test.update(), test.guest(), test.baseline(), test.validate()]
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
    const { text, load, ifThere } = cputestFiles(data, 'ppc64')
    this.#text = text
    this.#load = load
    this.#ifThere = ifThere
  }

  compare(): Family {
    const family = new Family('cputest ppc64 compare')
    for (const [host, cpu, expected] of PPC64.compare) {
      this.#ifThere(family, [host, cpu], () =>
        family.check(`${host} ${cpu}`, this.#compare(this.#load(host), this.#load(cpu)), expected),
      )
    }
    return family
  }

  update(): Family {
    const family = new Family('cputest ppc64 update')
    for (const [guest, expected] of PPC64.update) {
      const result = `host+${guest}`
      this.#ifThere(family, ['host', guest, result], () => {
        const updated = answerUpdate(this.#context, this.#load('host'), this.#load(guest))
        family.check(result, printCpu(updated), this.#text(result))
        family.check(`${result} compared`, this.#compare(this.#load('host'), this.#load(result)), expected)
      })
    }
    return family
  }

  guest(): Family {
    const family = new Family('cputest ppc64 guest')
    const models = new Map(PPC64.models.map(name => [name, []]))
    for (const [guest, starts] of PPC64.guest) {
      const result = `host+${guest},ppc_models-result`
      this.#ifThere(family, starts ? ['host', guest, result] : ['host', guest], () => {
        const actual = outcome(() => {
          const { cpu } = answerStart(this.#context, this.#load('host'), this.#load(guest), models)
          return cpu ? printCpu(cpu) : 'does not start'
        })
        if (starts) family.check(result, actual, this.#text(result))
        else family.check(result, String(actual.startsWith('<')), 'false')
      })
    }
    return family
  }

  baseline(): Family {
    const family = new Family('cputest ppc64 baseline')
    for (const [name, answered] of PPC64.baseline) {
      const [inputs, result] = [`baseline-${name}`, `baseline-${name}-result`]
      this.#ifThere(family, answered ? [inputs, result] : [inputs], () => {
        const cpus = children(parseXml(this.#text(inputs)), 'cpu').map(cpu => parseCpu(cpu, 'host'))
        const actual = this.#pool(cpus)
        if (!answered) return family.check(name, String(actual.startsWith('<')), 'false')
        family.check(name, actual, this.#text(result))
        const answers = cpus.map(cpu => this.#compare(cpu, this.#load(result)))
        family.check(`${name}: inputs against the result`, [...new Set(answers)].join(), 'identical')
      })
    }
    return family
  }

  validate(): Family {
    const family = new Family('cputest aarch64 validate')
    const file = 'aarch64-guest.xml'
    if (!this.#data.has(file)) family.skip()
    else {
      const cpu = parseCpu(parseXml(this.#data.text(file)), 'auto')
      const accepted = outcome(() =>
        String(checkGuestFeatures(this.#context.map, 'aarch64', cpu) ?? 'accepted'),
      )
      family.check('guest', accepted, 'accepted')
    }
    return family
  }

  #pool(cpus: readonly Cpu[]): string {
    return outcome(() => {
      const pool = new Pool(this.#context.map)
      for (const [i, cpu] of cpus.entries()) pool.add(cpu, String(i))
      return printCpu(pool.result())
    })
  }

  #compare(host: Cpu, cpu: Cpu): string {
    return compared(() => answerCompare(this.#context, host, cpu).result)
  }
}
