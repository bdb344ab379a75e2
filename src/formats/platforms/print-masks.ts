import { bitMask, hex } from '../../core/bits.ts'
import type { Cpu } from '../../core/cpu.ts'
import type { Feature } from '../../core/feature.ts'
import { LibvirtError } from '../../core/libvirt-error.ts'
import { type Place, placeKey } from '../../core/place.ts'
import { CpuMap } from '../../map/cpu-map.ts'
import type { Printer } from '../printer.ts'
import { cpuidPlace } from './register-words.ts'

/** Firecracker's CPU template: the host's CPU without the bits that the definition does not have. */
export const firecrackerTemplate: Printer = {
  name: 'firecracker',
  title: 'Firecracker CPU template',
  print: cpu => {
    const cleared = wordsWithout(cpu, 'firecracker')
    const leaves = new Map<string, { leaf: string; subleaf: string; flags: number; modifiers: object[] }>()
    for (const { place, mask } of [...cleared, ...statesWithout(cleared)]) {
      if (place.kind !== 'cpuid') continue
      const [leaf, subleaf] = [`0x${hex(place.leaf, 1)}`, `0x${hex(place.subleaf, 1)}`]
      const entry = leaves.get(`${leaf}.${subleaf}`) ?? {
        leaf,
        subleaf,
        flags: Number(place.indexed),
        modifiers: [],
      }
      leaves.set(`${leaf}.${subleaf}`, entry)
      entry.modifiers.push({ register: place.register, bitmap: `0b${bitsWithout(mask)}` })
    }
    const [low, high] = (['low', 'high'] as const).map(half =>
      bitsWithout(cleared.find(({ place }) => isArchCapabilities(place, half))?.mask ?? 0),
    )
    const bitmap = `0b${high}${low}`
    const msrs = bitmap.includes('0', 2) ? [{ addr: '0x10a', bitmap }] : []
    return `${JSON.stringify({ cpuid_modifiers: [...leaves.values()], msr_modifiers: msrs }, null, 2)}\n`
  },
}

/** `cpuid=` of xl.cfg as masks of registers, which every version of xl takes. */
export const xlCpuidMasks: Printer = {
  name: 'xl',
  title: 'xl.cfg cpuid=',
  print: cpu => {
    const leaves = new Map<string, string[]>()
    for (const { place, mask } of wordsWithout(cpu, 'xl')) {
      if (place.kind !== 'cpuid') continue
      const leaf = `0x${hex(place.leaf, 1)}${place.indexed ? `,0x${hex(place.subleaf, 1)}` : ''}`
      leaves.set(leaf, [...(leaves.get(leaf) ?? []), `${place.register}=${bitsWithout(mask)}`])
    }
    const lines = [...leaves].map(([leaf, registers]) => `    "${leaf}:${registers.join(',')}"`)
    return `cpuid = [\n${lines.join(',\n')}\n]\n`
  },
}

interface Cleared {
  readonly place: Place
  /** The bits that guests must not see. */
  readonly mask: number
}

/**
 * The bits to hide by word: features that guests use and the CPU does not have. What the platform, the hypervisor or
 * the guest decides by itself is left alone, and so are hazards, which guests must see.
 * @throws LibvirtError for a CPU whose features are not known
 */
function wordsWithout(cpu: Cpu, format: string): Cleared[] {
  const has = featuresOf(cpu, format)
  const words = new Map<string, Cleared>()
  for (const feature of CpuMap.builtIn().of('x86').features.list) {
    if (has.has(feature.name) || !isGuests(feature)) continue
    const key = placeKey(feature.place)
    const mask = ((words.get(key)?.mask ?? 0) | bitMask(feature.bit)) >>> 0
    words.set(key, { place: feature.place, mask })
  }
  return [...words.values()]
}

const isGuests = ({ order, class: kind }: Feature): boolean =>
  (order === '&' || order === '~') && kind !== 'platform' && kind !== 'volatile'

function featuresOf(cpu: Cpu, format: string): ReadonlySet<string> {
  const db = CpuMap.builtIn().of('x86')
  const model = db.model(cpu.model ?? '')
  if (!model) throw new LibvirtError('unsupported', `a model of x86 is needed to write ${format}`)
  const names = new Set(db.features.in(model.features).map(({ name }) => name))
  for (const { name, policy = 'require' } of cpu.features) {
    if (policy === 'force' || policy === 'require') names.add(name)
    else if (policy !== 'optional') names.delete(name)
  }
  return names
}

/** Parts of XSAVE's state that go with a feature. @see Intel SDM, volume 1, "XSAVE-Supported Features" */
const STATES: readonly (readonly [feature: string, bits: number])[] = [
  ['avx', 0x4],
  ['mpx', 0x18],
  ['avx512f', 0xe0],
  ['pku', 0x200],
  ['amx-tile', 0x6_0000],
]

function statesWithout(cleared: readonly Cleared[]): Cleared[] {
  const { features } = CpuMap.builtIn().of('x86')
  const mask = STATES.reduce((all, [name, bits]) => {
    const feature = features.get(name)
    const word = feature && cleared.find(({ place }) => placeKey(place) === placeKey(feature.place))
    return feature && ((word?.mask ?? 0) >>> feature.bit) & 1 ? all | bits : all
  }, 0)
  return mask ? [{ place: cpuidPlace(0xd, 0, 'eax'), mask }] : []
}

const isArchCapabilities = (place: Place, half: 'low' | 'high'): boolean =>
  place.kind === 'msr' && place.index === 0x10a && place.half === half

/** 32 characters, the most significant bit first: 0 where the bit is hidden, else the host's. */
const bitsWithout = (mask: number): string =>
  Array.from({ length: 32 }, (_, i) => ((mask >>> (31 - i)) & 1 ? '0' : 'x')).join('')
