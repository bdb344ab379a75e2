import type { Signature } from '../../core/model.ts'
import type { Dialect, Found, FoundGuest, Statement } from '../found.ts'
import {
  anyCase,
  isObject,
  type JsonObject,
  nearestText,
  type ObjectAround,
  objectsIn,
  parseDocuments,
} from '../json/json.ts'
import { hardwareOf } from './guest-configs.ts'
import { featuresOfSettings, guestCpuOf, type Setting } from './guest-cpu.ts'

/** vSphere: what hosts can give, what VMs require, what EVC modes guarantee. */
export const vsphere: Dialect = {
  name: 'vsphere',
  title: 'vSphere: featureCapability, featureRequirement and EVC modes as JSON or as a table',
  hostsBy: 'govc object.collect -json HOST config.featureCapability',
  withoutLibvirt: true,
  sniff: text =>
    /^\ufeff?\s*[[{]/.test(text)
      ? /"(?:key|feature_?name)"\s*:\s*"cpuid\.|"cpuFeature"\s*:/i.test(text)
      : /^[ \t]*(?:cpuid\.\w+[ \t]+){1,2}(?:\w+:\w+:)?(?:0x)?\d+[ \t]*$/im.test(text),
  read: (text, source) => {
    if (!/^\ufeff?\s*[[{]/.test(text)) return readTable(text)
    return parseDocuments(text, source).flatMap(({ value }) => [...objectsIn(value)].flatMap(readObject))
  },
}

type Pairs = ReadonlyMap<string, string>

/** `cpuid.AVX2` and its value, of a list of such entries; keys without `cpuid.`; absent for any other list. */
function pairsOf(list: unknown): Pairs | undefined {
  if (!Array.isArray(list)) return undefined
  const pairs = list.filter(isObject).flatMap((entry): [string, string][] => {
    const key = /^cpuid\.(.+)/i.exec(String(anyCase(entry, 'key') ?? anyCase(entry, 'feature_name')))?.[1]
    return key === undefined ? [] : [[key, String(anyCase(entry, 'value'))]]
  })
  return pairs.length > 0 ? new Map(pairs) : undefined
}

function readObject(placed: ObjectAround): Found[] {
  const { object } = placed
  const lists = Object.entries(object).map(([key, list]) => [key.toLowerCase(), pairsOf(list)] as const)
  const of = (key: string) => lists.find(([name]) => name === key)?.[1]
  const evc = String(anyCase(object, 'key') ?? '')
  if (anyCase(object, 'vendorTier') !== undefined && of('featurecapability'))
    return [readMode(evc, of('featurecapability'))]
  const [own, masked] = [of('featurecapability'), of('maskedfeaturecapability')]
  const required = of('featurerequirement') ?? of('offlinefeaturerequirement')
  const modes = modesAround(placed)
  const notes = [...modes].map(([key, mode]) => `${key} is ${mode}`)
  const mode = modes.get('currentEVCModeKey') ?? modes.get('maxEVCModeKey')
  const brand = [object, ...placed.around].map(brandOf).find(Boolean)
  const hosts = lists.filter(([key, pairs]) => pairs && !LISTS.test(key))
  const statement = (pairs: Pairs, layer: Statement['layer'], name = nearestText(placed, 'name')) =>
    statementOf(pairs, { layer, name, brand, notes, mode: layer === 'offered' ? mode : undefined })
  return [
    ...hardwareOf(anyCase(object, 'cpuFeature'), nearestText(placed, 'name')),
    ...(own ? [statement(own, masked ? 'hardware' : 'offered')] : []),
    ...(masked ? [statement(masked, 'offered')] : []),
    ...hosts.flatMap(([key, pairs]) => (pairs ? [statement(pairs, 'offered', nameOf(object, key))] : [])),
    ...(required
      ? [guestOf(required, of('featurerequirement') ? 'running' : 'defined', placed, modes, notes)]
      : []),
  ]
}

/** The CPU's name in a host's summary; undefined: there is none. */
function brandOf(host: JsonObject): string | undefined {
  const inner = ['hardware', 'cpuModel'].reduce(
    (value, key) => (isObject(value) ? anyCase(value, key) : undefined),
    anyCase(host, 'summary'),
  )
  return typeof inner === 'string' ? inner : undefined
}

const LISTS = /^(?:masked)?feature(?:capability|mask)$|featurerequirement$/

/** Ansible lists hosts by name. */
const nameOf = (object: JsonObject, lower: string): string =>
  Object.keys(object).find(key => key.toLowerCase() === lower) ?? lower

const EVC = ['currentEVCModeKey', 'maxEVCModeKey', 'minRequiredEVCModeKey'] as const

/** What the objects around say of EVC, by key. */
function modesAround({ object, around }: ObjectAround): ReadonlyMap<string, string> {
  const near = [object, ...around.slice(0, 1)].flatMap(one => [one, ...Object.values(one).filter(isObject)])
  return new Map(
    EVC.flatMap(name => {
      const value = near.map(one => anyCase(one, name)).find(found => typeof found === 'string')
      return typeof value === 'string' && value !== '' ? [[name, value] as const] : []
    }),
  )
}

/** Modes by what they give, the least first. A mode that is not here is not compared with others. */
const LADDERS = [
  'merom penryn nehalem westmere sandybridge ivybridge haswell broadwell skylake cascadelake icelake sapphirerapids'
    .split(' ')
    .map(name => `intel-${name}`),
  'rev-e rev-f greyhound-no3dnow bulldozer piledriver steamroller zen zen2 zen3 zen4'
    .split(' ')
    .map(name => `amd-${name}`),
]

const labelOf = (mode: string): string => `evc-mode/${mode}`

/** The modes of VMs that a host in this one takes, as labels; undefined: its place among them is not known. */
function labelsOfMode(mode = ''): ReadonlySet<string> | undefined {
  const ladder = LADDERS.find(modes => modes.includes(mode))
  return ladder && new Set(ladder.slice(0, ladder.indexOf(mode) + 1).map(labelOf))
}

/** Keys that are no features: numbers, vendors, states of XCR0. */
const NO_FEATURE = /^(?:intel|amd|family|model|stepping|numlevels|num_?ext_?levels|xcr0_.*)$/i

/** VMware's own names of bits of MSRs: which bit they are depends on the vendor. */
const CONTROLS = /^(?:ibrs|ibpb|stibp|ssbd)$/i

function statementOf(
  pairs: Pairs,
  {
    layer,
    name,
    brand,
    notes,
    mode,
  }: Pick<Statement, 'layer' | 'name' | 'brand' | 'notes'> & { readonly mode?: string | undefined },
): Statement {
  const value = (key: string) => [...pairs].find(([name]) => name.toLowerCase() === key)?.[1]
  const isAmd = value('amd') === '1'
  const { words, unread } = wordsOf(pairs, isAmd)
  const vendor = isAmd ? 'AMD' : value('intel') === '1' ? 'Intel' : vendorOfMode(mode ?? '')
  return {
    kind: 'statement',
    layer,
    arch: 'x86_64',
    vocabulary: 'vmware',
    present: words.filter(([, value]) => value !== '0').map(([word]) => word),
    absent: words.filter(([, value]) => value === '0').map(([word]) => word),
    complete: false,
    name,
    vendor,
    brand,
    labels: labelsOfMode(mode),
    signature: signatureOf(value('family'), value('model'), value('stepping')),
    notes: [...(notes ?? []), ...unread],
  }
}

function wordsOf(pairs: Pairs, isAmd: boolean): { words: [string, string][]; unread: string[] } {
  const all = [...pairs].filter(([key]) => !NO_FEATURE.test(key))
  const words = all.filter(
    ([key]) => !CONTROLS.test(key) || (isAmd ? /^ibpb$/i.test(key) : /^(?:stibp|ssbd)$/i.test(key)),
  )
  const unread = all.flatMap(([key]) => (isAmd && CONTROLS.test(key) && !/^ibpb$/i.test(key) ? [key] : []))
  const control = ['ibrs', 'ibpb'].map(key => all.find(([name]) => name.toLowerCase() === key)?.[1])
  // Intel's one bit for both.
  if (!isAmd && control.some(value => value !== undefined))
    words.push([
      'IBRS+IBPB',
      control.some(value => value?.endsWith('0')) ? '0' : (control[0] ?? control[1] ?? '0'),
    ])
  const note = `which bits of AMD's ${unread.join(', ')} are is not known: not read`
  return { words, unread: unread.length > 0 ? [note] : [] }
}

/** Numbers are decimal or `0x…`. */
function signatureOf(...texts: readonly (string | undefined)[]): Signature | undefined {
  const [family = -1, model = -1, stepping = -1] = texts.map(text => Number(text || Number.NaN))
  return family > 0 && model >= 0 && stepping >= 0 ? { family, model, stepping } : undefined
}

/** `Bool:Min:1`, `Num:Min:1`: the VM needs it. `Val:0`: it must not be there. */
function settingsOf(pairs: Pairs): Setting[] {
  const isAmd = pairs.has('amd') || pairs.has('AMD')
  return wordsOf(pairs, isAmd).words.map(
    ([word, value]): Setting => [word, /:0$|^0$/.test(value) ? 'disable' : 'require'],
  )
}

function guestOf(
  pairs: Pairs,
  layer: FoundGuest['layer'],
  placed: ObjectAround,
  modes: ReadonlyMap<string, string>,
  notes: readonly string[],
): FoundGuest {
  const [vm = placed.object] = placed.around
  const host = anyCase(placed.object, 'host')
  const hardware = [...objectsIn(anyCase(vm, 'config'))].map(({ object }) => anyCase(object, 'numCPU'))
  const vcpus = hardware.find(count => typeof count === 'number')
  const config = anyCase(vm, 'config')
  const needed = modes.get('minRequiredEVCModeKey') ?? ''
  const uuid = nearestText({ object: isObject(config) ? config : vm, around: [vm] }, 'uuid')
  return {
    kind: 'guest',
    layer,
    cpu: guestCpuOf(undefined, featuresOfSettings(settingsOf(pairs), 'vmware'), {
      vendor: vendorOfGuest(pairs, modes),
    }),
    name: nearestText(placed, 'name'),
    uuid,
    host:
      typeof host === 'string'
        ? host
        : isObject(host)
          ? nearestText({ object: host, around: [] }, 'value')
          : undefined,
    vcpus: typeof vcpus === 'number' ? vcpus : undefined,
    selectors: labelsOfMode(needed) && [labelOf(needed)],
    notes: ['what the VM requires of a host', ...notes],
  }
}

/** The vendor of the hosts that a VM can be on, by what it requires, or by its EVC mode. */
function vendorOfGuest(pairs: Pairs, modes: ReadonlyMap<string, string> = new Map()): string | undefined {
  const keys = new Set([...pairs.keys()].map(key => key.toLowerCase()))
  if (keys.has('intel')) return 'Intel'
  if (keys.has('amd')) return 'AMD'
  return [...modes.values()].map(vendorOfMode).find(Boolean)
}

/** `intel-broadwell`, `amd-zen2` */
const vendorOfMode = (key: string): string | undefined =>
  key.startsWith('intel-') ? 'Intel' : key.startsWith('amd-') ? 'AMD' : undefined

/** What an EVC mode gives to guests. */
function readMode(key: string, pairs: Pairs = new Map()): FoundGuest {
  const settings = wordsOf(pairs, /^amd/.test(key)).words.filter(([, value]) => value !== '0')
  const features = featuresOfSettings(
    settings.map(([word]): Setting => [word, 'require']),
    'vmware',
  )
  return {
    kind: 'guest',
    layer: 'defined',
    cpu: guestCpuOf(undefined, features, { vendor: vendorOfMode(key) }),
    name: key,
    notes: ['an EVC mode'],
  }
}

/** Lines of `cpuid.AVX2 [cpuid.AVX2] 1`, or with `Bool:Min:1`. */
function readTable(text: string): Found[] {
  const rows = [
    ...text.matchAll(/^[ \t]*cpuid\.(\w+)[ \t]+(?:cpuid\.\w+[ \t]+)?((?:\w+:\w+:)?(?:0x)?\d+)[ \t]*\r?$/gim),
  ]
  const pairs = new Map(rows.map(([, key = '', value = '']) => [key, value]))
  if (![...pairs.values()].some(value => value.includes(':')))
    return [statementOf(pairs, { layer: 'offered' })]
  const cpu = guestCpuOf(undefined, featuresOfSettings(settingsOf(pairs), 'vmware'), {
    vendor: vendorOfGuest(pairs),
  })
  return [{ kind: 'guest', layer: 'running', cpu, notes: ['what the VM requires of a host'] }]
}
