import { bitMask, hex } from '../../core/bits.ts'
import { asGuest, type Cpu } from '../../core/cpu.ts'
import { type Feature, type Place, placeKey } from '../../core/feature.ts'
import { LibvirtError } from '../../core/libvirt-error.ts'
import { CpuMap } from '../../map/cpu-map.ts'
import { express, findGuestFeatures } from '../express.ts'
import type { NotExpressed, Printed, Printer } from '../printer.ts'
import { cpuidPlace } from './register-words.ts'

/** Firecracker's CPU template: the host's CPU without the bits that the definition does not have. */
export const firecrackerTemplate: Printer = {
  name: 'firecracker',
  title: 'Firecracker CPU template',
  readBy: 'firecracker',
  print: given => {
    const isWritten = (place: Place) => place.kind === 'cpuid' || isArchCapabilities(place)
    const { words, notExpressed } = masksOf(given, 'Firecracker', isWritten)
    const leaves = new Map<string, { leaf: string; subleaf: string; flags: number; modifiers: object[] }>()
    for (const { place, cleared, set } of [...words, ...statesWithout(words)]) {
      if (place.kind !== 'cpuid') continue
      const [leaf, subleaf] = [`0x${hex(place.leaf, 1)}`, `0x${hex(place.subleaf, 1)}`]
      const entry = leaves.get(`${leaf}.${subleaf}`) ?? {
        leaf,
        subleaf,
        flags: Number(place.indexed),
        modifiers: [],
      }
      leaves.set(`${leaf}.${subleaf}`, entry)
      entry.modifiers.push({ register: place.register, bitmap: `0b${bitsOf(cleared, set)}` })
    }
    const [low, high] = (['low', 'high'] as const).map(half => {
      const word = words.find(({ place }) => isArchCapabilities(place) && place.half === half)
      return bitsOf(word?.cleared ?? 0, word?.set ?? 0)
    })
    const bitmap = `0b${high}${low}`
    const msrs = /[01]/.test(bitmap.slice(2)) ? [{ addr: '0x10a', bitmap }] : []
    const template = { cpuid_modifiers: [...leaves.values()], msr_modifiers: msrs }
    return { text: `${JSON.stringify(template, null, 2)}\n`, notExpressed }
  },
}

/** `cpuid=` of xl.cfg as masks of registers, which every version of xl takes. */
export const xlCpuidMasks: Printer = {
  name: 'xl',
  title: 'xl.cfg cpuid=',
  readBy: 'xl-cpuid',
  print: given => {
    const { words, notExpressed } = masksOf(given, 'xl', ({ kind }) => kind === 'cpuid')
    const leaves = new Map<string, string[]>()
    for (const { place, cleared, set } of words) {
      if (place.kind !== 'cpuid') continue
      const leaf = `0x${hex(place.leaf, 1)}${place.indexed ? `,0x${hex(place.subleaf, 1)}` : ''}`
      leaves.set(leaf, [...(leaves.get(leaf) ?? []), `${place.register}=${bitsOf(cleared, set)}`])
    }
    const lines = [...leaves].map(([leaf, registers]) => `    "${leaf}:${registers.join(',')}"`)
    return { text: `cpuid = [\n${lines.join(',\n')}\n]\n`, notExpressed }
  },
}

/**
 * The CPU of a VMware virtual machine as masks of registers: the host's without the bits that the definition does not
 * have. Only leaves whose masks need no subleaf have a form that is documented.
 */
export const vmxMasks: Printer = {
  name: 'vmx',
  title: 'VMX file: cpuid masks',
  readBy: 'vmx',
  print: given => {
    const isWritten = (place: Place) => place.kind === 'cpuid' && place.subleaf === 0
    const { words, notExpressed } = masksOf(given, 'a VMX file', isWritten)
    const lines = words.flatMap(({ place, cleared, set }) => {
      if (place.kind !== 'cpuid') return []
      const bits = bitsOf(cleared, set)
        .replaceAll('x', '-')
        .replace(/(?<=.)(?=(?:.{4})+$)/g, ':')
      return [`cpuid.${hex(place.leaf, 1)}.${place.register} = "${bits}"\n`]
    })
    return { text: lines.join('') || '# nothing is masked\n', notExpressed }
  },
}

interface Mask {
  readonly place: Place
  /** The bits that guests must not see. */
  readonly cleared: number
  /** The bits that they see whatever the host has. */
  readonly set: number
}

/**
 * The bits to hide and to set, by word. Of a model: features that guests use and the CPU does not have. What the
 * platform, the hypervisor or the guest decides by itself is left alone, and so are hazards, which guests must see.
 * @throws LibvirtError for a CPU whose features are not known
 */
