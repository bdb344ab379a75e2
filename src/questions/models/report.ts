import { bytewise, count, fewNames } from '../../core/text.ts'
import type { Report } from '../../report/report.ts'
import { reportGuestsAlone } from '../hosts/report.ts'
import type { Reporter } from '../question.ts'
import { describeQemuOnly } from '../words/cells.ts'
import { byHosts } from '../words/note.ts'
import type { BlockedModel, ModelVerdict, ModelVerdicts, UsableModels } from './answer.ts'
import { isUnopposed } from './compute.ts'

const PLAIN = { title: '' } as const

/** Adds the models that are usable everywhere, and what blocks each of the others. */
export const reportModels: Reporter<UsableModels | ModelVerdicts> = (report, answer) =>
  !('models' in answer)
    ? reportUsable(report, answer)
    : answer.guestsAlone
      ? reportGuestsAlone(report, answer.guestsAlone)
      : reportVerdicts(report, answer)

const COLUMNS = [{ title: 'model' }, { title: 'verdict' }, { title: 'level' }, { title: 'vendor' }] as const

/** One line a model; those that are only not in a hypervisor's list together. */
function reportVerdicts(report: Report, { hosts, models }: ModelVerdicts): void {
  const on = hosts.length === 1 ? hosts[0] : `all ${hosts.length} hosts`
  if (models.length === 0) {
    report.finding({ text: `guests have no named models on ${on}`, tone: 'warning' })
    return
  }
  const runs = models.filter(({ verdict }) => verdict === 'yes' || verdict === 'assumed')
  const unnamed = models.filter(isUnnamed)
  const open = models.filter(({ verdict }) => verdict === 'unknown').length
  const rest = [
    ...(open > 0 ? [`, ${open} may, which is not known`] : []),
    ...(unnamed.length > 0 ? [`, ${unnamed.length} are not in the hypervisor's list`] : []),
  ]
  const [best] = runs
  const which = best ? `; the best is ${best.name}${best.level ? `, ${best.level}` : ''}` : ''
  report.finding({
    text: `${count(runs.length, 'model')} of ${models.length} can run on ${on}${rest.join('')}${which}`,
    tone: best ? 'good' : open > 0 ? 'warning' : 'bad',
  })
  if (best) report.action(`give guests ${best.name}`, { gain: `it runs on ${on}` })
  addBetter(report, models, best, hosts.length)
  report.table(
    [...COLUMNS, { title: 'QEMU' }, { title: 'libvirt' }],
    runs.map(model => [...cellsOf(model), model.qemu, model.libvirt]),
  )
  const others = models.filter(model => !runs.includes(model) && !unnamed.includes(model))
  if (others.length > 0) report.line(`not known to run everywhere: ${count(others.length, 'model')}`)
  report.details(() =>
    report.table(
      [...COLUMNS, { title: 'what stands against it', wraps: true }],
      others.map(model => [
        ...cellsOf(model),
        [describeBlocks(model), describeUnknown(model, hosts.length)].filter(Boolean).join('; '),
      ]),
    ),
  )
  for (const [where, names] of byPlace(unnamed))
    report.line(`the hypervisor of ${where} has no ${names.sort(bytewise).join(', ')}`)
}

/** Whether nothing else speaks against the model than that a hypervisor has none of that name. */
const isUnnamed = ({ absentOn, blockers, unexplainedOn }: ModelVerdict): boolean =>
  absentOn.length > 0 && blockers.length + unexplainedOn.length === 0

/** The names of models by the hosts whose hypervisors do not have them. */
function byPlace(unnamed: readonly ModelVerdict[]): Map<string, string[]> {
  const places = new Map<string, string[]>()
  for (const { name, absentOn } of unnamed) {
    const where = fewNames(absentOn)
    places.set(where, [...(places.get(where) ?? []), name])
  }
  return places
}

/**
 * Adds which hosts keep guests from a better model: the model that fewest of them keep away. Where all do, there is
 * none to part from.
 * @param count of all hosts
 */
