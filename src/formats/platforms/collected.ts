import { ParseError } from '../../core/parse-error.ts'
import type { Element } from '../../xml/element.ts'
import { cpuidR } from '../dumps/cpuid-r.ts'
import { cpuinfo } from '../dumps/cpuinfo.ts'
import { lscpu } from '../dumps/lscpu.ts'
import { inText } from '../envelope.ts'
import type { Dialect, Found, HostReport, Statement } from '../found.ts'
import { libvirtXml } from '../libvirt/document-reader.ts'
import { incusResources } from './clusters.ts'
import { vdsm } from './ovirt.ts'
import { proxmoxGuest, proxmoxModels } from './proxmox.ts'
import { proxmoxApi } from './proxmox-api.ts'
import { xapi } from './xen.ts'

/** What `virt-cpu-collect.sh` prints, of one host or of several in a row: each is one host with its guests. */
export const collected: Dialect = {
  name: 'collected',
  title: 'what virt-cpu collect gathers of a host',
  sniff: text => HEAD.test(text),
  read: (text, source) => reportsIn(text).flatMap(report => readReport(report, source)),
}

/** The first line, with the version of the format. */
const HEAD = /^[ \t]*\[virt-cpu-collect\] \d+[ \t\r]*$/m

/** Who reads a section; the surest of what the host has first. */
const READERS: readonly (readonly [section: string, dialect: Dialect])[] = [
  ['capabilities', libvirtXml],
  ['cpuid', cpuidR],
  ['cpuinfo', cpuinfo],
  ['lscpu', lscpu],
  ['domcapabilities', libvirtXml],
  ['xe', xapi],
  ['vdsm', vdsm],
  ['pve-status', proxmoxApi],
  ['pve-cpu-flags', proxmoxApi],
  ['incus', incusResources],
  ['guest', libvirtXml],
  ['pve-cpu-models', proxmoxModels],
  ['pve-guest', proxmoxGuest],
]

/** Sections that are read here. */
const OWN = ['host', 'vulnerabilities', 'libvirt', 'qemu']

export interface CollectedSection {
  readonly name: string
  readonly text: string
  /** How many lines of the text stand before what was printed. */
  readonly before: number
  /** What went wrong, as the program said it. */
  readonly errors: readonly string[]
  /** Absent: the text ends within the section. */
  readonly status?: number | undefined
}

/** A report as it stands in a text; of a text beside reports nothing is in one. */
export interface CollectedReport {
  readonly version: string
  readonly before: number
  readonly sections: readonly CollectedSection[]
  /** How many sections it says that it has; absent: its last line is missing. */
  readonly count?: number | undefined
}

/**
 * A report that holds what several files say of one host; undefined: one of them is in a dialect that no section has.
 * @param name what the host is called
 */
export function printCollected(name: string, texts: readonly string[]): string | undefined {
  const sections = texts.map(sectionsOf)
  if (sections.some(one => one === undefined)) return undefined
  const all = [printSection('host', `name: ${name}`), ...sections.flatMap(one => one ?? [])]
  return `[virt-cpu-collect] 1\n${all.join('')}[end] ${all.length}\n`
}

/** A text as sections. */
function sectionsOf(text: string): string[] | undefined {
  const reports = HEAD.test(text) ? reportsIn(text) : []
  if (reports.length > 0)
    return reports.flatMap(({ sections }) =>
      sections.flatMap(section => (section.name === 'host' ? [] : printSection(section.name, section.text))),
    )
  const [section, dialect] = READERS.find(([, one]) => one.sniff(text)) ?? []
  if (section === undefined) return undefined
  const [, root = ''] = /<(capabilities|domainCapabilities|domain)\b/.exec(text) ?? []
  return [printSection(dialect === libvirtXml ? (XML_SECTIONS[root] ?? section) : section, text)]
}

const XML_SECTIONS: Readonly<Record<string, string>> = {
  capabilities: 'capabilities',
  domainCapabilities: 'domcapabilities',
  domain: 'guest',
}

const printSection = (name: string, text: string): string =>
  `[${name}]\n${text
    .trimEnd()
    .split(/\r\n|[\n\r]/)
    .map(line => `|${line}\n`)
    .join('')}[/${name}] 0\n`

interface OpenSection {
  readonly name: string
  readonly lines: string[]
  readonly errors: string[]
  readonly before: number
}

