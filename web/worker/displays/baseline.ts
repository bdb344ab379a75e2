import type { FleetCpus } from '../../../src/arch/driver.ts'
import { count } from '../../../src/core/text.ts'
import { baselineOf, countHosts } from '../../../src/fleet/groups.ts'
import type { WriteOptions } from '../../../src/formats/write.ts'
import { levelOf } from '../../../src/map/levels.ts'
import { type WrittenParts, writtenOrWhy } from '../../../src/questions/answer-parts.ts'
import type { Pool } from '../../../src/questions/baseline/pool.ts'
import { baselineAnswer } from '../../../src/questions/baseline/pool.ts'
import { runnersUpOf } from '../../../src/questions/explain/compute.ts'
import { type PoolCpu, poolCpuOf, writePoolDefinition } from '../../../src/questions/pools/choice.ts'
import { describeModel, describeNotExpressed, describeNote } from '../../../src/questions/words/describe.ts'
import { byHosts } from '../../../src/questions/words/note.ts'
import type { BaselineDisplay, ModelRow, WrittenCpu } from '../../shared/displays.ts'
import type { BaselineOptions, HostScope } from '../../shared/protocol.ts'
import type { Analysis } from '../analysis.ts'
import { messageOf } from '../documents.ts'
import { PRINTERS } from '../printers.ts'

/** The guest CPU of a pool, as `cpu-baseline` computes it. */
export function displayBaseline(
  analysis: Analysis,
  scope: HostScope,
  options: BaselineOptions,
): BaselineDisplay {
  const pool = analysis.baseline(scope, options.best)
  const { qemu: version, onModel, ...rest } = options
  const versions = versionsOfQemu(analysis)
  const qemu = version && versions.includes(version) ? version : versions[0]
  const request = { ...rest, onModel: onModel || undefined }
  const guests = () => displayGuests(analysis, scope, qemu)
  try {
    const shown = displayCpu(analysis, pool, request, qemu)
    return { versions, ...shown, ...displayLost(analysis, pool), ...guests() }
  } catch (error) {
    return {
      versions,
      title: 'These hosts have no baseline of libvirt’s',
      error: messageOf(error),
      ...(pool.culprit === undefined ? {} : { culprit: pool.culprit }),
      notes: [],
      ...guests(),
    }
  }
}

/** Of which versions of QEMU it is known what they know, the newest first; none where they do not differ. */
const versionsOfQemu = ({ view: { releases } }: Analysis): readonly string[] =>
  releases?.lookedAt('qemu').toReversed() ?? []

/** Of architectures whose baseline is not computed by features, nothing is known of losses. */
function displayLost(analysis: Analysis, pool: Pool): Pick<BaselineDisplay, 'lost'> {
  if (analysis.view.context.cpus.caveat !== undefined) return {}
  const lost = byHosts(pool.lost()).map(({ hosts, features }) => ({
    hosts,
    features: analysis.joinTwins(
      features.map(({ class: kind = 'unknown', ...feature }) => ({ ...feature, class: kind })),
    ),
  }))
  return { lost }
}

/** @throws LibvirtError where libvirt reports an error */
function displayCpu(
  { view: { db, levels, context } }: Analysis,
  pool: Pool,
  request: Parameters<Pool['result']>[0],
  qemu: string | undefined,
): Pick<BaselineDisplay, 'title' | 'cpu' | 'notes'> {
  const cpu = pool.result(request)
  const { features, model } = baselineAnswer(pool, cpu)
  const set = db.features.setOfNames(features)
  const level = levelOf(levels, set)?.name ?? ''
  const reasons = pool.reasons(cpu, request)
  const disabled = cpu.features.filter(({ policy }) => policy === 'disable').length
  const hosts = count(reasons.hostCount, 'host')
  return {
    title:
      context.cpus.caveat === undefined
        ? `${hosts} can run ${describeCpu(model, level, disabled)}`
        : `libvirt’s baseline of ${hosts} is ${model}`,
    cpu: {
      model,
      why: [
        describeModel(reasons),
        ...sayNeeds(context.cpus, [model, ...cpu.features.map(({ name }) => name)]),
      ].join('; '),
      written: writeAll(qemu, ['libvirt XML', `${nameOf(qemu)} -cpu`], options =>
        writtenOrWhy(options, plain => pool.result({ ...request, ...plain })),
      ),
      features: features.length,
      level,
    },
    notes: pool.notes(request).map(describeNote),
  }
}

