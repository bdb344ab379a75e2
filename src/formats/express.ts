import { requireDecoder } from '../arch/registry.ts'
import { type Cpu, type CpuFeature, type GuestCpu, type Mode, type Policy, required } from '../core/cpu.ts'
import type { FeatureSet } from '../core/feature-set.ts'
import { LibvirtError } from '../core/libvirt-error.ts'
import type { Model } from '../core/model.ts'
import { didYouMean } from '../core/text.ts'
import { CpuMap } from '../map/cpu-map.ts'
import type { DefinitionPart, NotExpressed } from './printer.ts'

/** What a dialect has words for. */
export interface Abilities {
  /** Who reads the dialect, in sentences: `QEMU 10.0`. */
  readonly reader: string
  /** Modes besides `custom`, which names a model. Absent: none. */
  readonly modes?: readonly Mode[]
  /** Policies of features. Absent: `require` and `disable`. */
  readonly policies?: readonly Policy[]
  /** Parts besides model, features and policies. Absent: none. */
  readonly parts?: readonly DefinitionPart[]
  /** Absent: it knows every model. */
  readonly knowsModel?: (name: string) => boolean
  /** Absent: it knows every feature of ours. */
  readonly knowsFeature?: (name: string) => boolean
  /** Whether words that are no feature of ours are written too: an installed map may have them. */
  readonly takesAnyName?: true
  /** Whether its models still have what libvirt took out of its own, so that it must be turned off by name. */
  readonly keepsRemoved?: true
}

/** A definition as a dialect can write it, and what of the given one is not in it. */
interface Expressed {
  readonly cpu: GuestCpu
  readonly notExpressed: readonly NotExpressed[]
}

/**
 * The definition in the words that a dialect has. A model that its reader does not know is replaced by the closest
 * that it knows, with the difference spelled out.
 * @throws LibvirtError for a mode that the dialect does not have, and where no known model fits
 */
export function express(given: Cpu, abilities: Abilities): Expressed {
  const guest = asGuestDefinition(given)
  const mode = guest.mode ?? 'custom'
  const { reader, modes = [] } = abilities
  if (mode !== 'custom' && !modes.includes(mode))
    throw new LibvirtError('unsupported', `${reader} has no mode ${mode}: the definition must name a model`)
  const onModel = mode === 'custom' ? onKnownModel(guest, abilities) : { cpu: guest, notExpressed: [] }
  const features = inKnownWords(onModel.cpu, abilities)
  const parts = otherParts(guest).filter(({ part }) => !abilities.parts?.includes(part))
  return {
    cpu: without(features.cpu, new Set(parts.map(({ part }) => part))),
    notExpressed: [...onModel.notExpressed, ...features.notExpressed, ...parts],
  }
}

/** A host's CPU as the guest that has all of it. */
export const asGuestDefinition = (cpu: Cpu): GuestCpu => {
  if (cpu.type === 'guest') return cpu
  const { arch, model, vendor, features } = cpu
  return {
    type: 'guest',
    mode: 'custom',
    match: 'exact',
    arch,
    model,
    vendor,
    features: features.map(required),
  }
}

const isX86 = ({ arch = 'x86_64' }: Cpu): boolean => /^(?:x86_64|i[3-6]86)$/.test(arch)

/** The model of x86 of that name: libvirt's, or a version that only QEMU has. */
export function findAnyModel(name: string): (Model & { readonly qemuOnly?: boolean }) | undefined {
  const db = CpuMap.builtIn().of('x86')
  const known = db.model(name)
  if (known || !/-v\d+$/.test(name)) return known
  const versions = db.families.flatMap(family => family.versions)
  const found = versions.find(version => version.qemuOnly && version.versioned?.name === name)
  return found?.versioned && { ...found.versioned, qemuOnly: true }
}

/** All features of a guest of x86 that is a known model; undefined: it is none. Names that no feature has count for nothing. */
export function findGuestFeatures(guest: Cpu): FeatureSet | undefined {
  const { features: table } = CpuMap.builtIn().of('x86')
  const model = guest.model === undefined ? undefined : findAnyModel(guest.model)
  if (!model || !isX86(guest)) return undefined
  return guest.features.reduce((all, { name, policy = 'require' }) => {
    const bits = table.get(name)?.bits
    if (!bits || policy === 'optional') return all
    return policy === 'disable' || policy === 'forbid' ? all.minus(bits) : all.join(bits)
  }, model.features)
}

