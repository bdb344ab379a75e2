import { bytewise, count, fewNames, groupBy } from '../../core/text.ts'
import type { Cell, Report, Tone } from '../../report/report.ts'
import { reportGuestsAlone } from '../hosts/report.ts'
import type { PoolDefinition } from '../pools/answer.ts'
import type { Reporter } from '../question.ts'
import {
  addKeptCpu,
  addKeptFindings,
  addWritten,
  byGroups,
  describeUnsafe,
  figure,
  hostsAt,
  hostWords,
  levelCell,
  levelCounts,
  poolName,
  shortRemedy,
} from '../words/cells.ts'
import { describeIdRegisters } from '../words/describe.ts'
import type {
  CostAnswer,
  ExplainAnswer,
  FeatureAnswer,
  FeatureInPool,
  LossAnswer,
  OddHost,
  PoolExplanation,
  SharedCause,
} from './answer.ts'
import { addCosts, addFixes, byClass, describeParting, isFixable } from './cost-report.ts'

/** Features that the same hosts lack for the same reason, which the same thing remedies. */
interface Section {
  readonly because: SharedCause
  readonly losses: LossAnswer[]
}

/** Adds every lost feature under who lacks it, why, and what remedies that; what weighs most first. */
function addLosses(report: Report, { lost, groups, hostCount }: PoolExplanation): void {
  report.line(lost.length === 0 ? 'lost  nothing' : `lost  ${count(lost.length, 'feature')}`)
  for (const { because, losses } of sectionsOf(lost)) {
    const { cause, confidence, meaning, remedy, evidence } = because
    report.subheading(
      { text: cause, tone: toneOf(because) },
      ` (${confidence}): ${meaning}; ${hostWords(hostsAt(groups, because.inGroups), hostCount)}`,
    )
    if (remedy !== '') report.line(`  remedy: ${remedy}`)
    if (evidence.length > 0) report.line(`  ${evidence.join('; ')}`)
    report.table(
      [{ title: '' }, { title: '' }, { title: '', wraps: true }],
      losses.map(({ feature, place, title, hazard, promise }) => [
        feature,
        place,
        hazard ? `${title}; ${HAZARD}` : promise ? `${title}; ${PROMISE}` : title,
      ]),
    )
  }
}

const HAZARD = 'guests that do not see it stay unprotected where they need it'
const PROMISE = 'guests that do not see it keep a mitigation on'

const toneOf = ({ confidence }: SharedCause): Tone => (confidence === 'high' ? 'bad' : 'warning')

function sectionsOf(lost: readonly LossAnswer[]): Section[] {
  const sections = new Map<string, Section>()
  for (const loss of lost) {
    for (const because of loss.causes) {
      const { cause, confidence, remedy, evidence, inGroups } = because
      const key = [cause, confidence, remedy, ...evidence, '', inGroups.join()].join('\n')
      const section = sections.get(key)
      if (section) section.losses.push(loss)
      else sections.set(key, { because, losses: [loss] })
    }
  }
  return [...sections.values()].sort((a, b) => rankOf(a) - rankOf(b))
}

const CLASSES = ['security', 'performance', 'virtualization', undefined, 'platform', 'nested', 'volatile']

const rankOf = ({ losses }: Section): number => Math.min(...losses.map(loss => CLASSES.indexOf(loss.class)))

/** Adds why one feature is lost, by host. */
function addBecause(report: Report, { causes: because, groups }: FeatureInPool, hosts: number): void {
  for (const one of because) {
    report.line(
      { text: one.cause, tone: toneOf(one) },
      ` (${one.confidence}): ${one.meaning}; ${hostWords(hostsAt(groups, one.inGroups), hosts)}`,
    )
    report.line(`  remedy: ${one.remedy}`)
    if (one.evidence.length > 0) report.line(`  ${fewNames(one.evidence)}`)
  }
}

/** Adds what the guests of every pool get and what would give them more, and of each pool why that is so. */
function addPools(report: Report, pools: readonly PoolExplanation[]): void {
  report.finding(...describePools(pools))
  addKeptFindings(report, pools)
  for (const pool of pools) {
    const { what, gain } = describeParting(pool)
    if (pool.mixed !== undefined) report.action(what, { gain })
  }
  addFixes(report, pools)
  if (pools.length > 1) {
    report.table(
      [
        { title: 'pool', wraps: true },
        { title: 'hosts', align: 'right' },
        { title: 'level' },
        { title: 'model' },
        { title: 'lost', align: 'right' },
        { title: 'short of the next level', wraps: true },
      ],
      pools.map(({ pool, hostCount: hosts, level, expression, lost, next }) => [
        pool === '' ? 'no pool' : pool,
        String(hosts),
        levelCell(level),
        expression?.model ?? 'none',
        String(lost.length),
        fewNames(next?.missing.map(({ feature }) => feature) ?? []),
      ]),
    )
    report.details(() => {
      for (const pool of pools) addPool(report, pool)
    })
  } else for (const pool of pools) addPool(report, pool)
}

