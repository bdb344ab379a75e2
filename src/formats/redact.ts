import { ParseError } from '../core/parse-error.ts'
import { child, type Element } from '../xml/element.ts'
import { parseXml } from '../xml/reader.ts'
import { printElement } from '../xml/writer.ts'
import { at, isObject, type JsonObject, member, textAt } from './json/json.ts'
import { type CollectedReport, type CollectedSection, collected, reportsIn } from './platforms/collected.ts'

/** What stands for a name: always the same for the same, and nothing that leads back to it. */
export type Pseudonym = (kind: 'host' | 'domain' | 'guest' | 'space' | 'uuid', name: string) => string

/**
 * A host's report, or objects of Kubernetes, without what names machines, guests, networks and people. Only what is known
 * to be of use is kept, so what questions about CPUs answer stays the same; names and UUIDs have pseudonyms.
 * @throws ParseError for any other text
 */
export function redact(text: string, pseudonym: Pseudonym, source = ''): string {
  if (collected.sniff(text))
    return reportsIn(text)
      .map(report => printReport(report, pseudonym))
      .join('')
  const value = /^\s*\{/.test(text) ? jsonOf(text) : undefined
  if (isObject(value) && typeof value.kind === 'string')
    return `${JSON.stringify(redactObject(value, pseudonym), null, 2)}\n`
  throw new ParseError('only what `virt-cpu collect` gathers can be redacted', source)
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** `n1.example.org` has a pseudonym for each half: the first is the machine's. */
function hostName(name: string, pseudonym: Pseudonym): string {
  const [first = '', ...rest] = name.split('.')
  return [pseudonym('host', first), ...(rest.length > 0 ? [pseudonym('domain', rest.join('.'))] : [])].join(
    '.',
  )
}

const UUID = /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi

const uuidsIn = (text: string, pseudonym: Pseudonym): string =>
  text.replace(UUID, uuid => pseudonym('uuid', uuid.toLowerCase()))

/** A machine's ID as libvirt makes a UUID of it. */
const dashed = (id: string): string =>
  id.toLowerCase().replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')

type Redact = (text: string, pseudonym: Pseudonym) => string

const whole: Redact = text => text

const byLine =
  (read: (line: string, pseudonym: Pseudonym) => string[]): Redact =>
  (text, pseudonym) =>
    text
      .split('\n')
      .flatMap(line => read(line, pseudonym))
      .join('\n')

const asXml =
  (kept: Kept): Redact =>
  (text, pseudonym) =>
    text.trim() === '' ? '' : printElement(redactElement(parseXml(text.trim()), kept, pseudonym))

const asJson =
  (kept: RegExp): Redact =>
  (text, pseudonym) =>
    redactJson(text, kept, pseudonym)

/** What SEV calls a chip, and what a guest's owner gives it: nothing of them is of use. */
const UNIQUE: ReadonlySet<string> = new Set(['cpu0Id', 'dhCert', 'session', 'idBlock', 'idAuth', 'hostData'])

/** The elements that are kept, with what is kept of each: all, or these. */
type Kept = ReadonlyMap<string, Kept | 'all'>

const all = (names: string): [string, 'all'][] => names.split(' ').map(name => [name, 'all'])

const CAPABILITIES: Kept = new Map<string, Kept | 'all'>([
  ['host', new Map(all('uuid cpu power_management iommu topology cache memory_bandwidth'))],
  ...all('guest'),
])

const DOMAIN: Kept = new Map<string, Kept | 'all'>([
  ...all('name uuid memory currentMemory vcpu cpu features clock launchSecurity iothreads'),
  ['os', new Map(all('type'))],
  ['devices', new Map<string, Kept | 'all'>([...all('emulator'), ['hostdev', new Map(all('driver'))]])],
])

const XE = /^\s*(?:cpu|features|vendor|family|model|stepping|flags|speed|socket)/

/** What is kept of a section; of one that is not here, nothing. */
const SECTIONS: ReadonlyMap<string, Redact> = new Map<string, Redact>([
  ['host', byLine(factOf)],
  ['vulnerabilities', whole],
  ['cpuinfo', byLine(withoutSerial)],
  ['lscpu', whole],
  // The serial number of a processor: leaf 3.
  ['cpuid', byLine(line => (/^\s*0x0*3 /.test(line) ? [] : [line]))],
  ['qemu', whole],
  ['libvirt', whole],
  ['capabilities', asXml(CAPABILITIES)],
  ['domcapabilities', asXml(new Map(all('path domain machine arch vcpu iothreads cpu features')))],
  ['guest', asXml(DOMAIN)],
  ['pve-cpu-models', byLine(line => (line.startsWith('#') ? [] : [line]))],
  // What follows a head is of a snapshot, or does not hold yet.
  ['pve-guest', (text, pseudonym) => byLine(settingOf)(text.split(/^\[/m)[0] ?? '', pseudonym)],
  ['pve-status', asJson(/^(?:name|pveversion|cpuinfo|current-kernel|kversion)$/)],
  ['pve-cpu-flags', asJson(/^/)],
  ['incus', asJson(/^cpu$/)],
  ['vdsm', asJson(/^(?:cpu\w+|emulatedMachines|onlineCpus|kvmEnabled|packages2)$/)],
  ['xe', byLine(line => (XE.test(line) ? [line] : []))],
])

/** What stands between and around the sections is left out, and what is cut stays cut. */
function printReport({ version, sections, count }: CollectedReport, pseudonym: Pseudonym): string {
  const printed = sections.map(section => printSection(section, pseudonym))
  const end = count === undefined ? '' : `[end] ${count}\n`
  return `[virt-cpu-collect] ${version}\n${printed.join('')}${end}`
}

/** A section that is not known has no name; what programs say of their faults may name anything. */
function printSection({ name, text, status }: CollectedSection, pseudonym: Pseudonym): string {
  const redactText = SECTIONS.get(name)
  const called = redactText ? name : 'other'
  if (status === undefined) return `[${called}]\n`
  try {
    const kept = redactText?.(text, pseudonym).trimEnd() ?? ''
    return `[${called}]\n${kept.replace(/^/gm, '|')}\n[/${called}] ${status}\n`
  } catch (error) {
    if (!(error instanceof ParseError)) throw error
    return `[${called}]\n!what was printed could not be read\n[/${called}] ${status || 1}\n`
  }
}

/** A line of what a host says of itself. */
function factOf(line: string, pseudonym: Pseudonym): string[] {
  const [, key = '', value = ''] = /^([\w-]+): (.*)$/.exec(line) ?? []
  if (key === 'name') return [`name: ${hostName(value, pseudonym)}`]
  if (key === 'uuid') return [`uuid: ${pseudonym('uuid', value.toLowerCase())}`]
  if (key === 'machine-id') return [`machine-id: ${pseudonym('uuid', dashed(value)).replaceAll('-', '')}`]
  const isPlain = /^(?:system|kernel|arch|cpus|microcode|virtualization|mitigations|user|time)$/.test(key)
  return isPlain ? [line] : []
}

/** A line of `/proc/cpuinfo` without the serial number of a board, or of z, whose processors have one each. */
function withoutSerial(line: string): string[] {
  return /^\s*serial\b/i.test(line) ? [] : [line.replace(/(\bidentification\s*=\s*)\w+/, '$1000000')]
}

/** A line of a Proxmox guest's configuration. */
function settingOf(line: string, pseudonym: Pseudonym): string[] {
  const [, key = '', value = ''] = /^(\w+): *(.*)$/.exec(line) ?? []
  if (key === 'name') return [`name: ${pseudonym('guest', value)}`]
  if (key === 'args') return [`args: ${(value.match(/(?:^|\s)-cpu\s+\S+/g) ?? []).join(' ').trim()}`]
  return /^(?:arch|bios|cores|cpu|kvm|machine|memory|numa|ostype|sockets|vcpus|scsihw|boot)$/.test(key)
    ? [line]
    : []
}

/** Without what is not kept, and without text beside elements. */
function redactElement(element: Element, kept: Kept, pseudonym: Pseudonym): Element {
  const content = element.content.flatMap((part): Element[] => {
    if (typeof part === 'string') return []
    const inner = kept.get(part.name)
    if (inner === undefined) return []
    return [inner === 'all' ? renamed(part, element, pseudonym) : redactElement(part, inner, pseudonym)]
  })
  return { ...element, content }
}

function renamed(part: Element, around: Element, pseudonym: Pseudonym): Element {
  const isGuest = around.name === 'domain' && child(around, 'name') === part
  const change = (text: string) => (isGuest ? pseudonym('guest', text.trim()) : uuidsIn(text, pseudonym))
  return {
    ...part,
    content: part.content.flatMap((one): (string | Element)[] => {
      if (typeof one === 'string') return [change(one)]
      return UNIQUE.has(one.name) ? [] : [renamed(one, part, pseudonym)]
    }),
  }
}

/** What holds the whole answer of an API. */
const ENVELOPES = ['metadata', 'data', 'result']

/** An answer in JSON of which members with these names are kept, at the top and below members that only hold others. */
function redactJson(text: string, kept: RegExp, pseudonym: Pseudonym): string {
  const value = jsonOf(text)
  if (value === undefined) return ''
  const walk = (given: unknown, key: string): unknown => {
    if (Array.isArray(given)) return given.map(item => walk(item, key))
    if (isObject(given))
      return Object.fromEntries(Object.entries(given).map(([name, one]) => [name, walk(one, name)]))
    if (typeof given !== 'string') return given
    return key === 'supported-on' ? hostName(given, pseudonym) : uuidsIn(given, pseudonym)
  }
  if (!isObject(value)) return JSON.stringify(walk(value, ''))
  const [inner] = ENVELOPES.flatMap(key => (isObject(value[key]) ? [[key, value[key]] as const] : []))
  if (inner) return `{${JSON.stringify(inner[0])}:${redactJson(JSON.stringify(inner[1]), kept, pseudonym)}}`
  const own = Object.entries(value).filter(([key]) => kept.test(key))
  return JSON.stringify(
    Object.fromEntries(
      own.map(([key, one]) => [key, key === 'name' ? hostName(String(one), pseudonym) : walk(one, key)]),
    ),
  )
}

const LABELS =
  /\.node\.kubevirt\.io\/|^feature\.node\.kubernetes\.io\/(?:cpu|kernel-version)|^kubernetes\.io\/(?:arch|os)$|^kubevirt\.io\/schedulable$/

const labelsOf = (value: unknown): object =>
  Object.fromEntries(Object.entries(isObject(value) ? value : {}).filter(([key]) => LABELS.test(key)))

/** These members of an object, those that it has. */
const picked = (value: unknown, ...names: readonly string[]): Record<string, unknown> =>
  Object.fromEntries(
    names.flatMap(name => {
      const one = member(value, name)
      return one === undefined ? [] : [[name, one]]
    }),
  )

/** An object of Kubernetes, or a list of them; of what is neither a node nor a virtual machine, its kind alone. */
function redactObject(object: JsonObject, pseudonym: Pseudonym): object {
  const about = picked(object, 'apiVersion', 'kind')
  const { items } = object
  if (Array.isArray(items))
    return { ...about, items: items.filter(isObject).map(item => redactObject(item, pseudonym)) }
  const node = textAt(object, 'status', 'nodeName')
  switch (object.kind) {
    case 'Node':
      return { ...about, ...nodeOf(object, pseudonym) }
    case 'VirtualMachineInstance':
      return {
        ...about,
        metadata: {
          name: pseudonym('guest', textAt(object, 'metadata', 'name') ?? ''),
          namespace: pseudonym('space', textAt(object, 'metadata', 'namespace') ?? ''),
        },
        spec: specOf(object.spec, pseudonym),
        status: {
          ...picked(object.status, 'phase'),
          ...(node === undefined ? {} : { nodeName: hostName(node, pseudonym) }),
        },
      }
    default:
      return about
  }
}

function nodeOf(object: JsonObject, pseudonym: Pseudonym): object {
  const info = picked(at(object, 'status', 'nodeInfo'), 'architecture', 'kernelVersion', 'osImage')
  const uuid = textAt(object, 'status', 'nodeInfo', 'systemUUID')
  const annotations = picked(at(object, 'metadata', 'annotations'), 'node-labeller.kubevirt.io/skip-node')
  return {
    metadata: {
      name: hostName(textAt(object, 'metadata', 'name') ?? '', pseudonym),
      labels: labelsOf(at(object, 'metadata', 'labels')),
      ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
    },
    status: {
      capacity: picked(at(object, 'status', 'capacity'), 'cpu'),
      nodeInfo: {
        ...info,
        ...(uuid === undefined ? {} : { systemUUID: pseudonym('uuid', uuid.toLowerCase()) }),
      },
    },
  }
}

function specOf(spec: unknown, pseudonym: Pseudonym): object {
  const uuid = textAt(spec, 'domain', 'firmware', 'uuid')
  return {
    ...picked(spec, 'architecture'),
    nodeSelector: labelsOf(at(spec, 'nodeSelector')),
    domain: {
      ...picked(at(spec, 'domain'), 'cpu', 'features', 'machine', 'clock', 'memory'),
      ...(uuid === undefined ? {} : { firmware: { uuid: pseudonym('uuid', uuid.toLowerCase()) } }),
    },
  }
}
