import { bitMask } from '../../core/bits.ts'
import { type Place, placeKey } from '../../core/feature.ts'
import { LibvirtError } from '../../core/libvirt-error.ts'
import { once } from '../../core/memo.ts'
import { ParseError } from '../../core/parse-error.ts'
import { CpuMap } from '../../map/cpu-map.ts'
import { express, findGuestFeatures } from '../express.ts'
import type { Dialect, Found, FoundGuest } from '../found.ts'
import { isObject, parseDocuments } from '../json/json.ts'
import type { Printer } from '../printer.ts'
import { guestCpuOf } from './guest-cpu.ts'
import { cpuidPlace, dumpOfWords, featuresOfWords, type KnownWord } from './register-words.ts'

/** XenServer and XCP-ng: `cpu_info` of hosts and pools, and what a VM was last started with. */
export const xapi: Dialect = {
  name: 'xapi',
  title:
    'xe host-cpu-info, xe host-param-list, xe vm-param-list, XAPI objects as JSON, xl info, a bare featureset',
  sniff: text =>
    HARDWARE.test(text) ||
    BARE.test(text) ||
    (/\bfeatures(?:_hvm|_pv)?(?:_host)?"?\s*:\s*"?[0-9a-f]{8}(?:-[0-9a-f]{8}){3}/.test(text) &&
      !/^\s*</.test(text)),
  read: (text, source) => {
    if (HARDWARE.test(text)) return [hostOfXl(fieldsOfText(text))]
    if (BARE.test(text)) {
      const key = text.trim().split('-').length > 4 ? 'features_hvm' : 'features'
      return readRecord(new Map([[key, text.trim()]]), source)
    }
    const records = /^\ufeff?\s*[[{]/.test(text)
      ? parseDocuments(text, source).flatMap(({ value }) => recordsIn(value))
      : text.split(/^(?=uuid \( ?RO\))/m).map(fieldsOfText)
    return records.flatMap(record => readRecord(record, source))
  },
}

/** What `xl info` and `xm info` say of the CPU. */
const HARDWARE = /^[ \t]*hw_caps[ \t]*:[ \t]*[0-9a-f]{8}(?::[0-9a-f]{8}){3}/m

/** A featureset by itself, as xenstore, `xen-cpuid` and people hand it on. */
const BARE = /^\s*[0-9a-f]{8}(?:-[0-9a-f]{8}){3,}\s*$/

/** The version of a Xen that prints both its parts, or all of it; undefined where a paste has neither. */
function versionOfXl(fields: Fields): readonly number[] | undefined {
  const parts = [fields.get('xen_major'), fields.get('xen_minor')].filter(part => part !== undefined)
  const version = fields.get('xen_version') ?? (parts.length === 2 ? parts.join('.') : undefined)
  return version?.split('.').map(Number)
}

/**
 * The CPU as Xen found it; before 4.7 the words stood in an order of Linux's, whose third is nothing. The new order has CPUID
 * 80000001H:EDX there, in which a CPU of 64 bits, as Xen needs, is never 0.
 */
function hostOfXl(fields: Fields): Found {
  const words = (fields.get('hw_caps') ?? '').split(':').map(word => Number.parseInt(word, 16))
  const [major, minor = 0] = versionOfXl(fields) ?? []
  const isOld = major === undefined ? words[2] === 0 : major < 4 || (major === 4 && minor < 7)
  const at = (place: number, value: number | undefined): KnownWord[] => {
    const known = placesInOrder()[place]
    return known && value !== undefined ? [{ place: known, value }] : []
  }
  const [d1, e1d, , , c1, , e1c, b7] = words
  const cpus = Number(fields.get('nr_cpus') ?? Number.NaN)
  const dump = dumpOfWords(
    isOld
      ? [at(0, d1), at(2, e1d), at(1, c1), at(3, e1c), at(5, b7)].flat()
      : words.flatMap((value, i) => at(i, value)),
    {
      name: fields.get('host'),
      layer: 'hardware',
      facts: {
        cpus: cpus > 0 ? cpus : undefined,
        kernel: fields.get('release'),
        hypervisor: major === undefined ? 'Xen' : `Xen ${major}.${minor}`,
      },
      notes: ['xl info tells neither vendor nor model; what its words do not show is unknown'],
    },
  )
  return { kind: 'dump', dumps: [dump] }
}

type Fields = ReadonlyMap<string, string>

/** `key: value` one a line, or after each other with `;`; `key ( RO): value` where parameters are listed. */
function fieldsOfText(text: string): Fields {
  const fields = new Map<string, string>()
  const set = (part: string) => {
    const [, key, value] = /^\s*([\w-]+)(?: \( ?[A-Z]+\))?\s*:\s*(.*?)\s*$/s.exec(part) ?? []
    if (key !== undefined && value !== undefined && !fields.has(key)) fields.set(key, value)
    return value !== undefined && /^[\w-]+: /.test(value) ? value : ''
  }
  for (const line of text.split(/\r?\n/)) {
    const [head = '', ...rest] = line.split(/;\s*/)
    const inner = set(head)
    for (const part of inner ? [inner, ...rest] : rest) set(part)
  }
  for (const key of fields.keys()) if (/^last[-_]boot[-_]CPU[-_]flags$/.test(key)) fields.set('booted', '')
  return fields
}

/** Each object that has a featureset, with the members of the object around it. */
function recordsIn(value: unknown, around: readonly [string, string][] = [], key = ''): Fields[] {
  if (Array.isArray(value)) return value.flatMap(item => recordsIn(item))
  if (!isObject(value)) return []
  const own = Object.entries(value).flatMap(([name, member]): [string, string][] =>
    typeof member === 'string' || typeof member === 'number' ? [[name, String(member)]] : [],
  )
  const booted: [string, string][] = /^last_boot_CPU_flags$/i.test(key) ? [['booted', '']] : []
  const fields = new Map([...around, ...own, ...booted])
  const here = own.some(([name, text]) => /^features/.test(name) && FEATURESET.test(text))
  const inner = Object.entries(value).flatMap(([name, member]) =>
    isObject(member) ? recordsIn(member, own, name) : Array.isArray(member) ? recordsIn(member) : [],
  )
  return here ? [fields, ...inner] : inner
}

const FEATURESET = /^[0-9a-f]{8}(?:-[0-9a-f]{8}){3,}$/

function readRecord(fields: Fields, source: string): Found[] {
  const name = fields.get('name-label') ?? fields.get('name_label')
  const set = (key: string) => {
    const text = fields.get(key)
    if (text !== undefined && !FEATURESET.test(text))
      throw new ParseError(`${key}: groups of eight hexadecimal digits joined by \`-\` are needed`, source)
    return text?.split('-').map(word => Number.parseInt(word, 16))
  }
  if (fields.has('booted')) return bootedGuest(set('features'), fields, name)
  const [hvm, pv, old] = [set('features_hvm'), set('features_pv'), set('features')]
  const chosen = hvm && ((hvm[0] ?? 0) & 1) === 1 ? hvm : pv
  if (!chosen && !old) return []
  const vendor = fields.get('vendor')
  // What PV guests lack HVM guests may have.
  const words = chosen
    ? wordsOf(chosen, vendor).map(word => (chosen === hvm ? word : presentIn(word)))
    : oldWords(old ?? [])
  const number = (key: string) => Number(fields.get(key) ?? Number.NaN)
  const [family, model, stepping] = [number('family'), number('model'), number('stepping')]
  const signature = family >= 0 && model >= 0 && stepping >= 0 ? { family, model, stepping } : undefined
  const note = chosen !== hvm && chosen ? ['no set for HVM guests: what PV guests can have is used'] : []
  const dump = dumpOfWords(words, {
    vendor,
    signature,
    name,
    layer: chosen ? 'offered' : 'hardware',
    isOpen: chosen !== hvm || undefined,
    notes: [...note, 'a featureset of Xen: what its words do not show is unknown'],
  })
  return [{ kind: 'dump', dumps: [dump] }]
}

/** Of a word only the bits that are set. */
const presentIn = (word: KnownWord): KnownWord => ({ ...word, known: word.value })

function bootedGuest(
  set: readonly number[] | undefined,
  fields: Fields,
  name: string | undefined,
): FoundGuest[] {
  if (!set) return []
  const { present } = featuresOfWords(wordsOf(set, fields.get('vendor')))
  const features = present.map(feature => ({ name: feature, policy: 'require' as const }))
  const vcpus = Number(fields.get('VCPUs-max') ?? fields.get('VCPUs_max') ?? Number.NaN)
  return [
    {
      kind: 'guest',
      layer: 'running',
      cpu: guestCpuOf(undefined, features),
      name,
      uuid: fields.get('uuid'),
      vcpus: vcpus > 0 ? vcpus : undefined,
      notes: ['the features that the guest was last started with'],
    },
  ]
}

/** libvirt's names of what a featureset has, in the form that xapi prints; of a text that is none, nothing. */
export const featuresOfFeatureset = (text: string): readonly string[] =>
  FEATURESET.test(text)
    ? featuresOfWords(
        wordsOf(
          text.split('-').map(word => Number.parseInt(word, 16)),
          undefined,
        ),
      ).present
    : []

const msr = (half: 'low' | 'high'): Place => ({ kind: 'msr', index: 0x10a, half })

/** The word of each group, in Xen's order; later groups are of a newer Xen than we know. */
const placesInOrder = once((): readonly Place[] => [
  cpuidPlace(1, 0, 'edx'),
  cpuidPlace(1, 0, 'ecx'),
  cpuidPlace(0x8000_0001, 0, 'edx'),
  cpuidPlace(0x8000_0001, 0, 'ecx'),
  cpuidPlace(0xd, 1, 'eax'),
  cpuidPlace(7, 0, 'ebx'),
  cpuidPlace(7, 0, 'ecx'),
  cpuidPlace(0x8000_0007, 0, 'edx'),
  cpuidPlace(0x8000_0008, 0, 'ebx'),
  cpuidPlace(7, 0, 'edx'),
  cpuidPlace(7, 1, 'eax'),
  cpuidPlace(0x8000_0021, 0, 'eax'),
  cpuidPlace(7, 1, 'ebx'),
  cpuidPlace(7, 2, 'edx'),
  cpuidPlace(7, 1, 'ecx'),
  cpuidPlace(7, 1, 'edx'),
  msr('low'),
  msr('high'),
  cpuidPlace(0x8000_0021, 0, 'ecx'),
])

/** A set of features as xapi prints it, to be compared with a host's or a pool's. */
export const xenFeatureset: Printer = {
  name: 'xen-featureset',
  title: 'Xen featureset',
  readBy: 'xapi',
  print(given) {
    const { cpu, notExpressed } = express(given, {
      reader: 'a featureset of Xen',
      policies: ['require', 'disable'],
    })
    const features = findGuestFeatures(cpu)
    if (!features)
      throw new LibvirtError(
        'unsupported',
        `a featureset of Xen needs a known model of x86, not ${cpu.model}`,
      )
    const words = new Map(placesInOrder().map(place => [placeKey(place), 0]))
    const left: string[] = []
    for (const { name, place, bit } of CpuMap.builtIn().of('x86').features.in(features)) {
      const word = words.get(placeKey(place))
      if (word === undefined) left.push(name)
      else words.set(placeKey(place), (word | bitMask(bit)) >>> 0)
    }
    const model = `a featureset has no names: vendor, family and model number of ${cpu.model} are not in it`
    const set = [...words.values()].map(word => word.toString(16).padStart(8, '0')).join('-')
    return {
      text: `features_hvm: ${set}\n`,
      notExpressed: [
        ...notExpressed,
        { part: 'model', why: model },
        ...(left.length > 0
          ? [
              {
                part: 'features',
                features: left,
                why: 'a featureset of Xen has no word for where they stand',
              } as const,
            ]
          : []),
      ],
    }
  },
}

/** Bits that say nothing of the CPU: HTT and CMP_LEGACY are topology; on Intel the toolstack sets an IBS bit for old guests. */
function wordsOf(set: readonly number[], vendor = ''): KnownWord[] {
  return placesInOrder()
    .slice(0, set.length)
    .map((place, i) => {
      const known = ~(i === 0 ? 1 << 28 : i === 3 ? (/Intel/.test(vendor) ? 0x402 : 2) : 0) >>> 0
      return { place, value: ((set[i] ?? 0) & known) >>> 0, known }
    })
}

/** The four words of old versions, in their own order. */
const oldWords = (set: readonly number[]): KnownWord[] => {
  const [edx, ecx, edxOfAmd, ecxOfAmd] = placesInOrder()
  const places = [ecx, edx, ecxOfAmd, edxOfAmd]
  return places.flatMap((place, i) => (place ? { place, value: set[i] ?? 0 } : []))
}
