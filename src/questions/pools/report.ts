import { requireDecoder } from '../../arch/registry.ts'
import type { Cpu } from '../../core/cpu.ts'
import type { FeatureSet } from '../../core/feature-set.ts'
import { count, fewNames } from '../../core/text.ts'
import { areParted } from '../../fleet/groups.ts'
import { findOnRequest } from '../../fleet/offered.ts'
import type { Cell, Line, Report } from '../../report/report.ts'
import type { FleetView } from '../input/fleet/view.ts'
import {
  addKeptCpu,
  addKeptFindings,
  addWritten,
  describeUnsafe,
  figure,
  hostsAt,
  levelCell,
  percent,
  poolName,
  VALUE,
} from '../words/cells.ts'
import { describeIdRegisters } from '../words/describe.ts'
import type { CurvePoint, PoolsAnswer } from './answer.ts'
import { poolCpuOf } from './choice.ts'

/** Adds how many pools are enough and what they gain, the pools, and the trade curve. */
export function addPools(report: Report, answer: PoolsAnswer): void {
  const { groups, curve, enough, pools, leftOut } = answer
  addFinding(report, answer)
  const now = answer.now?.pools ?? []
  addKeptFindings(
    report,
    now.map(({ name, keptCpu }) => ({ pool: name, groups, ...(keptCpu && { keptCpu }) })),
  )
  report.details(() => {
    for (const { name, keptCpu } of now) addKeptCpu(report, `${poolName(name)}: `, groups, keptCpu)
  })
  if (pools.length > 0) addMembers(report, answer)
  for (const { inGroups, lacks, unknown } of leftOut) {
    const names = (of: typeof lacks) =>
      fewNames(
        of.map(({ feature }) => feature),
        12,
      )
    const why = [
      ...(lacks.length > 0 ? [`lack ${names(lacks)}`] : []),
      ...(unknown.length > 0 ? [`not known to have ${names(unknown)}`] : []),
    ]
    report.line(
      { text: 'left out  ', tone: 'bad' },
      `${fewNames(hostsAt(groups, inGroups), 12)}: ${why.join('; ')}`,
    )
  }
  report.heading(`the best for each number of pools, 1 to ${curve.length}`)
  const rows = curve.map(point => curveRow(point, enough))
  report.instead(() => report.table(CURVE, rows))
  report.details(() =>
    report.table(
      [...CURVE, { title: 'value', align: 'right' }, { title: 'proof' }],
      rows.map((row, i) => [...row, ...proofOf(curve[i])]),
    ),
  )
  for (const line of [describeSplit(answer), describeCurrentPools(answer)])
    if (line !== undefined) report.line(line)
  for (const { count: of, impossible } of curve) {
    if (impossible !== undefined)
      report.line({ text: `not in ${count(of, 'pool')}: `, tone: 'bad' }, impossible)
  }
  report.details(() => {
    report.line(VALUE)
    report.line(
      'proof: exact, no other partition that keeps equal hosts together is better; else how much better one could be at most',
    )
  })
}

const CURVE = [
  { title: 'pools', align: 'right' },
  { title: 'gain', align: 'right' },
  { title: 'smallest', align: 'right' },
  { title: 'hosts at level', wraps: true },
] as const

/** Which pools, of how many hosts; what they gain over fewer, or over those that are; and what one more would gain. */
function addFinding(report: Report, answer: PoolsAnswer): void {
  const { groups, curve, enough, pools, now, leftOut, count: asked } = answer
  const hosts = pools.reduce((sum, pool) => sum + pool.hostCount, 0)
  const point = curve.find(({ count: of }) => of === asked)
  if (!point || enough === null) {
    report.finding(
      { text: 'no partition keeps the constraints', tone: 'bad' },
      `: ${curve.at(-1)?.impossible ?? ''}`,
    )
    return
  }
  const first = curve.find(({ impossible }) => impossible === undefined)
  const gain = first && first.count < point.count && first.value > 0 ? point.value / first.value - 1 : 0
  const over = first?.count === 1 ? 'one' : `${first?.count}`
  const gained = gain > 0 ? `; guests get ${percent(gain)} more than in ${over}` : ''
  const words =
    point.count === enough
      ? ` ${isOrAre(point.poolCount)} enough`
      : `, as asked (${enough} ${isOrAre(enough)} enough)`
  const next = curve.find(({ count: of }) => of === point.count + 1)
  const more = next?.gain ? `, one more pool gains ${percent(next.gain)}` : ''
  report.finding(`${count(hosts, 'host')}: ${count(point.poolCount, 'pool')}${words}${gained}${more}`)
  const better = now && now.value > 0 ? point.value / now.value - 1 : 0
  if (better > 0)
    report.action(
      `make the ${count(point.poolCount, 'pool')} below of the ${now?.pools.length} that there are`,
      {
        gain: `guests get ${percent(better)} more`,
      },
    )
  else if (!now && point.poolCount > 1)
    report.action(`make the ${count(point.poolCount, 'pool')} below`, {
      gain: 'each guest then moves within its pool',
    })
  for (const { inGroups, lacks } of leftOut)
    report.action(`fix or leave out ${fewNames(hostsAt(groups, inGroups), 2)}`, {
      gain: `lacks ${fewNames(lacks.map(({ feature }) => feature))}`,
    })
}

const isOrAre = (n: number): string => (n === 1 ? 'is' : 'are')

