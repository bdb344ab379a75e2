import { ParseError } from '../../core/parse-error.ts'
import { packedAs } from '../../formats/decode-bytes.ts'
import { DIALECTS } from '../../formats/dialects.ts'
import { libvirtXml } from '../../formats/libvirt/document-reader.ts'
import { NO_FORMAT, type Note } from '../words/note.ts'

/** What is known of a document that is left out. */
interface LeftOut {
  readonly path: string
  /** Its text, or the beginning of it; absent: it could not be read at all. */
  readonly text?: string | undefined
  /** Its first bytes, where it was not given as text. */
  readonly bytes?: Uint8Array | undefined
  /** What reading it threw; absent: it holds nothing of use. */
  readonly error?: unknown
}

/**
 * The note on a document that nobody named and that is left out: `file-skipped` where a host or a guest was meant,
 * `file-without-cpu` for everything else that lies about.
 */
export function noteOfSkipped({ path, text, bytes, error }: LeftOut): Note {
  const guess = text === undefined ? undefined : guessOf(text, path, bytes)
  const looksLike = guess ? { looksLike: guess.looksLike } : {}
  const isMeant = error === undefined ? guess?.kind === 'part' : guess?.kind !== 'other'
  if (!isMeant) return { kind: 'file-without-cpu', source: path, ...looksLike }
  const fault = error === undefined ? NO_FORMAT : faultOf(error)
  return { kind: 'file-skipped', source: path, fault, ...looksLike }
}

/** What went wrong, without the name of the document, in one line. */
function faultOf(error: unknown): string {
  if (error instanceof ParseError) return `${error.line > 0 ? `line ${error.line}: ` : ''}${error.what}`
  return error instanceof Error ? error.message : String(error)
}

/** What a file that was not read seems to be. */
interface Guess {
  /** As a sentence goes on after `looks like`. */
  readonly looksLike: string
  /** Hosts or guests in a known form; what is left of such a description; something else. */
  readonly kind: 'host' | 'part' | 'other'
}

const host = (looksLike: string): Guess => ({ looksLike, kind: 'host' })
const other = (looksLike: string): Guess => ({ looksLike, kind: 'other' })

/**
 * What a text seems to be that could not be read, or that holds nothing of use: by its first characters, by the dialect
 * that accepts it, by words that only CPUs' descriptions have, and by the ending of its name. Undefined: nothing tells.
 * @param bytes its beginning
 */
function guessOf(text: string, path: string, bytes?: Uint8Array): Guess | undefined {
  if (text.trim() === '') return other('an empty file')
  const packed = bytes && packedAs(bytes)
  if (packed)
    return {
      looksLike: packed.isArchive ? packed.title : `a file packed by ${packed.title}`,
      kind: packed.isArchive ? 'other' : 'host',
    }
  const named = ENDINGS.find(([ending]) => ending.test(path))
  if (named) return other(named[1])
  if (text.includes('\0')) return other('binary data')
  const program = /^#!\s*\S*?([\w.-]+)(?:\s+([\w.-]+))?\s*$/m.exec(text.slice(0, 200))
  if (text.startsWith('#!') && program) return other(`a script (${program[2] ?? program[1]})`)
  if (/^\s*</.test(text)) return guessOfXml(text)
  const dialect = DIALECTS.find(({ name, sniff }) => name !== libvirtXml.name && sniff(text))
  if (dialect) return host(dialect.title)
  const part = PARTS.find(([mark]) => mark.test(text))
  if (part) return { looksLike: part[1], kind: 'part' }
  const [, printer, instead] = PROGRAMS.find(([mark]) => mark.test(text)) ?? []
  if (printer === undefined) return guessOfText(text)
  return { looksLike: `what ${printer} prints, which lists too little: run \`${instead}\``, kind: 'part' }
}

/** Elements of which hosts and guests are made. */
const OF_HOSTS = /^(?:cpu|cpudata|capabilities|domainCapabilities|domain|domstatus|domainsnapshot|hosts?)$/

function guessOfXml(text: string): Guess {
  const [, name] = /^(?:\s|<\?[^>]*>|<!--[\s\S]*?-->|<!DOCTYPE[^>]*>)*<([\w:.-]+)/i.exec(text) ?? []
  if (name === undefined) return other('XML without an element')
  return { looksLike: `<${name}>`, kind: OF_HOSTS.test(name) ? 'host' : 'other' }
}

/** Files that are not of hosts whatever they mention. */
const ENDINGS: readonly (readonly [ending: RegExp, title: string])[] = [
  [/\.(?:md|markdown|rst|adoc)$|(?:^|\/)README$/i, 'documentation'],
  [/\.(?:py|sh|bash|pl|rb|go|rs|c|h|js|ts|lua|java|php)$/i, 'source code'],
  [/\.(?:html?|css|svg)$/i, 'a page'],
  [/\.(?:png|jpe?g|gif|ico|pdf)$/i, 'an image'],
  [/(?:^|\/)(?:LICENSE|COPYING|Makefile|Dockerfile)$/, 'a part of a project'],
]

