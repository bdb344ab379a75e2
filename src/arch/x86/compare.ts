import type { U32 } from '../../core/bits.ts'
import type { Cpu } from '../../core/cpu.ts'
import type { Cpuid } from '../../core/cpuid.ts'
import type { Feature, Register } from '../../core/feature.ts'
import type { FeatureSet } from '../../core/feature-set.ts'
import { internalError, LibvirtError } from '../../core/libvirt-error.ts'
import type { Database } from '../../map/database.ts'
import { type Comparison, IDENTICAL, incompatible } from '../driver.ts'
import { readCpuid } from './cpuid.ts'
import { featuresOf, featuresWith } from './definition.ts'
import { tablesOf } from './tables.ts'

/**
 * Whether `host` has what `cpu` (a host or a guest) requires and nothing that it forbids.
 * Modes, fallback and `minimum` play no role; a guest without a model requires nothing.
 * @throws LibvirtError for an unknown model or feature on either side
 */
export function compareByFeatures(db: Database, host: Cpu | undefined, cpu: Cpu): Comparison {
  if (host?.model === undefined) return incompatible('unknown host CPU')
  if (cpu.arch !== undefined && cpu.arch !== 'x86_64' && cpu.arch !== 'i686') {
    return incompatible(`CPU arch ${cpu.arch} does not match host arch`)
  }
  if (cpu.vendor !== undefined && cpu.vendor !== host.vendor) {
    return incompatible(`host CPU vendor does not match required CPU vendor ${cpu.vendor}`)
  }
  return compareFeatures(db, host, cpu)
}

function compareFeatures(db: Database, host: Cpu, cpu: Cpu): Comparison {
  const has = featuresOfHost(db, host)
  // The order decides which unknown name is reported.
  const force = featuresWith(db, cpu, 'force')
  const requireAll = featuresWith(db, cpu, 'require')
  const optional = featuresWith(db, cpu, 'optional')
  const disable = featuresWith(db, cpu, 'disable')
  const forbid = featuresWith(db, cpu, 'forbid')

  if (forbid.meets(has)) return new Refused(db, 'forbidden', forbid.meet(has))
  const require = requireAll.minus(force).minus(optional).minus(disable)
  if (!require.leq(has)) return new Refused(db, 'missing', require.minus(has))
  const rest = has.minus(optional).minus(require).minus(disable).minus(force)
  if (rest.isEmpty) return IDENTICAL
  if (cpu.type === 'guest' && cpu.match === 'strict') return new Refused(db, 'extra', rest)
  return new Superset(db, rest)
}

/** Whole fleets are compared for the yes or no alone: features are named when somebody asks. */
class Superset {
  readonly result = 'superset'
  readonly #db: Database
  readonly #rest: FeatureSet

  constructor(db: Database, rest: FeatureSet) {
    this.#db = db
    this.#rest = rest
  }

  get extra(): readonly Feature[] {
    return this.#db.features.in(this.#rest)
  }
}

const SENTENCES = {
  forbidden: 'Host CPU provides forbidden features',
  missing: 'Host CPU does not provide required features',
  extra: 'Host CPU does not strictly match guest CPU: Extra features',
} as const

/** A refusal over features of one kind, named when somebody asks. */
class Refused {
  readonly result = 'incompatible'
  readonly #db: Database
  readonly #kind: keyof typeof SENTENCES
  readonly #set: FeatureSet

  constructor(db: Database, kind: keyof typeof SENTENCES, set: FeatureSet) {
    this.#db = db
    this.#kind = kind
    this.#set = set
  }

  get detail(): string {
    const names = this.#db.features.in(this.#set).map(feature => feature.name)
    return `${SENTENCES[this.#kind]}: ${names.join(', ')}`
  }

  get missing(): readonly Feature[] {
    return this.#of('missing')
  }

  get forbidden(): readonly Feature[] {
    return this.#of('forbidden')
  }

  get extra(): readonly Feature[] {
    return this.#of('extra')
  }

  #of(kind: keyof typeof SENTENCES): readonly Feature[] {
    return kind === this.#kind ? this.#db.features.in(this.#set) : []
  }
}

/** One host is compared with many CPUs, and a definition never changes. */
function featuresOfHost(db: Database, host: Cpu): FeatureSet {
  const { hosts } = tablesOf(db)
  let features = hosts.get(host)
  if (!features) {
    features = featuresOf(db, host)
    hosts.set(host, features)
  }
  return features
}

/** Whether the CPU has the feature. @throws LibvirtError `unknown CPU feature` */
export function definitionHasFeature(db: Database, cpu: Cpu, name: string): boolean {
  return bitsHaveFeature(db, featuresOf(db, cpu), name)
}