/** The reports in a text, whatever stands around them, pasted ones and cut ones too. */
export function reportsIn(text: string): CollectedReport[] {
  const lines = text.split(/\r\n|[\n\r]/)
  const starts = lines.flatMap((line, i) => (HEAD.test(line) ? i : []))
  return starts.map((start, i) => reportOf(lines.slice(start, starts[i + 1]), start))
}

/** @param first how many lines of the text stand before the report */
function reportOf(lines: readonly string[], first: number): CollectedReport {
  const sections: CollectedSection[] = []
  let open: OpenSection | undefined
  let count: number | undefined
  const close = (status?: number) => {
    if (open) sections.push({ ...open, text: open.lines.join('\n').trimEnd(), status })
    open = undefined
  }
  lines.slice(1).forEach((line, i) => {
    const [, mark, name = '', rest] = /^\s*(?:([|!])|\[(\/?[\w-]+)\] ?(\d*)$)/.exec(line) ?? []
    if (mark) (mark === '|' ? open?.lines : open?.errors)?.push(line.slice(line.indexOf(mark) + 1))
    else if (!name)
      open?.lines.push((open.lines.pop() ?? '') + line) // a terminal folded it
    else if (name === 'end') count = Number(rest)
    else if (name === `/${open?.name}`) close(Number(rest))
    else if (name && !name.startsWith('/')) {
      close()
      open = { name, lines: [], errors: [], before: first + i + 2 }
    }
  })
  close()
  const [, version = ''] = /(?<!\d)(\d+)\s*$/.exec(lines[0] ?? '') ?? []
  return { version, before: first, sections, count }
}

/** @throws ParseError for a version that is not known, and for a report that is cut before it says anything */
function readReport({ version, before, sections, count }: CollectedReport, source: string): Found[] {
  if (version !== '1')
    throw inText(new ParseError(`a report in format ${version}: this version reads format 1`, source, 1), {
      before,
    })
  const whole = sections.filter(({ status }) => status !== undefined)
  const facts = factsOf(whole)
  const report: HostReport = { name: facts.name }
  const found = READERS.flatMap(([name, dialect]) =>
    whole.filter(section => section.name === name).flatMap(section => readSection(section, dialect, source)),
  )
  const told = withoutRepeats(found.flatMap(([one]) => one ?? []))
  const stated = hasFacts(facts) ? [facts] : []
  const [first, ...more] = [...told, ...stated].map(
    (one): Found => (one.kind === 'guest' ? { ...one, report } : { ...one, called: facts.name, report }),
  )
  const notes = [...found.flatMap(([, note]) => note ?? []), ...notesOf(sections, whole, count)]
  if (!first) throw inText(new ParseError(EMPTY, source, 1), { before })
  return [{ ...first, notes: [...(first.notes ?? []), ...notes] }, ...more]
}

const EMPTY = 'a report without a host: it is cut, or the script could read nothing there; collect it again'

/** What a section holds, or why it holds nothing. @throws what is no fault of the section's */
function readSection(
  { name, text, before, status = 0, errors }: CollectedSection,
  dialect: Dialect,
  source: string,
): (readonly [found: Found | undefined, note?: string | undefined])[] {
  const failed = `${name} is missing: ${errors[0] ?? `status ${status}`}`
  if (text.trim() === '') return [[undefined, status === 0 ? undefined : failed]]
  try {
    return dialect
      .read(text, source)
      .map(one => [{ ...one, dialect: dialect === libvirtXml ? undefined : dialect.name }])
  } catch (error) {
    const fault = inText(error, { before })
    if (!(fault instanceof Error)) throw fault
    return [[undefined, status === 0 ? `${name} is left out: ${fault.message.split('\n')[0]}` : failed]]
  }
}

/** What else is to be said of how a report was read. */
function notesOf(
  sections: readonly CollectedSection[],
  whole: readonly CollectedSection[],
  count: number | undefined,
): string[] {
  const known = new Set([...READERS.map(([name]) => name), ...OWN])
  const unread = [...new Set(sections.flatMap(({ name }) => (known.has(name) ? [] : name)))]
  const silent = whole.filter(({ name, status }) => name === 'libvirt' && status !== 0)
  const cut = sections.filter(({ status }) => status === undefined).map(({ name }) => name)
  const lost = count === undefined || count !== sections.length || cut.length > 0
  return [
    ...silent.map(({ errors, status }) => `libvirt is missing: ${errors.at(-1) ?? `status ${status}`}`),
    ...(unread.length > 0 ? [`sections that are not read: ${unread.join(', ')}`] : []),
    ...(lost
      ? [`the report is cut${cut.length > 0 ? ` within ${cut.join(', ')}` : ''}: collect it again`]
      : []),
  ]
}