/** What the pools come to: `4 pools of 63 hosts: guests get x86-64-v4 in 1, x86-64-v3 in 3; 212 features are lost`. */
function describePools(pools: readonly PoolExplanation[]): Cell[] {
  const hosts = pools.reduce((sum, pool) => sum + pool.hostCount, 0)
  const lost = new Set(pools.flatMap(pool => pool.lost.map(({ feature }) => feature))).size
  const [only, ...more] = pools
  const losses = `; ${count(lost, 'feature')} that some hosts have ${lost === 1 ? 'is' : 'are'} lost`
  if (only && more.length === 0) {
    const { level, expression, featureCount: features } = only
    const model = expression ? ` as ${expression.model}` : ', and no named model fits'
    const given = level === null && !expression ? count(features, 'feature') : levelCell(level)
    return [`${count(hosts, 'host')}: guests get `, given, model, losses]
  }
  const levels = levelCounts(
    pools.map(({ level }) => level),
    'in',
  )
  return [`${count(pools.length, 'pool')} of ${count(hosts, 'host')}: guests get ${levels}${losses}`]
}

/** Adds why a pool's guests get what they get. */
function addPool(report: Report, pool: PoolExplanation): void {
  const { pool: label, hostCount: hosts, groups, vendors, level, value } = pool
  const cpus = `${count(hosts, 'host')} of ${count(groups.length, 'CPU')}`
  report.heading(
    `${poolName(label)}: ${cpus}, ${vendors.map(vendor => vendor || 'vendor unknown').join(' and ')}`,
  )
  if (level !== null || pool.next !== null) report.line('level  ', levelCell(level))
  addNext(report, pool)
  addExpression(report, pool)
  addKeptCpu(report, '', groups, pool.keptCpu)
  report.details(() => {
    report.line(`value  ${figure(value)}: what its features are worth, times the weight of its hosts`)
    addRunnersUp(report, pool)
    addAxes(report, pool)
    for (const text of describeUnsafe(groups, pool.unsafeFeatures, 'disagree'))
      report.line({ text, tone: 'warning' })
  })
  if (pool.mixed !== undefined) report.line({ text: pool.mixed, tone: 'warning' })
  if (pool.idRegisters && pool.groups.length > 1) report.line(describeIdRegisters(pool.idRegisters))
  report.instead(() => addLossesByCause(report, pool))
  report.details(() => {
    addKept(report, pool)
    addLosses(report, pool)
    addUnknown(report, pool)
    for (const odd of pool.outliers) addOdd(report, groups, odd)
    addHosts(report, pool)
  })
}

/** Adds what is lost in a line for each cause. */
function addLossesByCause(report: Report, { lost, groups, hostCount: of }: PoolExplanation): void {
  report.line(lost.length === 0 ? 'lost  nothing' : `lost  ${count(lost.length, 'feature')}`)
  report.table(
    [{ title: 'cause' }, { title: 'features', wraps: true }, { title: 'not on', wraps: true }],
    sectionsOf(lost).map(({ because: { cause, inGroups }, losses }) => [
      cause,
      fewNames(losses.map(({ feature }) => feature)),
      inGroups.length === groups.length && of > 1
        ? `all ${of} hosts`
        : fewNames(hostsAt(groups, inGroups), 2),
    ]),
  )
}

function addKept(report: Report, { kept, onRequest }: PoolExplanation): void {
  for (const [of, names] of byClass(kept))
    report.line(`kept  ${count(names.length, `${of} feature`)}: ${names.join(' ')}`)
  if (onRequest.length > 0) report.line(`on request  ${onRequest.map(({ feature }) => feature).join(' ')}`)
}

/** Adds which hosts have each CPU, every one by its name. */
function addHosts(report: Report, { groups, withoutHypervisor, hostCount: hosts }: PoolExplanation): void {
  if (withoutHypervisor > 0 && withoutHypervisor < hosts) {
    report.line(
      `the hypervisor of ${count(withoutHypervisor, 'host')} was not recorded: what it gives is assumed`,
    )
  }
  report.subheading(count(groups.length, 'CPU'))
  report.table(
    [
      { title: 'CPU', wraps: true },
      { title: 'features', align: 'right' },
      { title: 'hosts', wraps: true },
    ],
    groups.map(group => [
      group.microarchitecture ?? group.model ?? 'not known',
      String(group.featureCount),
      group.hosts.join(' '),
    ]),
  )
}

