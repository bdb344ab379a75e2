import type { Cpu } from '../../../src/core/cpu.ts'
import { levelOf } from '../../../src/fleet/levels.ts'
import { printCpu } from '../../../src/formats/print-cpu.ts'
import { printQemuCpu } from '../../../src/formats/print-qemu-cpu.ts'
import { baselineAnswer } from '../../../src/verbs/baseline.ts'
import { Pool } from '../../../src/verbs/pool.ts'
import { byHosts } from '../../../src/verbs/reason.ts'
import { count, say, sayModel } from '../../../src/verbs/say.ts'
import type { BaselineAnswer, RunnerUp } from '../../shared/answers.ts'
import type { BaselineOptions, Scope } from '../../shared/protocol.ts'
import type { Analysis } from '../analysis.ts'
import { messageOf } from '../document.ts'

/** The guest CPU of a pool: what `cpu-baseline` answers, from the same fold. */
export function baselineView(analysis: Analysis, scope: Scope, options: BaselineOptions): BaselineAnswer {
  const pool = poolOf(analysis, scope, options.best)
  const asked = {
    expand: options.expand,
    migratable: options.migratable,
    onModel: options.onModel || undefined,
  }
  const lost = byHosts(pool.lost()).map(({ hosts, features }) => ({
    hosts,
    features: features.map(({ feature, place, title, class: kind = 'unknown' }) => ({
      name: feature,
      place,
      title,
      class: kind,
    })),
  }))
  const others = runnersUp(analysis, pool)
  try {
    const cpu = pool.result(asked)
    const { features, model } = baselineAnswer(pool, cpu)
    const { db } = analysis
    const set = db.features.setOf(features.flatMap(name => db.features.get(name) ?? []))
    const level = levelOf(analysis.levels, set)?.name ?? ''
    return {
      title: `${count(analysis.hosts.size === 0 ? 0 : pool.reasons(cpu).hosts, 'host')} can run ${model}${level && ` at ${level}`}`,
      cpu: {
        model,
        why: sayModel(pool.reasons(cpu, asked)),
        written: written(cpu, pool.result({ ...asked, expand: false })),
        features: features.length,
        level,
      },
      notes: pool.notes(asked).map(say),
      lost,
      others,
    }
  } catch (error) {
    const culprit = pool.culprit === undefined ? {} : { culprit: pool.culprit }
    return {
      title: 'These hosts have no baseline',
      error: messageOf(error),
      ...culprit,
      notes: [],
      lost,
      others: [],
    }
  }
}

/** @param plain without the model's features, which a command line does not repeat */
const written = (cpu: Cpu, plain: Cpu) => [
  { name: 'libvirt XML', text: printCpu(cpu) },
  { name: 'QEMU -cpu', text: `-cpu ${printQemuCpu(plain)}\n` },
]

/** The scope's hosts, bytewise by name: the order in which a directory is read. */
export function poolOf(analysis: Analysis, scope: Scope, best: boolean): Pool {
  const pool = new Pool(analysis.db, { explain: true, best })
  for (const { name, pool: label, found } of analysis.hosts.values()) {
    if (scope === null || label === scope) pool.add(found.cpu, analysis.short(name))
  }
  return pool
}

const MOST = 5

/** The models, beside the chosen one, on which the same bits need the shortest list. */
export function runnersUp(analysis: Analysis, pool: Pool): RunnerUp[] {
  const { db } = analysis
  let chosen: string | undefined
  try {
    chosen = pool.result().model
  } catch {
    return []
  }
  const canonical = (name: string) => db.model(name)?.canonical ?? name
  const answers = db.models.flatMap(({ name, decode }): RunnerUp[] => {
    if (!decode.guest || canonical(name) === canonical(chosen ?? '')) return []
    try {
      const cpu = pool.result({ onModel: name })
      const disabled = cpu.features.filter(({ policy }) => policy === 'disable').length
      return [{ model: name, note: noteOf(analysis, name), beyond: cpu.features.length - disabled, disabled }]
    } catch {
      return [] // of another vendor
    }
  })
  const best = answers.sort((a, b) => a.beyond + a.disabled - (b.beyond + b.disabled))
  const once = new Map(best.map(one => [canonical(one.model), one]))
  return best.filter(one => once.get(canonical(one.model)) === one).slice(0, MOST)
}

const noteOf = ({ db }: Analysis, model: string): string => {
  const family = db.families.find(({ versions }) =>
    versions.some(({ plain, versioned }) => plain?.name === model || versioned?.name === model),
  )
  return family?.note ?? ''
}
