import type { Decoder, Driver } from '../../arch/driver.ts'
import type { GuestCpu } from '../../core/cpu.ts'
import { FeatureSet } from '../../core/feature-set.ts'
import { LibvirtError } from '../../core/libvirt-error.ts'
import { toLibvirtName } from '../../formats/qemu/names.ts'
import type { Accelerator } from '../capabilities.ts'
import { type CpuProperties, lastValueOf } from './parse-settings.ts'
import type { StartPlace } from './place.ts'

/** What a started QEMU gave a guest's CPU, and what it was asked for and could not give. In libvirt's spelling. */
export interface GivenFeatures {
  readonly enabled: readonly string[]
  readonly disabled: readonly string[]
}

/**
 * The definition of the running guest.
 * @throws LibvirtError where libvirt would end the guest again
 */
export function computeLiveCpu(
  driver: Driver,
  cpu: GuestCpu,
  given: GivenFeatures,
  settings: CpuProperties,
): GuestCpu {
  const table = driver.view?.table
  const set = (names: readonly string[]) => table?.setOfNames(names) ?? FeatureSet.empty
  const lacking = findLacking(cpu, new Set(given.enabled), settings)
  if (lacking !== undefined) throw new LibvirtError('unsupported', `host doesn't support ${lacking}`)
  if (cpu.mode !== 'custom' && cpu.check !== 'full') return cpu
  return driver.correctLive?.(cpu, set(given.enabled), set(given.disabled)) ?? cpu
}

/** The first of what libvirt looks for in the running guest, in its words; undefined: all is there. */
function findLacking(
  { features }: GuestCpu,
  enabled: ReadonlySet<string>,
  settings: CpuProperties,
): string | undefined {
  const wantsSpinlocks = lastValueOf(settings, 'kvm-pv-unhalt') === 'on'
  if (wantsSpinlocks && !enabled.has('kvm_pv_unhalt')) return 'paravirtual spinlocks'
  const lacking = listEnlightened(settings).find(name => !enabled.has(name))
  if (lacking !== undefined)
    return `hyperv ${lacking.replace(/^hv-([^-]+)/, "'$1'").replace(PART, toPart)} feature`
  const wantsTsc = features.some(({ name, policy }) => name === 'invtsc' && policy === 'require')
  return wantsTsc && !enabled.has('invtsc') ? 'invariant TSC' : undefined
}

/** `tlbflush 'extended'` of `'tlbflush'-ext`. */
const PART = /'(\w+)'-(\w+)/
const toPart = (_: string, name: string, part: string): string =>
  `${name} '${part === 'ext' ? 'extended' : part}'`

/** The enlightenments that libvirt looks for in a running guest, in libvirt's names: what has no bit of its own it does not. */
const listEnlightened = (settings: CpuProperties): string[] =>
  settings.flatMap(([name, value]) =>
    name.startsWith('hv-') && value === 'on' && !UNCHECKED.includes(name) ? [toLibvirtName(name)] : [],
  )

const UNCHECKED = ['hv-relaxed', 'hv-vapic', 'hv-time', 'hv-passthrough']

/**
 * What a QEMU that was not started can be expected to give: what the CPU asks for, without what QEMU says blocks its
 * model and without what the host does not have; and what every guest gets. QEMU's own models may have more than
 * libvirt's database says.
 */
export function predictGivenFeatures(
  decoder: Decoder,
  cpu: GuestCpu,
  settings: CpuProperties,
  place: StartPlace,
): GivenFeatures {
  const { db } = decoder
  const wanted = findWanted(decoder, cpu, place)
  const missing = wanted.minus(
    expectGiven(
      wanted,
      place.cpu && decoder.featuresOf(place.cpu.reported),
      findBlocked(decoder, cpu, place),
    ),
  )
  const more = findUnasked(decoder, cpu, place.choice.accelerator, place.cpu?.full.vendor)
  const names = (set: FeatureSet) => db.features.in(set).map(({ name }) => name)
  const ofKvm = place.choice.accelerator === 'kvm' ? ['kvm_pv_unhalt'] : []
  const enabled = [...names(wanted.minus(missing).join(more)), ...ofKvm, ...listEnlightened(settings)]
  return { enabled, disabled: names(missing) }
}

function findWanted({ db, featuresOf }: Decoder, cpu: GuestCpu, { cpu: host }: StartPlace): FeatureSet {
  const isPassed = cpu.mode === 'host-passthrough' || cpu.mode === 'maximum'
  const base =
    isPassed && host ? featuresOf(cpu.migratable === false ? host.reported : host.migratable) : undefined
  const listed = featuresOf(isPassed ? { ...cpu, model: undefined } : cpu)
  return base ? base.join(listed).minus(findDisabled(db, cpu)) : listed
}

const findDisabled = (db: Decoder['db'], { features }: GuestCpu): FeatureSet =>
  db.features.setOf(
    features.flatMap(({ name, policy }) =>
      policy === 'disable' || policy === 'forbid' ? (db.features.get(name) ?? []) : [],
    ),
  )

/** What QEMU says that it cannot give the model. */
function findBlocked({ db }: Decoder, { model }: GuestCpu, { capabilities, choice }: StartPlace): FeatureSet {
  const { models = [] } = capabilities.accelerators.get(choice.accelerator) ?? {}
  const known = models.find(({ name }) => name === model)
  return db.features.setOfNames((known?.unavailable ?? []).map(toLibvirtName))
}

/** What a QEMU gives of what it is asked for: what its host has, as it reports it, and nothing blocks. */
const expectGiven = (
  wanted: FeatureSet,
  reported: FeatureSet = wanted,
  blocked: FeatureSet = FeatureSet.empty,
): FeatureSet => wanted.meet(reported).minus(blocked)

/** What a guest sees that has several CPUs in a socket, unless its definition turns it off. */
function listOfTopology(db: Decoder['db'], cpu: GuestCpu, vendor: string | undefined): string[] {
  const { dies = 1, cores = 1, threads = 1 } = cpu.topology ?? {}
  if (dies * cores * threads < 2) return []
  const own = cpu.vendor ?? db.model(cpu.model ?? '')?.vendor?.name ?? vendor
  return own === 'AMD' || own === 'Hygon' ? ['ht', 'cmp_legacy'] : ['ht']
}

/** Every guest sees that it is one; KVM emulates the x2APIC for all. */
const ALWAYS: Readonly<Partial<Record<Accelerator, readonly string[]>>> = { kvm: ['x2apic', 'hypervisor'] }

/**
 * What guests see that they did not ask for, unless their definition turns it off.
 * @param vendor that of the host; absent: not known
 */
export function findUnasked(
  { db }: Pick<Decoder, 'db'>,
  cpu: GuestCpu,
  accelerator: Accelerator,
  vendor?: string,
): FeatureSet {
  const off = new Set(cpu.features.filter(({ policy }) => policy === 'disable').map(({ name }) => name))
  const given = [...(ALWAYS[accelerator] ?? ['hypervisor']), ...listOfTopology(db, cpu, vendor)]
  return db.features.setOfNames(given.filter(name => !off.has(name)))
}
