import { hex } from '../../core/bits.ts'
import { Report } from '../../report/report.ts'
import type { Reporter } from '../question.ts'
import type { HostLine, HostsAnswer } from './answer.ts'

interface HostColumn {
  readonly title: string
  readonly align?: 'right'
  readonly cell: (host: HostLine) => string | number | null
}

const COLUMNS: readonly HostColumn[] = [
  { title: 'host', cell: ({ host }) => host },
  { title: 'CPU', cell: ({ model, signature }) => model ?? signature },
  { title: 'level', cell: ({ level, higher }) => `${level ?? 'none'}${higher ? ' or higher' : ''}` },
  { title: 'vendor', cell: ({ vendor }) => vendor },
  { title: 'microcode', align: 'right', cell: host => microcodeOf(host) },
  { title: 'features', align: 'right', cell: ({ features }) => features },
  { title: 'pool', cell: ({ pool }) => pool },
  { title: 'read from', cell: host => sourcesOf(host) },
]

const MORE: readonly HostColumn[] = [
  { title: 'architecture', cell: ({ arch }) => arch },
  { title: 'signature', cell: ({ signature }) => signature },
  { title: 'address bits', align: 'right', cell: ({ physBits }) => physBits },
  { title: 'CPUs', align: 'right', cell: ({ cpus }) => cpus },
  { title: 'kernel', cell: ({ kernel }) => kernel },
  { title: 'hypervisor', cell: ({ hypervisor }) => hypervisor },
  { title: 'uuid', cell: ({ uuid }) => uuid },
]

const microcodeOf = ({ microcode }: HostLine): string | null =>
  microcode === null ? null : `0x${hex(microcode, 1)}`

/** `capabilities (hardware), domainCapabilities (offered)` */
const sourcesOf = ({ readFrom }: HostLine): string =>
  readFrom.map(({ layer, document }) => `${document} (${layer})`).join(', ')

/** Adds one line a host. */
export const reportHosts: Reporter<HostsAnswer> = (report, { hosts }) => {
  const [first, ...more] = COLUMNS
  const mixed = new Set(hosts.map(({ arch }) => arch)).size > 1
  const columns = first && mixed ? [first, ...MORE.slice(0, 1), ...more] : COLUMNS
  addTable(report, hosts, columns)
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
