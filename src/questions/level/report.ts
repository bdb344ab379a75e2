import { VERDICTS } from '../../core/evidence.ts'
import { count, fewNames, groupBy } from '../../core/text.ts'
import type { Report, Tone } from '../../report/report.ts'
import type { Reporter } from '../question.ts'
import { levelCounts, poolName } from '../words/cells.ts'
import type { FitLine, FitsAnswer, LevelAnswer, LevelLine, SystemFit } from './answer.ts'

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
      `${count(hosts.length, 'host')} can give guests ${counts(hosts, 'on')}`,
      pools && pools.length > 0 ? `; those that move in their pool, ${counts(pools, 'in')}` : '',
    )
  report.table(
    [
      { title: '', wraps: true },
      { title: 'CPU' },
      { title: 'level' },
      { title: '-march' },
      { title: 'to the next', wraps: true },
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
  for (const line of lines) addMixed(report, line)
}

/** Pools, then guests, then hosts; those of which the same is said in one, with their names. */
function merged<Line extends Named>(
  lines: readonly Line[],
  said: (line: Line) => unknown,
): (readonly [Line, string])[] {
  const alike = new Map<string, Line[]>()
  for (const line of lines) {
    const key = JSON.stringify(said(line))
    alike.set(key, [...(alike.get(key) ?? []), line])
  }
  const rank = ({ kind }: Named) => ORDER.indexOf(kind)
  return [...alike.values()]
    .flatMap(some => (some[0] ? [[some[0], fewNames(some.map(nameOf))] as const] : []))
    .sort(([a], [b]) => rank(a) - rank(b))
}

type Named = Pick<LevelLine, 'kind' | 'name'>

const ORDER: readonly LevelLine['kind'][] = ['pool', 'guest', 'host']

const nameOf = ({ kind, name }: Named): string =>
  kind === 'pool' ? poolName(name) : kind === 'guest' ? `guest ${name}` : name

function sayNext({ next }: LevelLine): string {
  if (!next) return ''
  const { level, missing, notKnown: unknown } = next
  const lacks =
    missing.length > 0
      ? `lacks ${fewNames(
          missing.map(({ feature }) => feature),
          MOST,
        )}`
      : ''
  const open = unknown.length > 0 ? `not known: ${fewNames(unknown, MOST)}` : ''
  return `${level}: ${[lacks, open].filter(Boolean).join('; ')}`
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
  report.line(`  guests can have: ${flags.join(' ')}`)
}

/** Adds for every system what it needs, and who cannot run it. */
export const reportFits: Reporter<FitsAnswer> = (report, { systems }) => {
  for (const system of systems) addSystem(report, system)
}

const TONES: Readonly<Record<FitLine['verdict'], Tone>> = {
  yes: 'good',
  assumed: 'good',
  unknown: 'warning',
  no: 'bad',
}

function addSystem(report: Report, { system, title, needs, lines, sources }: SystemFit): void {
  report.subheading(`${title} (${system})`)
  report.line(`needs ${needs.join('; ')}; sources: ${sources.join(', ')}`)
  report.line(sayWho(lines))
  const worst = (line: FitLine) => VERDICTS.indexOf(line.verdict)
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
  const harmed = lines.flatMap(({ harms, ...line }) => harms.map(harm => ({ ...line, ...harm })))
  for (const [{ feature, text }, names] of merged(harmed, ({ feature, text }) => [feature, text]))
    report.line({ text: `${names} has ${feature}: `, tone: 'warning' }, text)
}

/** `cannot run it: 2 of 63 hosts, 1 of 4 pools; not known: 1 of 3 guests`. */
function sayWho(lines: readonly FitLine[]): { text: string; tone: Tone } {
  const told = (verdict: FitLine['verdict']) =>
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

const sayMissing = ({ missing, notKnown: unknown }: FitLine): string => {
  const lacks = missing.length > 0 ? [fewNames(missing.map(({ feature }) => feature))] : []
  const open = unknown.length > 0 ? [`not known: ${fewNames(unknown)}`] : []
  return [...lacks, ...open].join('; ') || '-'
}
