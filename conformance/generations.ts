import { requireDriver } from '../src/arch/registry.ts'
import type { Cpu } from '../src/core/cpu.ts'
import type { JsonObject } from '../src/formats/json/json.ts'
import { CpuMap } from '../src/map/cpu-map.ts'
import { parseRecording } from '../src/qemu/qmp/conversation.ts'
import type { QmpExchange } from '../src/qemu/qmp/reply.ts'
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
    for (const [i, run] of parseRecording(data.text(file)).runs.entries()) {
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
      else if (has) family.check(`${where} full`, sorted(featuresOf(host)), sorted(has))
    }
  }
  return family
}

/** By our own models: libvirt has none of s390x. */
const { view, overlooked } = requireDriver(CpuMap.builtIn(), 's390x')

/** Everything that a CPU has. */
const featuresOf = (cpu: Cpu): string[] => view?.table.in(view.of(cpu)).map(({ name }) => name) ?? []

const sorted = (list: readonly string[]): string => [...list].sort().join(' ')

function hostOf({ name, props }: Model): Cpu {
  const features = Object.keys(props).map(
    key => ({ name: key, policy: props[key] ? 'require' : 'disable' }) as const,
  )
  return { type: 'guest', mode: 'custom', model: name, features }
}

/** What a model has and the host has not; `type` where the machine is too new for it. */
function blockers(model: string, host: Cpu): string[] {
  const found = overlooked?.(host, { type: 'guest', mode: 'custom', model, features: [] })
  if (!found) return [`${model} is unknown`]
  return [...found.missing.map(({ name }) => name), ...(found.newer ? ['type'] : [])]
}

function replyOf<T>(run: readonly QmpExchange[], execute: string, type?: string): T | undefined {
  const found = run.find(
    ({ command }) =>
      command.execute === execute && (type === undefined || (command.arguments as JsonObject)?.type === type),
  )
  return (found?.reply as { return?: T } | undefined)?.return
}
