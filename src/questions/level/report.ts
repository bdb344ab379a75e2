import { fewNames } from '../../core/text.ts'
import type { Report, Tone } from '../../report/report.ts'
import type { Reporter } from '../question.ts'
import { poolName } from '../words/cells.ts'
import type { FitLine, FitsAnswer, LevelAnswer, LevelLine, SystemFit } from './answer.ts'

/** More names than this do not help in a line; `--json` has all. */
const MOST = 8

/** Adds a line for every host, guest and pool: its level, what is missing to the next, and its `-march`. */
export const reportLevels: Reporter<LevelAnswer> = (report, { lines }) => {
  report.table(
    [
      { title: '' },
      { title: 'CPU' },
      { title: 'level' },
      { title: '-march' },
      { title: 'to the next', wraps: true },
    ],
    lines.map(line => [
      nameOf(line),
      line.model ?? '-',
      line.level ?? '-',
      line.march?.name ?? '-',
      sayNext(line),
    ]),
  )
  for (const line of lines) addMarch(report, line)
  for (const line of lines) addMixed(report, line)
}

const nameOf = ({ kind, name }: Pick<LevelLine, 'kind' | 'name'>): string =>
  kind === 'pool' ? poolName(name) : kind === 'guest' ? `guest ${name}` : name

function sayNext({ next }: LevelLine): string {
  if (!next) return ''
  const { level, missing, unknown } = next
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

function addMarch(report: Report, { march, ...line }: LevelLine): void {
  if (!march || march.almost.length === 0) return
  const by = new Map<string, string[]>()
  for (const { name, lacks } of march.almost) by.set(lacks, [...(by.get(lacks) ?? []), name])
  const words = [...by].map(([lacks, names]) => `${lacks} short of -march=${fewNames(names)}`)
  report.line(`${nameOf(line)}: ${words.join('; ')}`)
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
  report.table(
    [{ title: '' }, { title: 'runs it' }, { title: 'missing' }, { title: 'what to do', wraps: true }],
    lines.map(line => [
      nameOf(line),
      { text: line.verdict, tone: TONES[line.verdict] },
      sayMissing(line),
      line.fix,
    ]),
  )
  for (const { harms, ...line } of lines)
    for (const { feature, text } of harms)
      report.line({ text: `${nameOf(line)} has ${feature}: `, tone: 'warning' }, text)
}

const sayMissing = ({ missing, unknown }: FitLine): string => {
  const lacks = missing.length > 0 ? [fewNames(missing.map(({ feature }) => feature))] : []
  const open = unknown.length > 0 ? [`not known: ${fewNames(unknown)}`] : []
  return [...lacks, ...open].join('; ') || '-'
}