function curveRow(point: CurvePoint, enough: number | null): Cell[] {
  const { count: of, gain, smallest, levels, impossible } = point
  const k: Cell = of === enough ? { text: `* ${of}`, tone: 'good' } : String(of)
  if (impossible !== undefined) return [k, '', '', 'impossible']
  const reached = Object.entries(levels).map(([level, hosts]) => `${level}: ${hosts}`)
  return [k, gain === null ? '' : percent(gain), String(smallest), reached.join(', ')]
}

const proofOf = (point: CurvePoint | undefined): Cell[] =>
  !point || point.impossible !== undefined
    ? ['', '']
    : [figure(point.value), point.exact ? 'exact' : `gap ${percent(point.gap)}`]

function addMembers(report: Report, { groups, definitions, pools }: PoolsAnswer): void {
  report.table(
    [
      { title: 'pool of' },
      { title: 'hosts', align: 'right' },
      { title: 'CPUs', align: 'right' },
      { title: 'level' },
      { title: 'model' },
      { title: 'features', align: 'right' },
    ],
    pools.map(pool => [
      pool.site ? `${pool.name} (${pool.site})` : pool.name,
      String(pool.hostCount),
      String(pool.cpus),
      levelCell(pool.level),
      pool.model ?? 'none',
      String(pool.featureCount),
    ]),
  )
  report.details(() => {
    for (const { name, inGroups, value } of pools)
      report.line(`${name}: value ${figure(value)}; ${hostsAt(groups, inGroups).join(' ')}`)
  })
  for (const { definition } of pools) addWritten(report, definitions[definition ?? -1] ?? {})
  for (const { name, cpus, idRegisters } of pools)
    if (idRegisters && cpus > 1) report.line(`${name}: ${describeIdRegisters(idRegisters)}`)
  for (const { name, unsafeFeatures } of pools) {
    for (const text of describeUnsafe(groups, unsafeFeatures, 'hazard'))
      report.line({ text: `not safe in the pool of ${name}: `, tone: 'warning' }, text)
  }
  for (const { name, vendors } of pools) {
    if (areParted(vendors)) {
      report.line(
        { text: `not safe in the pool of ${name}: `, tone: 'warning' },
        `hosts of ${vendors.filter(Boolean).join(' and ')}: a guest that moves between vendors keeps the other’s timers, ` +
          'errata and mitigations until it is restarted; vmx and svm guests do not move at all',
      )
    }
  }
}

/**
 * How many pools are enough, what guests get more than in the pools that there are, else in the fewest possible, and what
 * one more would add; undefined: none is possible.
 */
export function describeSplit({ curve, enough, now }: PoolsAnswer): string | undefined {
  const point = curve.find(({ count: of }) => of === enough)
  if (!point) return undefined
  const first = curve.find(({ impossible }) => impossible === undefined)
  const before = now?.value ?? first?.value ?? 0
  const gain = before > 0 ? point.value / before - 1 : 0
  const than = now ? 'as they are' : `in ${first?.count}`
  const split =
    gain > 0
      ? `split into ${count(point.poolCount, 'pool')}: guests get ${percent(gain)} more than ${than}`
      : now
        ? `${count(now.pools.length, 'pool')} as they are: the best ${enough} give no more`
        : `${count(point.poolCount, 'pool')} ${isOrAre(point.poolCount)} enough`
  const next = curve.find(({ count: of }) => of === point.count + 1)
  return `${split}${next?.gain ? `; one more adds ${percent(next.gain)}` : ''}`
}

/** How the pools that are compare with the best; undefined: no host is in any. */
export function describeCurrentPools({ now, curve }: PoolsAnswer): string | undefined {
  if (!now) return undefined
  const last = curve.at(-1)
  const share =
    last && last.value > 0 ? ` give ${percent(now.value / last.value)} of the best ${last.count}` : ''
  return `as they are: ${count(now.pools.length, 'pool')}${share}`
}

/**
 * What guests of all these hosts should be given, beside what libvirt computes of the hosts' definitions: libvirt asks what
 * the CPUs have, an operator what hypervisors give guests. Empty where both are one, or of this architecture no model is chosen.
 * @param cpu libvirt's answer
 */
export function compareWithPool(view: FleetView, cpu: Cpu): Line[] {
  const { context, groups, db, releases } = view
  if (!releases || groups.length === 0) return []
  const { features, definition } = poolCpuOf(view, groups)
  if (!definition) return []
  const { model, added, disabled, assumed } = definition
  const own = requireDecoder(context.map).featuresOf(cpu)
  const given = features.join(db.features.setOfNames(assumed))
  const plain = db.features.setOf(db.features.list.filter(({ class: of }) => of !== 'nested'))
  const onRequest = findOnRequest(db.features, groups)
  const names = (set: FeatureSet) => db.features.in(set.meet(plain)).map(({ name }) => name)
  const kept = names(own.minus(given).minus(onRequest))
  const asked = names(own.minus(given).meet(onRequest))
  const more = names(given.minus(own))
  if (kept.length + asked.length + more.length === 0 && model === cpu.model) return []
  const words = [model, ...added.map(name => `+${name}`), ...disabled.map(name => `-${name}`)].join(' ')
  return [
    [{ text: 'for guests:', tone: 'strong' }, ` ${words} (\`explain\`)`],
    ...reason(kept, 'hypervisors do not give guests'),
    ...reason(asked, 'given on request only'),
    ...reason(more, 'hypervisors give besides'),
    ...(model === cpu.model || cpu.model === undefined
      ? []
      : [[`  not ${cpu.model}: with ${model} the definition is shorter, by what guests can be given`]]),
  ]
}

/** More names do not help here; `explain` has them. */
const MANY = 12

const reason = (names: readonly string[], why: string): Line[] =>
  names.length > 0 ? [[`  ${why}: ${fewNames(names, MANY)}`]] : []