/** Adds what some hosts tell nothing of, and what settles it. */
function addUnknown(report: Report, { unknown, groups, hostCount: of }: PoolExplanation): void {
  if (unknown.length === 0) return
  report.line(`unknown  ${count(unknown.length, 'feature')}; \`virsh domcapabilities\` there settles it`)
  for (const { features, hosts } of byGroups(groups, unknown)) {
    const names = features.map(({ feature }) => feature).join(' ')
    report.line(`  not known on ${hostWords(hosts, of)}: ${names}`)
  }
}

function addNext(report: Report, { next, groups }: PoolExplanation): void {
  if (!next) return
  const missing = next.missing.filter(one => one.inGroups.length > 0 || one.unknownInGroups.length === 0)
  const unknown = next.missing.filter(({ unknownInGroups }) => unknownInGroups.length > 0)
  if (missing.length > 0) {
    const flags = missing.length === 1 ? 'one flag' : count(missing.length, 'flag')
    report.line(
      `${flags} short of ${next.level}: ${featuresByHosts(groups, missing, ({ inGroups }) => inGroups)}`,
    )
  }
  if (unknown.length > 0) {
    const what =
      missing.length > 0 ? 'nothing is known of' : `it may reach ${next.level}: nothing is known of`
    report.line(`${what} ${featuresByHosts(groups, unknown, one => one.unknownInGroups)}`)
  }
}

type MissingFlag = NonNullable<PoolExplanation['next']>['missing'][number]

/** `f16c movbe on node-4; bmi1 on node-5` */
function featuresByHosts(
  groups: PoolExplanation['groups'],
  all: readonly MissingFlag[],
  placesOf: (one: MissingFlag) => readonly number[],
): string {
  const parts = groupBy(all, one => placesOf(one).join()).values()
  return Array.from(parts, some => {
    const names = some.map(({ feature }) => feature).join(' ')
    const [places = []] = some.map(placesOf)
    return `${names} on ${hostWords(hostsAt(groups, places))}`
  }).join('; ')
}

function addExpression(report: Report, { expression }: PoolExplanation): void {
  if (!expression) {
    report.line({ text: 'no named model fits', tone: 'bad' })
    return
  }
  const { model, pinned, leastVersions: needs, assumed } = expression
  const pin = pinned === model ? '' : `, pinned ${pinned}`
  report.line(
    'model  ',
    { text: model, tone: 'strong' },
    `${pin}   since QEMU ${needs.qemu} and libvirt ${needs.libvirt}`,
  )
  const delta = deltaWords(expression)
  if (delta !== '') report.line(`  ${delta}`)
  if (assumed.length > 0) {
    report.line({
      text: `  assumed with the model, as some host tells nothing of it: ${assumedWords(assumed)}`,
      tone: 'warning',
    })
  }
  addWritten(report, expression)
}

function addRunnersUp(report: Report, { runnersUp }: PoolExplanation): void {
  report.table(
    [
      { title: 'runner-up' },
      { title: 'add', align: 'right' },
      { title: 'disable', align: 'right' },
      { title: 'why not', wraps: true },
    ],
    runnersUp.map(one => [one.model, String(one.addedCount), String(one.disabled.length), one.why]),
  )
}

/** `+a +b -c` */
const deltaWords = ({ added, disabled }: PoolDefinition): string =>
  [...added.map(name => `+${name}`), ...disabled.map(name => `-${name}`)].join(' ')

/** Details of nesting come by the dozen. */
function assumedWords(names: readonly string[]): string {
  const plain = names.filter(name => !name.startsWith('vmx-'))
  const details = names.length - plain.length
  const rest = details > 0 ? [`${count(details, 'detail')} of vmx`] : []
  return [...(plain.length > 0 ? [fewNames(plain, 12)] : []), ...rest].join(' and ')
}

function addAxes(report: Report, { axes, groups }: PoolExplanation): void {
  const names = groups.flatMap(({ hosts }) => hosts)
  for (const { axis, values, unknownCount: unknown, warning } of axes) {
    const [only] = values
    const silent = unknown > 0 ? `; ${count(unknown, 'host')} do${unknown === 1 ? 'es' : ''} not tell` : ''
    if (values.length === 1 && only) report.line(`${axis}  ${only.text}${silent}`)
    else {
      const each = values.map(({ text: value, inGroups, onHosts = [] }) => {
        const some = onHosts.map(place => names[place] ?? '')
        return `${value} on ${hostWords([...hostsAt(groups, inGroups), ...some].sort(bytewise))}`
      })
      report.line(`${axis}  ${each.join('; ')}${silent}`)
    }
    if (warning !== undefined) report.line({ text: `  ${warning}`, tone: 'warning' })
  }
}