function masksOf(
  given: Cpu,
  reader: string,
  isWritten: (place: Place) => boolean,
): Pick<Printed, 'notExpressed'> & { words: Mask[] } {
  const { cpu, notExpressed } = express(given, {
    reader,
    modes: ['host-passthrough'],
    policies: ['force', 'require', 'disable'],
  })
  const { list } = CpuMap.builtIn().of('x86').features
  const policies = new Map(cpu.features.map(({ name, policy }) => [name, policy]))
  const has = asGuest(cpu)?.mode === 'host-passthrough' ? undefined : featuresOf(cpu, reader)
  const isHidden = (feature: Feature) =>
    has ? isGuests(feature) && !feature.bits.leq(has) : policies.get(feature.name) === 'disable'
  const hidden = list.filter(isHidden)
  // Details of vmx and svm mean nothing without them.
  const isThere = (name: string) => !hidden.some(feature => feature.name === name)
  const isNoDetail = ({ name, class: of }: Feature) =>
    of !== 'nested' || isThere(name.startsWith('vmx-') ? 'vmx' : 'svm')
  const forced = list.filter(({ name }) => policies.get(name) === 'force')
  const words = new Map<string, Mask>()
  const add = ({ place, bit }: Feature, key: 'cleared' | 'set') => {
    const word = words.get(placeKey(place)) ?? { place, cleared: 0, set: 0 }
    words.set(placeKey(place), { ...word, [key]: (word[key] | bitMask(bit)) >>> 0 })
  }
  for (const feature of list) {
    if (!isWritten(feature.place)) continue
    if (hidden.includes(feature)) add(feature, 'cleared')
    else if (forced.includes(feature)) add(feature, 'set')
  }
  return {
    words: [...words.values()],
    notExpressed: [...notExpressed, ...notMasked(cpu, reader, hidden.filter(isNoDetail), forced, isWritten)],
  }
}

/** What masks do not say. */
function notMasked(
  { mode, model, features }: ReturnType<typeof express>['cpu'],
  reader: string,
  hidden: readonly Feature[],
  forced: readonly Feature[],
  isWritten: (place: Place) => boolean,
): NotExpressed[] {
  const namesOf = (list: readonly Feature[]) =>
    list.flatMap(({ name, place }) => (isWritten(place) ? [] : [name]))
  const [shown, missing] = [namesOf(hidden), namesOf(forced)]
  const asked = features.flatMap(({ name, policy }) => (policy === 'require' ? [name] : []))
  const isPassed = mode === 'host-passthrough'
  return [
    ...(isPassed
      ? []
      : [
          {
            part: 'model',
            why: `${reader} hides what ${model} does not have: vendor, family and model number are the host's, and a host that lacks a feature is not refused`,
          } as const,
        ]),
    ...(isPassed && asked.length > 0
      ? [{ part: 'policy', features: asked, why: `${reader} requires nothing of the host` } as const]
      : []),
    ...(shown.length > 0
      ? [
          {
            part: 'features',
            features: shown,
            why: `${reader} has no mask for where they stand: the guest has them if the host does`,
          } as const,
        ]
      : []),
    ...(missing.length > 0
      ? [{ part: 'features', features: missing, why: `${reader} has no mask for where they stand` } as const]
      : []),
  ]
}

const isGuests = ({ order, class: kind }: Feature): boolean =>
  (order === '&' || order === '~') && kind !== 'platform' && kind !== 'volatile'

function featuresOf(cpu: Cpu, reader: string) {
  const features = findGuestFeatures(cpu)
  if (features) return features
  throw new LibvirtError('unsupported', `${reader} needs a model of x86 that is known, not ${cpu.model}`)
}

/** Parts of XSAVE's state that go with a feature. @see Intel SDM, volume 1, "XSAVE-Supported Features" */
const STATES: readonly (readonly [feature: string, bits: number])[] = [
  ['avx', 0x4],
  ['mpx', 0x18],
  ['avx512f', 0xe0],
  ['pku', 0x200],
  ['amx-tile', 0x6_0000],
]

function statesWithout(words: readonly Mask[]): Mask[] {
  const { features } = CpuMap.builtIn().of('x86')
  const cleared = STATES.reduce((all, [name, bits]) => {
    const feature = features.get(name)
    const word = feature && words.find(({ place }) => placeKey(place) === placeKey(feature.place))
    return feature && ((word?.cleared ?? 0) >>> feature.bit) & 1 ? all | bits : all
  }, 0)
  return cleared ? [{ place: cpuidPlace(0xd, 0, 'eax'), cleared, set: 0 }] : []
}

const isArchCapabilities = (place: Place): place is Extract<Place, { kind: 'msr' }> =>
  place.kind === 'msr' && place.index === 0x10a

/** 32 characters, the most significant bit first: 0 where the bit is hidden, 1 where it is set, else the host's. */
const bitsOf = (cleared: number, set: number): string =>
  Array.from({ length: 32 }, (_, i) =>
    (cleared >>> (31 - i)) & 1 ? '0' : (set >>> (31 - i)) & 1 ? '1' : 'x',
  ).join('')
