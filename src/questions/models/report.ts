import { bytewise, count, fewNames } from '../../core/text.ts'
import type { Report } from '../../report/report.ts'
import { reportGuestsAlone } from '../hosts/report.ts'
import type { Reporter } from '../question.ts'
import { addKeptLine, byGroups, describeQemuOnly, hostsAt } from '../words/cells.ts'
import type { BlockedModel, ModelVerdict, ModelVerdicts, UsableModels } from './answer.ts'
import { isUnopposed } from './compute.ts'

type Groups = UsableModels['groups']

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
function reportVerdicts(
  report: Report,
  { groups, models, guestGroups: guests, keptCpus }: ModelVerdicts,
): void {
  const hosts = groups.flatMap(group => group.hosts)
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
  const vendors = [...new Set(groups.flatMap(({ vendor }) => vendor ?? []))].sort(bytewise)
  const [best] = vendors.length > 1 ? [] : runs
  const which = best ? `; the best is ${best.name}${best.level ? `, ${best.level}` : ''}` : ''
  report.finding({
    text: `${count(runs.length, 'model')} of ${models.length} can run on ${on}${rest.join('')}${which}`,
    tone: runs.length > 0 ? 'good' : open > 0 ? 'warning' : 'bad',
  })
  addKeptLine(report, keptCpus)
  if (best) {
    report.action(`give guests ${best.name}`, { gain: `it runs on ${on}` })
    addRestarts(report, guests, best)
  }
  if (vendors.length > 1) for (const vendor of vendors) addBestOf(report, groups, models, vendor)
  else addBetter(report, groups, models, best)
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
        [describeBlocks(groups, model), describeUnknown(groups, model)].filter(Boolean).join('; '),
      ]),
    ),
  )
  for (const [where, names] of byPlace(groups, unnamed))
    report.line(`the hypervisor of ${where} has no ${names.sort(bytewise).join(', ')}`)
}

/** Adds which guests keep a CPU with more than the model until they are powered off, and which gain it only then. */
function addRestarts(
  report: Report,
  guests: ModelVerdicts['guestGroups'],
  { name, restartsInGuestGroups: restarts, raisesInGuestGroups: raises }: ModelVerdict,
): void {
  const at = (places: readonly number[]) => places.flatMap(place => guests[place] ?? []).sort(bytewise)
  const [more, less] = [at(restarts), at(raises.filter(place => !restarts.includes(place)))]
  if (more.length > 0)
    report.action(`power off and start ${fewNames(more, 3)} with ${name}`, {
      gain: `until then ${more.length === 1 ? 'it runs' : 'they run'} with more than ${name}`,
    })
  if (less.length > 0)
    report.action(`power off and start ${fewNames(less, 3)} with ${name}`, {
      gain: `${less.length === 1 ? 'it gets' : 'they get'} all of it only then`,
    })
}

/** Adds the best model on the hosts of one vendor: between vendors no guest moves live, so each has its own. */
function addBestOf(
  report: Report,
  groups: ModelVerdicts['groups'],
  models: readonly ModelVerdict[],
  vendor: string,
): void {
  const own = groups.flatMap((group, place) => (group.vendor === vendor ? place : []))
  const runs = ({ missing, unknown, absentInGroups, unexplainedInGroups }: ModelVerdict): boolean => {
    const against = new Set([
      ...[...missing, ...unknown].flatMap(({ inGroups }) => inGroups),
      ...absentInGroups,
      ...unexplainedInGroups,
    ])
    return !own.some(place => against.has(place))
  }
  const ofVendor = models.filter(model => model.vendor === vendor)
  const [best] = ofVendor.filter(runs).sort((a, b) => b.worth - a.worth)
  if (!best) return
  const better = findBetter(groups, own, ofVendor, best)
  const more = better ? `; ${nameWithLevel(better.model)} without ${fewNames(better.hosts, 2)}` : ''
  report.action(`${vendor}: give guests ${nameWithLevel(best)}`, {
    on: hostsAt(groups, own),
    gain: `it runs there as it is${more}`,
  })
}

/** `EPYC-Rome (x86-64-v3)` */
const nameWithLevel = ({ name, level }: ModelVerdict): string => (level ? `${name} (${level})` : name)

/** Whether nothing else speaks against the model than that a hypervisor has none of that name. */
const isUnnamed = ({ absentInGroups, missing, unexplainedInGroups }: ModelVerdict): boolean =>
  absentInGroups.length > 0 && missing.length + unexplainedInGroups.length === 0