/** Which versions know what a definition names; empty: nobody looked at them. */
function sayNeeds({ releases }: FleetCpus, names: readonly string[]): string[] {
  const needs = releases?.().needed(names)
  return needs ? [`since QEMU ${needs.qemu} and libvirt ${needs.libvirt}`] : []
}

/** A definition by each of the page's writers, as the box shows it where it is copied. */
const writeAll = (
  qemu: string | undefined,
  names: readonly string[],
  write: (options: WriteOptions) => WrittenParts,
): WrittenCpu[] =>
  PRINTERS.map(({ name: format, title }, i) => {
    const { written: text = '', notExpressed = [] } = write({ format, qemu })
    return { name: names[i] ?? title, text, unsaid: notExpressed.map(describeNotExpressed) }
  })

const nameOf = (qemu = ''): string => `QEMU ${qemu}`.trim()

/** `EPYC-Rome at x86-64-v3, without 2 of its features` */
const describeCpu = (model: string, level: string, disabled: number): string =>
  `${model}${level && ` at ${level}`}${disabled > 0 ? `, without ${disabled} of its features` : ''}`

/** What guests of the hosts are given; undefined: there are no hosts. */
export function cpuOf(analysis: Analysis, scope: HostScope): PoolCpu | undefined {
  const { view } = analysis
  const groups = analysis.in(scope)
  const [pool, ...others] = view.pools
  const label = scope ?? (others.length === 0 ? pool?.label : undefined)
  return groups.length > 0 ? poolCpuOf(view, groups, undefined, label) : undefined
}

/** The definition for what the hosts' guests can be given, and the models that would do too, as `explain` answers. */
function displayGuests(
  analysis: Analysis,
  scope: HostScope,
  qemu: string | undefined,
): Pick<BaselineDisplay, 'guests' | 'models'> & { readonly title?: string } {
  const groups = analysis.in(scope)
  const cpu = cpuOf(analysis, scope)
  // A kept CPU has no runners-up: the models are for what the hosts could give.
  const models = cpu?.kept ? listModels(analysis, scope) : modelsOf(cpu)
  if (!cpu?.definition) return { models }
  const { definition } = cpu
  const { model, added, disabled, leastVersions: needs } = definition
  const level = analysis.level(cpu.kept ? cpu.features : baselineOf(groups))
  return {
    title: `Guests of ${count(countHosts(groups), 'host')} can have ${describeCpu(model, level, disabled.length)}`,
    models,
    guests: {
      how: `${count(added.length, 'feature')} added, ${disabled.length} disabled; since QEMU ${needs.qemu} and libvirt ${needs.libvirt}`,
      written: writeAll(qemu, ['For libvirt', `For ${nameOf(qemu)}`], options =>
        writePoolDefinition(analysis.view.context, definition, options),
      ),
    },
  }
}

/** Lists the models for what the hosts' guests can be given, as `explain` does, best first. */
export function listModels(analysis: Analysis, scope: HostScope): ModelRow[] {
  const { view } = analysis
  const groups = analysis.in(scope)
  return modelsOf(groups.length > 0 ? poolCpuOf(view, groups) : undefined)
}

function modelsOf(cpu: PoolCpu | undefined): ModelRow[] {
  if (!cpu) return []
  const { definition } = cpu
  const best = definition && {
    ...definition,
    addedCount: definition.added.length,
    why: 'the shortest definition',
  }
  return [...(best ? [best] : []), ...runnersUpOf(cpu)].map(
    ({ model, why, addedCount: added, disabled, leastVersions: needs }) => ({
      model,
      why,
      added,
      disabled: disabled.length,
      needs: `since QEMU ${needs.qemu} and libvirt ${needs.libvirt}`,
    }),
  )
}
