import { VERDICTS } from '../../core/evidence.ts'
import { count, fewNames, groupBy } from '../../core/text.ts'
import type { Report, Tone } from '../../report/report.ts'
import type { Reporter } from '../question.ts'
import { hostNamesOf, isRemedy, levelCounts, poolName, shapeOf } from '../words/cells.ts'
import type { FitLine, FitMember, FitsAnswer, LevelAnswer, LevelLine, SystemFit } from './answer.ts'

/** More names than this do not help in a line; `--json` has all. */
const MOST = 8

/** Adds a line for pools, guests and hosts, equal ones in one: the level, what is missing to the next, and `-march`. */
export const reportLevels: Reporter<LevelAnswer> = (report, { lines }) => {
  const alike = merged(lines, ({ name: _, ...rest }) => rest)
  const [hosts, pools] = (['host', 'pool'] as const).map(kind => lines.filter(line => line.kind === kind))
  const counts = (some: readonly LevelLine[] = [], where: string) =>
    levelCounts(
      some.map(({ level }) => level),
      where,
    )
  if (hosts && hosts.length > 1)
    report.finding(
      `${count(hosts.length, 'host')}, whose guests can have ${counts(hosts, 'on')}`,
      pools && pools.length > 0 ? `; on all hosts of their pool ${counts(pools, 'in')}` : '',
    )
  report.instead(() => {
    const shown = lines.map(({ model: _, evc: __, ...line }) => ({
      ...line,
      march: line.march?.name ?? null,
    }))
    report.table(
      [
        { title: '' },
        { title: 'level' },
        ...(shown.some(({ march }) => march !== null) ? [{ title: '-march' }] : []),
        { title: 'lacks for the next level', wraps: true as const },
      ],
      merged(shown, ({ name: _, ...rest }) => rest, 2).map(([line, names]) => [
        names,
        line.level ?? '-',
        ...(line.march === null ? [] : [line.march]),
        sayLacking(line, 2),
      ]),
    )
  })
  report.details(() => {
    report.table(
      [
        { title: '', wraps: true },
        { title: 'CPU' },
        { title: 'level' },
        { title: '-march' },
        { title: 'short of the next level', wraps: true },
      ],
      alike.map(([line, names]) => [
        names,
        line.model ?? '-',
        line.level ?? '-',
        line.march?.name ?? '-',
        sayNext(line),
      ]),
    )
    for (const [line, names] of alike) addMarch(report, line, names)
    addEvc(report, lines)
  })
  for (const line of lines) addMixed(report, line)
}

/** Pools, then guests, then hosts; those of which the same is said in one, with their names. */
function merged<Line extends Named>(
  lines: readonly Line[],
  said: (line: Line) => unknown,
  most?: number,
): (readonly [Line, string])[] {
  const alike = new Map<string, Line[]>()
  for (const line of lines) {
    const key = JSON.stringify(said(line))
    alike.set(key, [...(alike.get(key) ?? []), line])
  }
  const rank = ({ kind }: Named) => ORDER.indexOf(kind)
  return [...alike.values()]
    .flatMap(some => (some[0] ? [[some[0], fewNames(some.map(nameOf), most)] as const] : []))
    .sort(([a], [b]) => rank(a) - rank(b))
}

type Named = Pick<LevelLine, 'kind' | 'name'>

const ORDER: readonly LevelLine['kind'][] = ['pool', 'guest', 'host']

const nameOf = ({ kind, name }: Named): string =>
  kind === 'pool' ? poolName(name) : kind === 'guest' ? `guest ${name}` : name

/** `x86-64-v4: lacks avx512f, avx512dq` */
const sayNext = (line: LevelLine): string =>
  line.next ? `${line.next.level}: ${sayLacking(line, MOST, 'lacks ')}` : ''

/** `avx512f, avx512dq and 3 more; not known: movbe` */
function sayLacking({ next }: Pick<LevelLine, 'next'>, most: number, word = ''): string {
  const { missing = [], notKnown: unknown = [] } = next ?? {}
  const lacks = missing.length > 0 ? [word + hostNamesOf(missing, most)] : []
  const open = unknown.length > 0 ? [`not known: ${fewNames(unknown, most)}`] : []
  return [...lacks, ...open].join('; ')
}