/** The definition on a model that the reader knows. */
function onKnownModel(guest: GuestCpu, abilities: Abilities): Expressed {
  const { reader, knowsModel = () => true } = abilities
  const { model } = guest
  if (model === undefined)
    throw new LibvirtError('unsupported', `${reader} needs a CPU model, and the definition names none`)
  const known = isX86(guest) ? findAnyModel(model) : undefined
  if (!isX86(guest) || knowsModel(model)) {
    const removed = abilities.keepsRemoved ? (known?.removed ?? []) : []
    const off = removed.map(({ name }): CpuFeature => ({ name, policy: 'disable' }))
    return { cpu: { ...guest, features: [...guest.features, ...unnamed(off, guest)] }, notExpressed: [] }
  }
  const features = findGuestFeatures(guest)
  if (!features) throw unknownModel(reader, model)
  const cpu = closest(guest, features, abilities)
  const table = CpuMap.builtIn().of('x86').features
  const named = guest.features.filter(
    ({ name, policy }) => (policy !== 'require' && policy !== 'disable') || !table.get(name),
  )
  const own = new Set(named.map(({ name }) => name))
  const why = `${reader} does not have ${model}: ${cpu.model} is written, with the difference in features; vendor, family and model number are those of ${cpu.model}`
  return {
    cpu: { ...cpu, features: [...cpu.features.filter(({ name }) => !own.has(name)), ...named] },
    notExpressed: [{ part: 'model', why }],
  }
}

function unknownModel(reader: string, model: string): LibvirtError {
  const names = CpuMap.builtIn()
    .of('x86')
    .models.map(({ name }) => name)
  return new LibvirtError('unsupported', `${reader} has no CPU model ${model}${didYouMean(names, model)}`)
}

/** libvirt's models of x86. */
export const isLibvirtModel = (name: string): boolean => CpuMap.builtIn().of('x86').model(name) !== undefined

/**
 * The features on the known model that needs the fewest words, those to disable counted twice: of the model's own
 * family if one is known. @throws LibvirtError
 */
function closest(
  guest: GuestCpu,
  features: FeatureSet,
  { reader, knowsModel = () => true }: Abilities,
): GuestCpu {
  const { db, decodeOn } = requireDecoder(CpuMap.builtIn())
  const own = guest.model === undefined ? undefined : findAnyModel(guest.model)
  const vendor = own?.vendor ?? db.vendors.find(({ name }) => name === guest.vendor) ?? vendorOf(features)
  const known = db.models.filter(
    model => knowsModel(model.name) && (!vendor || !model.vendor || model.vendor.name === vendor.name),
  )
  const family = own && known.filter(({ name }) => familyOf(name) === familyOf(own.name))
  const costOf = (model: Model) =>
    features.sizeWithout(model.features) + 2 * model.features.sizeWithout(features)
  const [best] = (family?.length ? family : known).sort((a, b) => costOf(a) - costOf(b) || b.index - a.index)
  if (!best) throw new LibvirtError('unsupported', `${reader} knows none of our models`)
  const { model, features: words } = decodeOn({ features, vendor: best.vendor }, best, {})
  return { ...guest, mode: 'custom', model, features: words }
}

/** `Haswell` of `Haswell-noTSX-IBRS` and `Haswell-v4`. */
export const familyOf = (name: string): string =>
  name.replace(/-v\d+$/, '').replace(/(?:-noTSX|-IBRS|-IBPB)+$/, '')

/** Intel's virtualization, or AMD's, says whose CPU a list of features is. */
function vendorOf(features: FeatureSet) {
  const db = CpuMap.builtIn().of('x86')
  const has = (name: string) => db.features.get(name)?.bits.leq(features) ?? false
  if (has('vmx') === has('svm')) return undefined
  return db.vendor(has('vmx') ? 'Intel' : 'AMD')
}

const unnamed = (
  features: readonly CpuFeature[],
  { features: named }: Pick<Cpu, 'features'>,
): CpuFeature[] => {
  const names = new Set(named.map(({ name }) => name))
  return features.filter(({ name }) => !names.has(name))
}

/** The policy nearest to one that a dialect does not have; undefined: nothing is written. */
const INSTEAD: Readonly<Record<Policy, Policy | undefined>> = {
  force: 'require',
  require: 'force',
  optional: undefined,
  disable: 'forbid',
  forbid: 'disable',
}

const WITHOUT_POLICY: Readonly<Record<Policy, string>> = {
  force: 'has no policy force: they are required, and a host without them is refused',
  require: 'has no policy require: the guest has them whether or not the host does',
  optional: 'has no policy optional: nothing is written, and a guest has them only with its model',
  disable: 'cannot disable features: the guest may have them',
  forbid: 'has no policy forbid: they are disabled, and hosts that have them are not refused',
}