function addBetter(
  report: Report,
  models: readonly ModelVerdict[],
  best: ModelVerdict | undefined,
  count: number,
): void {
  const better = models.flatMap(model => {
    const hosts = [
      ...new Set([...model.blockers.flatMap(one => one.hosts), ...model.absentOn, ...model.unexplainedOn]),
    ]
    const isBetter = model.verdict === 'no' && model.worth > (best?.worth ?? 0)
    return isBetter && hosts.length > 0 && hosts.length < count ? { model, hosts } : []
  })
  const [first] = better.sort((a, b) => a.hosts.length - b.hosts.length || b.model.worth - a.model.worth)
  if (!first) return
  const { model, hosts } = first
  const reach = model.level ? `, ${model.level}` : ''
  report.action(`fix, or part from the others, ${fewNames(hosts, 2)}`, {
    gain: `guests of the others can have ${model.name}${reach}`,
  })
}

const cellsOf = ({ name, verdict, level, vendor }: ModelVerdict) => [
  name,
  { text: verdict, tone: TONES[verdict] },
  level ?? '-',
  vendor || 'any',
]

const TONES = { yes: 'good', assumed: 'good', unknown: 'warning', no: 'bad' } as const

/** `not known: avx512f (a, b)`; where there is one host, which it is goes without saying. */
const describeUnknown = ({ unknown }: ModelVerdict, hosts: number): string =>
  byHosts(unknown)
    .map(({ features, hosts: on }) => {
      const where = hosts > 1 ? ` (${fewNames(on)})` : ''
      return `not known: ${listed(features, FEW)}${where}`
    })
    .join('; ')

const listed = (features: readonly { readonly feature: string }[], most = MOST): string =>
  fewNames(
    features.map(({ feature }) => feature),
    most,
  )

function reportUsable(report: Report, answer: UsableModels): void {
  const { hosts, usable, blocked, qemuOnly = [] } = answer
  const on = hosts.length === 1 ? hosts[0] : `all ${hosts.length} hosts`
  const [open, known] = [blocked.filter(isUnopposed), blocked.filter(model => !isUnopposed(model))]
  report.finding(
    usable.length > 0
      ? { text: `${count(usable.length, 'model')} usable on ${on}, best first`, tone: 'good' }
      : { text: `no model is ${open.length > 0 ? 'known to be ' : ''}usable on ${on}`, tone: 'bad' },
  )
  if (usable[0]) report.action(`give guests ${usable[0].name}`, { gain: `it runs on ${on}` })
  report.table(
    [PLAIN, PLAIN],
    usable.map(({ name, vendor }) => [name, vendor || 'any vendor']),
  )
  for (const [title, models] of [['not known', open] as const, ['not usable', known] as const]) {
    if (models.length > 0)
      report.line({ text: `${title}: ${count(models.length, 'model')}`, tone: 'warning' })
    report.table(
      [PLAIN, PLAIN, { title: '', wraps: true }],
      models.map(model => [model.name, model.vendor || 'any vendor', describeBlocks(model)]),
    )
  }
  if (qemuOnly.length > 0) report.line(`${describeQemuOnly(qemuOnly)}: ${qemuOnly.join(', ')}`)
}

/** More features than this do not help in a line; `--json` has all. */
const MOST = 8

/** Nor more than this of what only is not known. */
const FEW = 3

/** `lacks avx512f (a, b); unknown to the hypervisor (c)` */
function describeBlocks({
  blockers,
  absentOn,
  unexplainedOn,
  unknownOn = [],
}: Pick<BlockedModel, 'blockers' | 'absentOn' | 'unexplainedOn'> & Partial<BlockedModel>): string {
  const lacks = byHosts(blockers).map(
    ({ features, hosts }) => `lacks ${listed(features)} (${fewNames(hosts)})`,
  )
  const absent = absentOn.length > 0 ? [`unknown to the hypervisor (${fewNames(absentOn)})`] : []
  const unexplained = unexplainedOn.length > 0 ? [`for unknown reasons (${fewNames(unexplainedOn)})`] : []
  const unknown = unknownOn.length > 0 ? [`the hypervisor does not say (${fewNames(unknownOn)})`] : []
  return [...lacks, ...absent, ...unexplained, ...unknown].join('; ')
}