/** The names of models by the hosts whose hypervisors do not have them. */
function byPlace(groups: Groups, unnamed: readonly ModelVerdict[]): Map<string, string[]> {
  const places = new Map<string, string[]>()
  for (const { name, absentInGroups } of unnamed) {
    const where = fewNames(hostsAt(groups, absentInGroups))
    places.set(where, [...(places.get(where) ?? []), name])
  }
  return places
}

/** Adds which hosts keep guests from a better model. */
function addBetter(
  report: Report,
  groups: Groups,
  models: readonly ModelVerdict[],
  best: ModelVerdict | undefined,
): void {
  const all = groups.map((_, place) => place)
  const found = findBetter(
    groups,
    all,
    models.filter(({ verdict }) => verdict === 'no'),
    best,
  )
  if (found)
    report.action(`fix, or part from the others, ${fewNames(found.hosts, 2)}`, {
      gain: `guests of the others can have ${nameWithLevel(found.model)}`,
    })
}

/** The better model that fewest hosts of these groups keep away, and those hosts; undefined: all keep away each. */
function findBetter(
  groups: Groups,
  own: readonly number[],
  models: readonly ModelVerdict[],
  best: ModelVerdict | undefined,
): { readonly model: ModelVerdict; readonly hosts: readonly string[] } | undefined {
  const better = models.flatMap(model => {
    const { missing, absentInGroups, unexplainedInGroups, worth } = model
    const against = new Set([
      ...missing.flatMap(one => one.inGroups),
      ...absentInGroups,
      ...unexplainedInGroups,
    ])
    const places = own.filter(place => against.has(place))
    return worth > (best?.worth ?? 0) && places.length > 0 && places.length < own.length
      ? { model, hosts: hostsAt(groups, places) }
      : []
  })
  return better.sort((a, b) => a.hosts.length - b.hosts.length || b.model.worth - a.model.worth)[0]
}

const cellsOf = ({ name, verdict, level, vendor }: ModelVerdict) => [
  name,
  { text: verdict, tone: TONES[verdict] },
  level ?? '-',
  vendor || 'any',
]

const TONES = { yes: 'good', assumed: 'good', unknown: 'warning', no: 'bad' } as const

/** `not known: avx512f (a, b)`; where there is one host, which it is goes without saying. */
const describeUnknown = (groups: Groups, { unknown }: ModelVerdict): string =>
  byGroups(groups, unknown)
    .map(({ features, hosts: on }) => {
      const where = groups.length > 1 || on.length > 1 ? ` (${fewNames(on)})` : ''
      return `not known: ${listed(features, FEW)}${where}`
    })
    .join('; ')

const listed = (features: readonly { readonly feature: string }[], most = MOST): string =>
  fewNames(
    features.map(({ feature }) => feature),
    most,
  )

function reportUsable(report: Report, answer: UsableModels): void {
  const { groups, usableModels: usable, blockedModels: blocked, qemuOnly = [] } = answer
  const hosts = groups.flatMap(group => group.hosts)
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
      models.map(model => [model.name, model.vendor || 'any vendor', describeBlocks(groups, model)]),
    )
  }
  if (qemuOnly.length > 0) report.line(`${describeQemuOnly(qemuOnly)}: ${qemuOnly.join(', ')}`)
}

/** More features than this do not help in a line; `--json` has all. */
const MOST = 8

/** Nor more than this of what only is not known. */
const FEW = 3

/** `lacks avx512f (a, b); unknown to the hypervisor (c)` */
function describeBlocks(
  groups: Groups,
  {
    missing,
    absentInGroups,
    unexplainedInGroups,
    unknownInGroups = [],
  }: Pick<BlockedModel, 'missing' | 'absentInGroups' | 'unexplainedInGroups'> & Partial<BlockedModel>,
): string {
  const lacks = byGroups(groups, missing).map(
    ({ features, hosts }) => `lacks ${listed(features)} (${fewNames(hosts)})`,
  )
  const on = (what: string, places: readonly number[]) =>
    places.length > 0 ? [`${what} (${fewNames(hostsAt(groups, places))})`] : []
  return [
    ...lacks,
    ...on('unknown to the hypervisor', absentInGroups),
    ...on('for unknown reasons', unexplainedInGroups),
    ...on('the hypervisor does not say', unknownInGroups),
  ].join('; ')
}
