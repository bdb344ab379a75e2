import type { Cpu } from '../../../src/core/cpu.ts'
import { count } from '../../../src/core/text.ts'
import { findOfferedByHypervisor } from '../../../src/fleet/offered.ts'
import { printCpu } from '../../../src/formats/libvirt/print-cpu.ts'
import { levelOf } from '../../../src/map/levels.ts'
import { printQemuCpu } from '../../../src/qemu/cpu-argument.ts'
import { baselineAnswer } from '../../../src/questions/baseline/compute.ts'
import type { Pool } from '../../../src/questions/baseline/pool.ts'
import { describeModels } from '../../../src/questions/explain/models.ts'
import { describeModel, describeNote } from '../../../src/questions/words/describe.ts'
import { byHosts } from '../../../src/questions/words/reason.ts'
import type { BaselineAnswer, ModelAnswer } from '../../shared/answers.ts'
import type { BaselineOptions, Scope } from '../../shared/protocol.ts'
import type { Analysis } from '../analysis.ts'
import { messageOf } from '../document.ts'

/** The guest CPU of a pool: what `cpu-baseline` answers, from the same fold. */
export function baselineView(analysis: Analysis, scope: Scope, options: BaselineOptions): BaselineAnswer {
  const pool = analysis.baseline(scope, options.best)
  const asked = { ...options, onModel: options.onModel || undefined }
  const lost = byHosts(pool.lost()).map(({ hosts, features }) => ({
    hosts,
    features: features.map(({ class: kind = 'unknown', ...feature }) => ({ ...feature, class: kind })),
  }))
  try {
    return { ...answered(analysis, pool, asked), lost, models: modelsOf(analysis, scope) }
  } catch (error) {
    return {
      title: 'These hosts have no baseline',
      error: messageOf(error),
      ...(pool.culprit === undefined ? {} : { culprit: pool.culprit }),
      notes: [],
      lost,
      models: [],
    }
  }
}

/** @throws LibvirtError where libvirt has no answer */
function answered(
  { view: { db, levels } }: Analysis,
  pool: Pool,
  asked: Parameters<Pool['result']>[0],
): Pick<BaselineAnswer, 'title' | 'cpu' | 'notes'> {
  const cpu = pool.result(asked)
  const { features, model } = baselineAnswer(pool, cpu)
  const set = db.features.setOf(features.flatMap(name => db.features.get(name) ?? []))
  const level = levelOf(levels, set)?.name ?? ''
  const reasons = pool.reasons(cpu, asked)
  return {
    title: `${count(reasons.hosts, 'host')} can run ${model}${level && ` at ${level}`}`,
    cpu: {
      model,
      why: describeModel(reasons),
      written: written(cpu, pool.result({ ...asked, expand: false })),
      features: features.length,
      level,
    },
    notes: pool.notes(asked).map(describeNote),
  }
}

/** @param plain without the model's features, which a command line does not repeat */
const written = (cpu: Cpu, plain: Cpu) => [
  { name: 'libvirt XML', text: printCpu(cpu) },
  { name: 'QEMU -cpu', text: `-cpu ${printQemuCpu(plain)}\n` },
]

/** The models for what the hosts' guests may be given, as `explain` has them, the best first. */
export function modelsOf(analysis: Analysis, scope: Scope): ModelAnswer[] {
  const { view } = analysis
  const groups = analysis.in(scope)
  if (groups.length === 0) return []
  const { expression, runnersUp } = describeModels(view, groups, findOfferedByHypervisor(view.db, groups))
  const best = expression && { ...expression, added: expression.added.length, why: 'the shortest definition' }
  return [...(best ? [best] : []), ...runnersUp].map(({ model, why, added, disabled, needs }) => ({
    model,
    why,
    added,
    disabled: disabled.length,
    needs: `since QEMU ${needs.qemu} and libvirt ${needs.libvirt}`,
  }))
}
