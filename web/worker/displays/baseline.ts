import type { Cpu } from '../../../src/core/cpu.ts'
import { count } from '../../../src/core/text.ts'
import { baselineOf } from '../../../src/fleet/groups.ts'
import { levelOf } from '../../../src/map/levels.ts'
import type { Pool } from '../../../src/questions/baseline/pool.ts'
import { baselineAnswer } from '../../../src/questions/baseline/pool.ts'
import { runnersUpOf } from '../../../src/questions/explain/compute.ts'
import { poolCpuOf } from '../../../src/questions/pools/choice.ts'
import { describeModel, describeNote } from '../../../src/questions/words/describe.ts'
import { byHosts } from '../../../src/questions/words/note.ts'
import type { BaselineDisplay, ModelRow } from '../../shared/displays.ts'
import type { BaselineOptions, HostScope } from '../../shared/protocol.ts'
import type { Analysis } from '../analysis.ts'
import { messageOf } from '../documents.ts'
import { PRINTERS } from '../printers.ts'
import { countHosts } from './words.ts'

/** The guest CPU of a pool, as `cpu-baseline` computes it. */
export function displayBaseline(
  analysis: Analysis,
  scope: HostScope,
  options: BaselineOptions,
): BaselineDisplay {
  const pool = analysis.baseline(scope, options.best)
  const request = { ...options, onModel: options.onModel || undefined }
  try {
    const shown = displayCpu(analysis, pool, request)
    const lost = byHosts(pool.lost()).map(({ hosts, features }) => ({
      hosts,
      features: features.map(({ class: kind = 'unknown', ...feature }) => ({ ...feature, class: kind })),
    }))
    return { ...shown, lost, ...displayGuests(analysis, scope) }
  } catch (error) {
    return {
      title: 'These hosts have no baseline of libvirt’s',
      error: messageOf(error),
      ...(pool.culprit === undefined ? {} : { culprit: pool.culprit }),
      notes: [],
      // libvirt stopped at the culprit: what the others lose was not computed.
      lost: [],
      ...displayGuests(analysis, scope),
    }
  }
}

/** @throws LibvirtError where libvirt reports an error */
function displayCpu(
  { view: { db, levels } }: Analysis,
  pool: Pool,
  request: Parameters<Pool['result']>[0],
): Pick<BaselineDisplay, 'title' | 'cpu' | 'notes'> {
  const cpu = pool.result(request)
  const { features, model } = baselineAnswer(pool, cpu)
  const set = db.features.setOfNames(features)
  const level = levelOf(levels, set)?.name ?? ''
  const reasons = pool.reasons(cpu, request)
  const disabled = cpu.features.filter(({ policy }) => policy === 'disable').length
  const without = disabled > 0 ? `, without ${disabled} of its features` : ''
  return {
    title: `${count(reasons.hostCount, 'host')} can run ${model}${level && ` at ${level}`}${without}`,
    cpu: {
      model,
      why: describeModel(reasons),
      written: printFormats(cpu, pool.result({ ...request, expand: false })),
      features: features.length,
      level,
    },
    notes: pool.notes(request).map(describeNote),
  }
}

/** @param plain without the model's features */
const printFormats = (cpu: Cpu, plain: Cpu) =>
  PRINTERS.map(({ title, omitsModelFeatures, print }) => ({
    name: title,
    text: print(omitsModelFeatures ? plain : cpu).text,
  }))

/** The definition for what the hosts' guests can be given, and the models that would do too, as `explain` answers. */
function displayGuests(
  analysis: Analysis,
  scope: HostScope,
): Pick<BaselineDisplay, 'guests' | 'models'> & { readonly title?: string } {
  const { view } = analysis
  const groups = analysis.in(scope)
  const models = listModels(analysis, scope)
  const [pool, ...others] = view.pools
  const label = scope ?? (others.length === 0 ? pool?.label : undefined)
  const cpu = groups.length > 0 ? poolCpuOf(view, groups, undefined, label) : undefined
  if (!cpu?.definition) return { models }
  const { model, xml, qemu, added, disabled, needs } = cpu.definition
  const level = analysis.level(cpu.kept ? cpu.features : baselineOf(groups))
  const without = disabled.length > 0 ? `, without ${disabled.length} of its features` : ''
  const hosts = countHosts(groups)
  return {
    title: `Guests of ${count(hosts, 'host')} can have ${model}${level && ` at ${level}`}${without}`,
    models,
    guests: {
      how: `${count(added.length, 'feature')} added, ${disabled.length} disabled; since QEMU ${needs.qemu} and libvirt ${needs.libvirt}`,
      written: [
        { name: 'For libvirt', text: xml },
        { name: 'For QEMU', text: `-cpu ${qemu}\n` },
      ],
    },
  }
}

/** Lists the models for what the hosts' guests can be given, as `explain` does, best first. */
export function listModels(analysis: Analysis, scope: HostScope): ModelRow[] {
  const { view } = analysis
  const groups = analysis.in(scope)
  if (groups.length === 0) return []
  const cpu = poolCpuOf(view, groups)
  const { definition } = cpu
  const best = definition && { ...definition, added: definition.added.length, why: 'the shortest definition' }
  return [...(best ? [best] : []), ...runnersUpOf(cpu)].map(({ model, why, added, disabled, needs }) => ({
    model,
    why,
    added,
    disabled: disabled.length,
    needs: `since QEMU ${needs.qemu} and libvirt ${needs.libvirt}`,
  }))
}