function addOdd(report: Report, groups: PoolExplanation['groups'], odd: OddHost): void {
  const { inGroups, likeGroup, lacks, has } = odd
  const [norm = '', ...like] = groups[likeGroup]?.hosts ?? []
  const others = like.length === 0 ? norm : `${norm} and ${count(like.length, 'host')} like it`
  report.subheading(
    { text: 'odd one out', tone: 'warning' },
    `: ${fewNames(hostsAt(groups, inGroups))}, the silicon of ${others}, other features`,
  )
  const row = (what: string) => (one: OddHost['lacks'][number]) => [
    what,
    one.feature,
    `${one.cause} (${one.confidence})`,
    what === 'lacks' ? one.remedy : 'the others lack it',
  ]
  const columns = [{ title: '' }, { title: '' }, { title: '' }, { title: '', wraps: true }] as const
  report.table(columns, [...lacks.map(row('lacks')), ...has.map(row('has'))])
}

/** Adds where one feature is kept and lost, and why. */
function addFeature(report: Report, { feature, place, title, pools }: FeatureAnswer): void {
  const fates = STATUSES.flatMap(({ status, tone, words }): Cell[] => {
    const n = pools.filter(pool => pool.status === status).length
    return n > 0 ? [', ', { text: words, tone }, ` in ${n}`] : []
  })
  report.finding(
    { text: feature, tone: 'strong' },
    ': ',
    ...fates.slice(1),
    ` of ${count(pools.length, 'pool')}`,
  )
  const fixes = pools.flatMap(({ causes: because, groups, presentInGroups, missingInGroups }) => {
    const of = hostsAt(groups, [...presentInGroups, ...missingInGroups]).length
    return because.flatMap(({ cause, remedy, inGroups }) =>
      isFixable({ cause, remedy })
        ? [{ remedy, hosts: hostsAt(groups, inGroups), of, alone: because.length === 1 }]
        : [],
    )
  })
  for (const { remedy, hosts, of, alone } of fixes) {
    const gain = `guests of ${count(of, 'host')} ${alone ? 'gain' : 'come nearer to'} ${feature}`
    report.action(shortRemedy(remedy), { on: hosts, of, gain })
  }
  report.line(`${place}  ${title}`)
  for (const pool of pools) addFeatureIn(report, pool)
}

const STATUSES = [
  { status: 'lost', tone: 'bad', words: 'lost' },
  { status: 'unknown', tone: 'warning', words: 'not known' },
  { status: 'kept', tone: 'good', words: 'kept' },
  { status: 'absent', tone: 'quiet', words: 'on no host' },
] as const

/** Names that a line of words has at most: what has more is listed too. */
const MANY = 6

function addFeatureIn(report: Report, one: FeatureInPool): void {
  const { pool, status, groups } = one
  const [presentOn, missingOn, unknownOn] = [
    hostsAt(groups, one.presentInGroups),
    hostsAt(groups, one.missingInGroups),
    hostsAt(groups, one.unknownInGroups),
  ]
  const hosts = presentOn.length + missingOn.length + unknownOn.length
  const tone = STATUSES.find(each => each.status === status)?.tone ?? 'quiet'
  report.heading(poolName(pool))
  const who = status === 'absent' ? 'no host has it' : `on ${presentOn.length} of ${count(hosts, 'host')}`
  const where = (names: readonly string[], what: string) =>
    names.length > 0 && status !== 'absent' ? `, ${what} ${hostWords(names)}` : ''
  report.line(
    { text: status, tone },
    `  ${who}${where(missingOn, 'not on')}${where(unknownOn, 'not known on')}`,
  )
  report.details(() => {
    if (missingOn.length > MANY) report.line(`not on: ${missingOn.join(' ')}`)
    if (unknownOn.length > MANY) report.line(`not known on: ${unknownOn.join(' ')}`)
  })
  addBecause(report, one, hosts)
}

/** Adds the answer of the question, whichever form it has. */
export const reportExplanation: Reporter<ExplainAnswer | FeatureAnswer | CostAnswer> = (report, answer) => {
  if ('feature' in answer) addFeature(report, answer)
  else if ('mostExpensive' in answer) addCosts(report, answer)
  else if (answer.guestsAlone) reportGuestsAlone(report, answer.guestsAlone)
  else addPools(report, answer.pools)
}