/** What is left of a host's description when its head or its end is gone. */
const PARTS: readonly (readonly [mark: RegExp, title: string])[] = [
  [/^(?:processor|vendor_id|cpu family|flags|bogomips)\s*: /m, 'a part of /proc/cpuinfo'],
  [/^(?:Architecture|CPU op-mode\(s\)|Model name|Flags|NUMA node\(s\)):\s/m, 'a part of what lscpu prints'],
  [/^[ \t]*(?:0x[\da-f]{8} 0x[\da-f]{2}: eax=|CPUID [\da-f]{8})/im, 'a part of a CPUID dump'],
  [/<\/?(?:cpu|capabilities|domainCapabilities|feature name=|domain)\b/, 'a part of a document of libvirt'],
  [
    /"ansible_(?:facts|processor)"/,
    'Ansible’s facts, which list no CPU flags: run `cat /proc/cpuinfo` by it',
  ],
  [/"(?:QMP|lscpu|cpuid|cpu_info|query-cpu-\w+)"/, 'a part of JSON about a CPU'],
  [
    /\b(?:Intel64|AMD64) Family \d+ Model \d+/,
    'what Windows tells of its CPU, which lists few features or none',
  ],
  [/^machdep\.cpu\./m, 'what macOS tells of its CPU, under which KVM does not run'],
  [
    /^ +Brand: \w+\n +Core Speed: |^ *CPU Packages: \d+\s+CPU Cores: /m,
    'what esxcli prints, which lists no features: ask for featureCapability',
  ],
]

const FLAGS = 'cat /proc/cpuinfo'

/** Programs that list few features or none, and what to run instead. */
const PROGRAMS: readonly (readonly [mark: RegExp, program: string, instead: string])[] = [
  [/^# dmidecode |^SMBIOS \d/m, 'dmidecode', FLAGS],
  [/^ *\*-cpu(?::\d+)?\s*$/m, 'lshw', FLAGS],
  [/^CPU:\s+(?:Info|Topology): /m, 'inxi', FLAGS],
  [/Hardware Class: cpu$/m, 'hwinfo', FLAGS],
  [/^CPU model: +\S+\nCPU\(s\): /m, 'virsh nodeinfo', 'virsh capabilities'],
  [/^ ?Id +Name +State\s*$/m, 'virsh list', 'virsh dumpxml'],
  [/^NAME +STATUS +ROLES +AGE /m, 'kubectl get nodes', 'kubectl get nodes -o json'],
  [/^NAME +AGE +PHASE +IP +NODENAME/m, 'kubectl get vmi', 'kubectl get vmi -o json'],
  [/^Using library: libvirt |^Running hypervisor: /m, 'virsh version', 'virsh capabilities'],
  [/^CPU +(?:NODE +|SOCKET +)*CORE /m, 'lscpu -e', 'lscpu'],
  [/^# The following is the parsable format/m, 'lscpu -p', 'lscpu'],
  [/\| Hypervisor Hostname +\|/, 'openstack hypervisor list', 'openstack hypervisor show -f json HOST'],
  [/^uuid \( ?RO\)[\s\S]*^ *name-label \( ?RW\)/m, 'xe host-list', 'xe host-param-list uuid=UUID'],
  [/^CPUs?(?: \d+)?:\n +(?:Architecture|Socket \d+|Vendor): /m, 'incus info', 'incus query /1.0/resources'],
  [/^ +VMID NAME +STATUS /m, 'qm list', 'qm config VMID'],
  [/^ +ID NAME +CLUSTER +TVM /m, 'onehost list', 'onehost show -j ID'],
  [/^Linux \S+ \d+\.\d+\S* #/m, 'uname', FLAGS],
  [/^hw\.model: /m, 'sysctl', 'dmesg'],
]

function guessOfText(text: string): Guess | undefined {
  // What a command would have printed to a file that was to describe a host.
  const [, failed] = /^\s*(?:error|fatal|ssh|bash|sh|sudo|cat|virsh): (.{1,80})/i.exec(text) ?? []
  if (failed !== undefined && text.length < 2000)
    return { looksLike: `the error of a command: ${failed.trim()}`, kind: 'part' }
  if (/^\s*[{[]/.test(text)) return other('JSON of something else')
  const [, kind] = /^kind:\s*(\w+)/m.exec(text) ?? []
  if (kind !== undefined && /^apiVersion:/m.test(text)) return other(`a ${kind} of Kubernetes`)
  if (/^---\s*$|^- (?:hosts|name):/m.test(text)) return other('YAML of something else')
  return undefined
}
