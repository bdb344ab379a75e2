import { hex } from '../../core/bits.ts'
import { printSignature } from '../../core/model.ts'
import { bytewise, count, fewNames, groupBy } from '../../core/text.ts'
import { type Cell, Report } from '../../report/report.ts'
import type { Reporter } from '../question.ts'
import { addKeptLine, hostNamesOf, levelCell, levelCounts, shortRemedy } from '../words/cells.ts'
import type { GuestLine, GuestsAlone, HostLine, HostsAnswer } from './answer.ts'

interface HostColumn {
  readonly title: string
  readonly align?: 'right'
  readonly wraps?: true
  readonly cell: (host: HostLine) => string | number | null
}

/** What has no room on a screen. */
const DETAILS: ReadonlySet<string> = new Set(['vendor', 'features', 'read from'])

const COLUMNS: readonly HostColumn[] = [
  { title: 'host', cell: ({ host }) => host },
  {
    title: 'CPU',
    cell: ({ model, silicon, signature }) => model ?? silicon ?? (signature && printSignature(signature)),
  },
  { title: 'level', cell: host => levelOf(host) },
  { title: 'vendor', cell: ({ vendor }) => vendor },
  { title: 'microcode', align: 'right', cell: host => microcodeOf(host) },
  { title: 'features', align: 'right', cell: ({ featureCount: features }) => features },
  { title: 'pool', cell: ({ pool }) => pool },
  { title: 'read from', wraps: true, cell: host => sourcesOf(host) },
]

const MORE: readonly HostColumn[] = [
  { title: 'silicon', cell: ({ silicon }) => silicon },
  { title: 'architecture', cell: ({ arch }) => arch },
  {
    title: 'held back by',
    wraps: true,
    cell: ({ heldBack }) => (heldBack ? hostNamesOf(heldBack.missing) : null),
  },
  { title: 'signature', cell: ({ signature }) => signature && printSignature(signature) },
  { title: 'address bits', align: 'right', cell: ({ physBits }) => physBits },
  { title: 'CPUs', align: 'right', cell: ({ cpus }) => cpus },
  { title: 'kernel', cell: ({ kernel }) => kernel },
  { title: 'hypervisor', cell: ({ hypervisor }) => hypervisor },
  { title: 'uuid', cell: ({ uuid }) => uuid },
]

/** Null where it is below the lowest, or its architecture has no levels. */
const levelOf = ({ level, higher }: HostLine): string | null =>
  higher ? `${level === null ? 'not known' : `${level} or higher`}` : level

const microcodeOf = ({ microcode }: HostLine): string | null =>
  microcode === null ? null : `0x${hex(microcode, 1)}`

/** `capabilities (hardware), domainCapabilities (offered)` */
const sourcesOf = ({ readFrom }: HostLine): string =>
  readFrom.map(({ layer, document }) => `${document} (${layer})`).join(', ')

/** Adds one line a host; where there is none, one a guest. */
export const reportHosts: Reporter<HostsAnswer> = (report, { hosts, keptCpus, guestsAlone }) => {
  if (guestsAlone) {
    reportGuestsAlone(report, guestsAlone)
    return
  }
  report.finding(`${count(hosts.length, 'host')}, whose guests can have ${levelsOf(hosts)}`)
  addKeptLine(report, keptCpus)
  const [first, ...more] = COLUMNS
  const mixed = new Set(hosts.map(({ arch }) => arch)).size > 1
  const columns = first && mixed ? [first, ...MORE.slice(0, 1), ...more] : COLUMNS
  report.instead(() =>
    addTable(
      report,
      hosts,
      columns.filter(({ title }) => !DETAILS.has(title)),
    ),
  )
  report.details(() => {
    const [source, ...others] = new Set(hosts.map(sourcesOf))
    const isOne = source !== undefined && others.length === 0
    addTable(report, hosts, isOne ? columns.filter(({ title }) => title !== 'read from') : columns)
    if (isOne) report.line(`read from ${source}`)
  })
  const kinds = groupBy(
    hosts.filter(({ heldBack }) => heldBack),
    ({ model, heldBack }) => JSON.stringify([model, heldBack]),
  )
  const notes = [...kinds.values()].sort((a, b) => b.length - a.length).map(describeHeldBack)
  report.notes(notes, notes.slice(0, 2))
}