/** Whether a definition's bits have the feature; paravirtual ones they never have. @throws LibvirtError `unknown CPU feature` */
export function bitsHaveFeature(db: Database, bits: FeatureSet, name: string): boolean {
  return has(
    db,
    name,
    () => bits,
    () => false,
  )
}

/** Whether the data has the feature, paravirtual ones included. @throws LibvirtError `unknown CPU feature` */
export function dataHasFeature(db: Database, data: Cpuid, name: string): boolean {
  return has(
    db,
    name,
    () => readCpuid(db, data).features,
    () => hasParavirt(data, name),
  )
}

function has(db: Database, name: string, features: () => FeatureSet, paravirt: () => boolean): boolean {
  const feature = db.features.get(name)
  if (feature) return feature.bits.leq(features())
  if (isParavirt(name)) return paravirt()
  throw internalError(`unknown CPU feature ${name}`)
}

/** @throws LibvirtError for the first listed feature that the database does not know */
export function validateFeatures(db: Database, cpu: Cpu): void {
  const unknown = cpu.features.find(({ name }) => !db.features.get(name))
  if (unknown) throw new LibvirtError('unsupported', `unknown CPU feature: ${unknown.name}`)
}

/**
 * Refuses a guest that forbids a feature which the host lists. The host's list counts, not its bits.
 * @throws LibvirtError `Host CPU provides forbidden feature`
 */
export function checkForbidden(guest: Cpu, host: Cpu): void {
  for (const { name, policy } of guest.features) {
    if (policy !== 'forbid') continue
    const listed = host.features.find(feature => feature.name === name)
    if (listed && listed.policy !== 'disable') {
      throw new LibvirtError('cpu-incompatible', `Host CPU provides forbidden feature '${name}'`)
    }
  }
}

/**
 * What KVM and Hyper-V offer in the hypervisor's own leaves. Data can be asked for these; definitions
 * cannot list them. Several bits mean all of them.
 */
const PARAVIRT: ReadonlyMap<string, readonly [leaf: U32, register: Register, mask: U32]> = new Map([
  ['kvm_pv_unhalt', [0x4000_0001, 'eax', 0x80]],
  ['hv-runtime', [0x4000_0003, 'eax', 0x1]],
  ['hv-synic', [0x4000_0003, 'eax', 0x4]],
  ['hv-stimer', [0x4000_0003, 'eax', 0x8]],
  ['hv-xmm_input', [0x4000_0003, 'eax', 0x10]],
  ['hv-relaxed', [0x4000_0003, 'eax', 0x20]],
  ['hv-vapic', [0x4000_0003, 'eax', 0x30]],
  ['hv-vpindex', [0x4000_0003, 'eax', 0x40]],
  ['hv-reset', [0x4000_0003, 'eax', 0x80]],
  ['hv-frequencies', [0x4000_0003, 'eax', 0x800]],
  ['hv-reenlightenment', [0x4000_0003, 'eax', 0x2000]],
  ['hv-stimer-direct', [0x4000_0003, 'edx', 0x8_0000]],
  ['hv-tlbflush-direct', [0x4000_0003, 'edx', 0x4000]],
  ['hv-tlbflush', [0x4000_0004, 'eax', 0x4]],
  ['hv-avic', [0x4000_0004, 'eax', 0x200]],
  ['hv-ipi', [0x4000_0004, 'eax', 0x400]],
  ['hv-evmcs', [0x4000_0004, 'eax', 0x4000]],
  ['hv-tlbflush-ext', [0x4000_0004, 'edx', 0x4000]],
  ['hv-emsr_bitmap', [0x4000_000a, 'eax', 0x8_0000]],
])

const isParavirt = (name: string): boolean => PARAVIRT.has(name)

/** Whether the data has all bits of the paravirtual feature. */
function hasParavirt(data: Cpuid, name: string): boolean {
  const feature = PARAVIRT.get(name)
  if (!feature) return false
  const [leaf, register, mask] = feature
  return (data.word(leaf, 0, register) & mask) === mask
}

/** IA32_ARCH_CAPABILITIES: KVM reports it for the host whatever CPU a guest is given. */
const ARCH_CAPABILITIES = 0x10a

/** What the host's IA32_ARCH_CAPABILITIES has, and the bit that says that the register is there. */
export function listUnasked(db: Database, host: Cpu): string[] {
  const found = db.features
    .in(featuresOf(db, host))
    .filter(({ place }) => place.kind === 'msr' && place.index === ARCH_CAPABILITIES)
  return found.length > 0 ? ['arch-capabilities', ...found.map(({ name }) => name)] : []
}