/** Adds the modes of vSphere's EVC, each with what reaches it. */
function addEvc(report: Report, lines: readonly LevelLine[]): void {
  const order = [...lines].sort((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind))
  for (const [mode, some] of groupBy(order, ({ evc = '' }) => evc))
    if (mode !== '') report.line(`EVC ${mode}: ${fewNames(some.map(nameOf))}`)
}

function addMarch(report: Report, { march }: LevelLine, names: string): void {
  if (!march || march.almost.length === 0) return
  const by = groupBy(march.almost, ({ flag, known }) =>
    known ? `${flag} short of` : `${flag}, of which nothing is known, short of`,
  )
  const words = [...by].map(([short, some]) => `${short} -march=${fewNames(some.map(({ name }) => name))}`)
  report.line(`${names}: ${words.join('; ')}`)
}

function addMixed(report: Report, { vendors, flags = [], unsafe, ...line }: LevelLine): void {
  if (!vendors || unsafe === undefined) return
  report.line({ text: `${nameOf(line)} is of ${vendors.join(' and ')}: `, tone: 'warning' }, unsafe)
  report.details(() => report.line(`  guests can have: ${flags.join(' ')}`))
}

type FitVerdict = FitLine['verdict']

/** A line of one host, guest or pool. */
type NamedFit = Omit<FitLine, 'inMembers'> & FitMember

interface NamedSystem extends Omit<SystemFit, 'lines'> {
  readonly lines: readonly NamedFit[]
}

const nameLines = (members: readonly FitMember[], { lines, ...system }: SystemFit): NamedSystem => ({
  ...system,
  lines: lines.flatMap(({ inMembers, ...line }) =>
    inMembers.flatMap(place => {
      const member = members[place]
      return member ? { ...member, ...line } : []
    }),
  ),
})

/** Adds which systems run everywhere, what to do for the others, and for every system what it needs. */
export const reportFits: Reporter<FitsAnswer> = (report, { members, systems: fits }) => {
  const systems = fits.map(one => nameLines(members, one))
  const has = ({ lines }: NamedSystem, verdict: FitVerdict) => lines.some(line => line.verdict === verdict)
  const closed = systems.filter(one => has(one, 'no'))
  const open = systems.filter(one => !has(one, 'no') && has(one, 'unknown'))
  const runs = systems.filter(one => !closed.includes(one) && !open.includes(one))
  const all = ORDER.toReversed().flatMap(kind => {
    const { length } = (systems[0]?.lines ?? []).filter(line => line.kind === kind)
    return length > 0 ? [count(length, kind)] : []
  })
  const tone = closed.length > 0 ? 'warning' : 'good'
  const [only, ...more] = systems
  if (only && more.length === 0) {
    const { text, tone: own } = sayWho(only.lines)
    report.finding({ text: `${only.system}: ${text}`, tone: own })
  } else
    report.finding(
      { text: `${runs.length} of ${count(systems.length, 'system')} run on all of ${all.join(', ')}`, tone },
      ...(closed.length > 0 ? [`; ${closed.length} cannot run on some`] : []),
      ...(open.length > 0 ? [`; of ${open.length} it is not known`] : []),
    )
  addFixes(report, systems)
  report.instead(() => {
    reportWho(report, [...closed, ...open])
    if (runs.length > 0) report.line(`run everywhere: ${runs.map(({ system }) => system).join(', ')}`)
  })
  report.details(() => {
    for (const system of systems) addSystem(report, system)
  })
  for (const system of systems) addHarms(report, system)
}