/**
 * Without what is said again: the kernel shows in `lscpu` what it shows in `/proc/cpuinfo`; that its flags do not tell all
 * means nothing where the CPU's own words are there.
 */
function withoutRepeats(found: readonly Found[]): Found[] {
  const dialects = new Set(found.map(({ dialect }) => dialect))
  const hasWords =
    dialects.has(cpuidR.name) || found.some(one => one.kind === 'document' && isHost(one.element))
  return found.flatMap(one => {
    if (one.dialect === lscpu.name && dialects.has(cpuinfo.name)) return []
    if (one.kind !== 'dump' || !one.dumps.every(({ layer }) => layer === 'kernel') || !hasWords) return one
    return { ...one, dumps: one.dumps.map(dump => ({ ...dump, notes: [] })) }
  })
}

const isHost = ({ name }: Element): boolean => name === 'capabilities'

const linesOf = (sections: readonly CollectedSection[], wanted: string): Map<string, string> =>
  new Map(
    sections
      .filter(({ name }) => name === wanted)
      .flatMap(({ text }) => [...text.matchAll(/^([\w-]+): *(.*?)[ \t]*$/gm)])
      .map(([, key = '', value = '']) => [key, value]),
  )

const textIn = (sections: readonly CollectedSection[], wanted: string): string =>
  sections.find(({ name }) => name === wanted)?.text ?? ''

/** What is known of the host beside its features. */
function factsOf(sections: readonly CollectedSection[]): Statement {
  const host = linesOf(sections, 'host')
  const number = (key: string) => (host.has(key) ? Number(host.get(key)) : Number.NaN)
  const shown = /^microcode[ \t]*: (0x[0-9a-f]{1,8})$/m.exec(textIn(sections, 'cpuinfo'))?.[1]
  const [cpus, microcode] = [number('cpus'), host.has('microcode') ? number('microcode') : Number(shown)]
  const vulnerabilities = linesOf(sections, 'vulnerabilities')
  return {
    kind: 'statement',
    layer: 'kernel',
    arch: host.get('arch') ?? 'x86_64',
    vocabulary: 'linux',
    present: [],
    complete: false,
    name: host.get('name') || undefined,
    // libvirt may be told another one.
    uuid: /<uuid>/.test(textIn(sections, 'capabilities'))
      ? undefined
      : (host.get('uuid') ?? uuidOfMachine(host.get('machine-id'))),
    cpus: cpus > 0 ? cpus : undefined,
    microcode: Number.isSafeInteger(microcode) ? microcode : undefined,
    kernel: host.get('kernel'),
    hypervisor: versionIn(sections),
    vulnerabilities: vulnerabilities.size > 0 ? Object.fromEntries(vulnerabilities) : undefined,
    mitigations: host.get('mitigations'),
  }
}

/** As libvirt makes a UUID of `/etc/machine-id`. */
const uuidOfMachine = (id: string | undefined): string | undefined =>
  id && /^[0-9a-f]{32}$/.test(id) ? id.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-') : undefined

/** The QEMU that libvirt runs, else the one that is installed. */
function versionIn(sections: readonly CollectedSection[]): string | undefined {
  const [, running] = /^Running hypervisor: (.*\S)[ \t]*$/m.exec(textIn(sections, 'libvirt')) ?? []
  const [, version] = /^QEMU emulator version (\d[\w.]*)/m.exec(textIn(sections, 'qemu')) ?? []
  return running ?? (version === undefined ? undefined : `QEMU ${version}`)
}

/** Whether it is of an architecture that fleets compare, and says anything but a name. */
const hasFacts = ({ arch, kernel, cpus, vulnerabilities, uuid, hypervisor }: Statement): boolean =>
  /^(?:x86_64|i[3-6]86|aarch64|ppc64|ppc64le|s390x|riscv64|loongarch64)$/.test(arch) &&
  [kernel, cpus, vulnerabilities, uuid, hypervisor].some(Boolean)