/** `note: kvm-a07 is Nehalem-v2, not Cascadelake-Server-v5: without aes (firmware: turn on AES-NI in firmware setup)` */
function describeHeldBack(hosts: readonly HostLine[]): Cell[] {
  const [{ model, heldBack } = { model: null, heldBack: undefined }] = hosts
  const lacks = Array.from(
    groupBy(heldBack?.missing ?? [], ({ cause, remedy }) => `${cause}: ${shortRemedy(remedy)}`),
    ([why, some]) => `${hostNamesOf(some, 6)} (${why})`,
  )
  const names = hosts.map(({ host }) => host).sort(bytewise)
  return [
    { text: 'note: ', tone: 'warning' },
    `${fewNames(names, 3)}: ${model}, not ${heldBack?.model}, without ${lacks.join(', ')}`,
  ]
}

/** Whether nobody made levels of its architecture, or none that a host can be below. */
const hasNoLevels = ({ level, arch }: HostLine): boolean => level === null && !/^(?:x86_64|i686)$/.test(arch)

/** `x86-64-v3 on 2, what their cores have on 3 of aarch64` */
function levelsOf(hosts: readonly HostLine[]): string {
  const others = groupBy(hosts.filter(hasNoLevels), ({ arch }) => arch)
  const rest = hosts.filter(host => !hasNoLevels(host)).map(({ level }) => level)
  const own = [...others].map(([arch, some]) => `what their cores have on ${some.length} of ${arch}`)
  return [...(rest.length > 0 ? [levelCounts(rest, 'on')] : []), ...own].join(', ')
}

/** Adds one line a guest, and what would tell where they run. */
export function reportGuestsAlone(report: Report, { guests, wanted }: GuestsAlone): void {
  report.finding(`${count(guests.length, 'guest')}, no host: where they can run is not known`)
  report.action(`add the output of ${wanted.map(one => `\`${one}\``).join(' or ')} of each host`, {
    gain: 'where they can run is known then',
  })
  report.table(
    [
      { title: 'guest' },
      { title: 'CPU' },
      { title: 'level' },
      { title: 'short of', wraps: true },
      { title: 'read from' },
    ],
    guests.map(guest => [
      guest.guest,
      cpuOf(guest),
      levelOfLine(guest),
      shortOf(guest),
      guest.document ?? '-',
    ]),
  )
}

const cpuOf = ({ mode, model, isKnown }: GuestLine): string => {
  if (model === null) return mode === 'custom' ? 'features alone' : `its host's (${mode})`
  return isKnown ? model : `${model} (unknown)`
}

const levelOfLine = ({ level, most, next, isKnown }: GuestLine): Cell => {
  // Other architectures have none.
  if (level === null && next === null) return '-'
  if (isKnown || level === most) return levelCell(level)
  if (level !== null) return `${level} or higher`
  return most === null || most === HIGHEST ? 'not known' : `at most ${most}`
}

const HIGHEST = 'x86-64-v4'

/** `x86-64-v2: lacks cx16, popcnt`; empty: of nothing, or its host decides. */
function shortOf({ next, isKnown, level, without }: GuestLine): string {
  const off = !isKnown && without.length > 0 ? [`without ${hostNamesOf(without)}`] : []
  if (!next || (!isKnown && level === null)) return off.join()
  const parts = [
    ...(next.missing.length > 0 ? [`lacks ${hostNamesOf(next.missing)}`] : []),
    ...(next.unknown.length > 0 ? [`nothing is known of ${hostNamesOf(next.unknown)}`] : []),
  ]
  return [`${next.level}: ${parts.join('; ')}`, ...off].join('; ')
}

/** The table with every column. */
export function wideTable({ hosts }: HostsAnswer): Report {
  const report = new Report()
  addTable(report, hosts, [...COLUMNS, ...MORE])
  return report
}

const addTable = (report: Report, hosts: readonly HostLine[], columns: readonly HostColumn[]): void =>
  report.table(
    columns,
    hosts.map(host => columns.map(({ cell }) => String(cell(host) ?? '-'))),
  )

/** Every column as comma-separated values (RFC 4180, lines end as on Unix); what is not known is empty. */
export function hostsCsv({ hosts }: HostsAnswer): string {
  const columns = [...COLUMNS, ...MORE]
  const rows = [
    columns.map(({ title }) => title),
    ...hosts.map(host => columns.map(({ cell }) => String(cell(host) ?? ''))),
  ]
  return rows.map(row => `${row.map(quoted).join(',')}\n`).join('')
}

const quoted = (text: string): string =>
  /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