/** What to do, what lets most systems run first; the same elsewhere is one. */
function addFixes(report: Report, systems: readonly NamedSystem[]): void {
  const all = systems.flatMap(({ system, lines }) => lines.map(line => ({ ...line, system })))
  const hosts = new Set(all.flatMap(({ kind, name }) => (kind === 'host' ? name : [])))
  const fixable = all.filter(({ fix }) => isRemedy(fix) && !fix.endsWith('see there'))
  const fixes = [...groupBy(fixable, ({ fix }) => shapeOf(fix, hosts)).values()]
  const names = (of: readonly string[]) => fewNames([...new Set(of)], 2)
  for (const some of fixes.sort((a, b) => countSystems(b) - countSystems(a) || b.length - a.length)) {
    const [fix] = some.map(one => one.fix)
    const own = some.filter(one => one.fix === fix).map(nameOf)
    const others = some.map(nameOf).filter(name => !own.includes(name))
    const also = others.length > 0 ? `; likewise ${names(others)}` : ''
    report.action(`${names(own)}: ${fix}${also}`, { gain: `runs ${names(some.map(({ system }) => system))}` })
  }
}

const countSystems = (some: readonly { readonly system: string }[]): number =>
  new Set(some.map(({ system }) => system)).size

/** Adds a row for each system that does not run everywhere. */
const reportWho = (report: Report, systems: readonly NamedSystem[]): void =>
  report.table(
    [{ title: 'system' }, { title: 'cannot run it', wraps: true }, { title: 'missing', wraps: true }],
    systems.map(({ system, lines }) => {
      const bad = lines.filter(({ verdict }) => verdict === 'no' || verdict === 'unknown')
      return [
        system,
        sayWho(lines).text.replace('cannot run it: ', ''),
        [...new Set(bad.map(sayMissing))].slice(0, 1).join(),
      ]
    }),
  )

const TONES: Readonly<Record<FitVerdict, Tone>> = {
  yes: 'good',
  assumed: 'good',
  unknown: 'warning',
  no: 'bad',
}

function addSystem(report: Report, { system, title, needs, lines, sources }: NamedSystem): void {
  report.subheading(`${title} (${system})`)
  report.line(`needs ${needs.join('; ')}; sources: ${sources.join(', ')}`)
  report.line(sayWho(lines))
  const worst = (line: NamedFit) => VERDICTS.indexOf(line.verdict)
  report.table(
    [
      { title: '', wraps: true },
      { title: 'runs it' },
      { title: 'missing' },
      { title: 'what to do', wraps: true },
    ],
    merged(lines, ({ name: _, harms: __, ...rest }) => rest)
      .sort(([a], [b]) => worst(b) - worst(a))
      .map(([line, names]) => [
        names,
        { text: line.verdict, tone: TONES[line.verdict] },
        sayMissing(line),
        line.fix,
      ]),
  )
}

/** Adds what guests have that the system must not have. */
function addHarms(report: Report, { system, lines }: NamedSystem): void {
  const harmed = lines.flatMap(({ harms, ...line }) => harms.map(harm => ({ ...line, ...harm })))
  for (const [{ feature, text }, names] of merged(harmed, ({ feature, text }) => [feature, text]))
    report.line({ text: `${system}: ${names} has ${feature}: `, tone: 'warning' }, text)
}

/** `cannot run it: 2 of 63 hosts, 1 of 4 pools; not known: 1 of 3 guests`. */
function sayWho(lines: readonly NamedFit[]): { text: string; tone: Tone } {
  const told = (verdict: FitVerdict) =>
    ORDER.flatMap(kind => {
      const all = lines.filter(line => line.kind === kind)
      const some = all.filter(line => line.verdict === verdict).length
      return some > 0 ? [`${some} of ${count(all.length, kind)}`] : []
    }).join(', ')
  const [no, open] = [told('no'), told('unknown')]
  const parts = [...(no ? [`cannot run it: ${no}`] : []), ...(open ? [`not known: ${open}`] : [])]
  if (parts.length === 0) return { text: 'all can run it', tone: 'good' }
  return { text: parts.join('; '), tone: no ? 'bad' : 'warning' }
}

const sayMissing = ({ missing, notKnown: unknown }: NamedFit): string => {
  const lacks = missing.length > 0 ? [fewNames(missing.map(({ feature }) => feature))] : []
  const open = unknown.length > 0 ? [`not known: ${fewNames(unknown)}`] : []
  return [...lacks, ...open].join('; ') || '-'
}