/** What nobody has for a feature of a CPU would keep QEMU from starting. */
function isFeature(name: string, { knowsFeature = () => true, takesAnyName }: Abilities): boolean {
  const isNamed = CpuMap.builtIn().of('x86').features.get(name) !== undefined || /^(?:hv|kvm)[-_]/.test(name)
  return (takesAnyName || isNamed) && knowsFeature(name)
}

/** The definition with policies and names that the reader knows. */
function inKnownWords(cpu: GuestCpu, abilities: Abilities): Expressed {
  const { reader, policies = ['require', 'disable'] } = abilities
  const own = cpu.model === undefined || !isX86(cpu) ? undefined : findAnyModel(cpu.model)?.features
  const table = CpuMap.builtIn().of('x86').features
  const unknown: string[] = []
  const shown: string[] = []
  const refused: string[] = []
  const changed = new Map<Policy, string[]>()
  const change = (policy: Policy, name: string) => changed.set(policy, [...(changed.get(policy) ?? []), name])
  const features = cpu.features.flatMap(({ name, policy = 'require' }): CpuFeature[] => {
    const isOff = policy === 'disable' || policy === 'forbid'
    if (isX86(cpu) && !isFeature(name, abilities)) {
      const isInModel = own === undefined || (table.get(name)?.bits.leq(own) ?? true)
      if (!isOff) unknown.push(name)
      else if (isInModel) shown.push(name)
      else if (policy === 'forbid') refused.push(name)
      return []
    }
    if (policies.includes(policy)) return [{ name, policy }]
    change(policy, name)
    const instead = INSTEAD[policy]
    return instead && policies.includes(instead) ? [{ name, policy: instead }] : []
  })
  const notExpressed = [...changed].map(
    ([policy, names]): NotExpressed => ({
      part: 'policy',
      features: names,
      why: `${reader} ${WITHOUT_POLICY[policy]}`,
    }),
  )
  const unsaid: readonly (readonly [string[], string])[] = [
    [unknown, 'the guest is not given them'],
    [shown, 'they cannot be turned off'],
    [refused, 'hosts that have them are not refused'],
  ]
  for (const [names, what] of unsaid)
    if (names.length > 0)
      notExpressed.push({ part: 'features', features: names, why: `${reader} has no word for them: ${what}` })
  return { cpu: { ...cpu, features }, notExpressed }
}

/** What a definition says besides model and features. */
function otherParts(guest: GuestCpu): NotExpressed[] {
  const { match, check, vendor, vendorId, migratable, deprecatedFeatures } = guest
  const { cache, maxphysaddr, topology, numa } = guest
  const ofModel = isX86(guest) ? findAnyModel(guest.model ?? '')?.vendor?.name : vendor
  const parts: readonly (readonly [DefinitionPart, unknown, string])[] = [
    [
      'match',
      match === 'minimum' || match === 'strict',
      `match='${match}' is libvirt's alone: the guest gets what is listed`,
    ],
    [
      'check',
      check !== undefined && check !== 'none',
      `check='${check}' is libvirt's alone: whether the guest got all of it is not checked`,
    ],
    [
      'vendor',
      vendor !== undefined && vendor !== ofModel,
      `hosts of a vendor other than ${vendor} are not refused`,
    ],
    [
      'vendor-id',
      vendorId !== undefined,
      `the vendor ${vendorId} is not set: the guest sees the model's, or the host's`,
    ],
    ['migratable', migratable !== undefined, `migratable='${migratable ? 'on' : 'off'}' is not set`],
    ['deprecated-features', deprecatedFeatures !== undefined, 'deprecated_features is not set'],
    ['cache', cache !== undefined, `the cache (${cache?.mode}) is the reader's default`],
    ['address-width', maxphysaddr !== undefined, 'the width of physical addresses is the default'],
    ['topology', topology !== undefined, 'sockets, cores and threads are not part of it'],
    ['numa', numa !== undefined, 'NUMA cells are not part of it'],
  ]
  return parts.flatMap(([part, isGiven, why]) => (isGiven ? [{ part, why }] : []))
}

function without(cpu: GuestCpu, parts: ReadonlySet<DefinitionPart>): GuestCpu {
  const kept = <T>(part: DefinitionPart, value: T): T | undefined => (parts.has(part) ? undefined : value)
  return {
    ...cpu,
    match: kept('match', cpu.match),
    check: kept('check', cpu.check),
    vendor: kept('vendor', cpu.vendor),
    vendorId: kept('vendor-id', cpu.vendorId),
    migratable: kept('migratable', cpu.migratable),
    deprecatedFeatures: kept('deprecated-features', cpu.deprecatedFeatures),
    cache: kept('cache', cpu.cache),
    maxphysaddr: kept('address-width', cpu.maxphysaddr),
    topology: kept('topology', cpu.topology),
    numa: kept('numa', cpu.numa),
  }
}
