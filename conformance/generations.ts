import { machineOf, zCpuOf } from '../src/arch/s390x/generation.ts'
import { type GenerationLevel, isNewer } from '../src/arch/s390x/machines.ts'
import { generations } from '../src/arch/s390x/models.ts'
import type { Cpu } from '../src/core/cpu.ts'
import type { FeatureSet } from '../src/core/feature-set.ts'
import type { JsonObject } from '../src/formats/json/json-value.ts'
import { parseConversation } from '../src/qemu/qmp/conversation.ts'
import type { Exchange } from '../src/qemu/qmp/exchange.ts'
import type { DataFolder } from './data.ts'
import { Family } from './report.ts'

/** Models of QEMU's that are no machine: what the accelerator, or the version, makes of them. */
const NO_MACHINE = ['host', 'max', 'qemu']

interface Definition {
  readonly name: string
  readonly 'unavailable-features': readonly string[]
}
interface Model {
  readonly name: string
  readonly props: Readonly<Record<string, boolean>>
}

/** What recorded QEMUs of s390x say their hosts cannot give each model, and what our data makes of it. */
export function generationsFamily(data: DataFolder): Family {
  const family = new Family('s390x generations, recorded QEMUs')
  for (const file of data.names().filter(name => name.endsWith('_s390x.replies'))) {
    for (const [i, run] of parseConversation(data.text(file)).runs.entries()) {
      const where = `${file} run ${i + 1}`
      const own = replyOf<{ model: Model }>(run, 'query-cpu-model-expansion', 'static')?.model
      const definitions = replyOf<readonly Definition[]>(run, 'query-cpu-definitions')
      if (!own || !definitions) continue
      const host = hostOf(own)
      for (const { name, 'unavailable-features': lacks } of definitions) {
        if (NO_MACHINE.includes(name)) family.skip()
        else family.check(`${where} ${name}`, sorted(blockers(name, host)), sorted(lacks))
      }
      const full = replyOf<{ model: Model }>(run, 'query-cpu-model-expansion', 'full')?.model
      const has = full && Object.keys(full.props).filter(name => full.props[name])
      // The recording of 9.1.0 has the static answer to this question too.
      if (has && has.length === Object.keys(own.props).length) family.skip()
      else if (has) family.check(`${where} full`, sorted(names(host.features)), sorted(has))
    }
  }
  return family
}

const names = (set: FeatureSet): string[] =>
  generations()
    .db.features.in(set)
    .map(({ name }) => name)

const sorted = (list: readonly string[]): string => [...list].sort().join(' ')

interface Host {
  readonly machine: GenerationLevel
  readonly features: FeatureSet
}

function hostOf({ name, props }: Model): Host {
  const features = Object.keys(props).map(
    key => ({ name: key, policy: props[key] ? 'require' : 'disable' }) as const,
  )
  const cpu: Cpu = { type: 'guest', mode: 'custom', model: name, features }
  return zCpuOf(cpu)
}

/** What a model has and the host has not; `type` where the machine is too new for it. */
function blockers(name: string, host: Host): string[] {
  const machine = machineOf(name)
  const model = generations().db.model(name)
  if (!machine || !model) return [`${name} is unknown`]
  const newer = isNewer(machine, host.machine) ? ['type'] : []
  return [...names(model.features.minus(host.features)), ...newer]
}

function replyOf<T>(run: readonly Exchange[], execute: string, type?: string): T | undefined {
  const found = run.find(
    ({ command }) =>
      command.execute === execute && (type === undefined || (command.arguments as JsonObject)?.type === type),
  )
  return (found?.reply as { return?: T } | undefined)?.return
}
