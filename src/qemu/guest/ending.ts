import { architectureOf } from '../../arch/registry.ts'
import type { GuestCpu, Topology } from '../../core/cpu.ts'
import { internalError, type LibvirtError } from '../../core/libvirt-error.ts'
import { toQemuName } from '../../formats/qemu/names.ts'
import type { GuestRequest } from './parse-request.ts'
import { lastValueOf } from './parse-settings.ts'
import type { StartPlace } from './place.ts'

/** A guest whose QEMU is about to be started. */
interface Guest {
  readonly request: GuestRequest
  readonly place: StartPlace
  readonly cpu: GuestCpu
}

/** libvirt's error where QEMU ends with these words, which may say when they were said: that is left out. */
export const makeEndingError = (guest: string | undefined, words: string): LibvirtError =>
  internalError(`QEMU unexpectedly closed the monitor (vm='${guest ?? ''}'): ${shorten(words)}`)

/** How much of QEMU's log libvirt reads. Observed of 11.3: a guest of 256 vCPUs whose QEMU warns of each. */
const MOST_READ = 131_071
/** Of that it shows the end, from the beginning of a line on. */
const LONGEST_WORDS = 1024

function shorten(words: string): string {
  const read = words.slice(0, MOST_READ)
  const end = read.slice(-LONGEST_WORDS)
  const lines = end.length < read.length ? end.slice(end.indexOf('\n') + 1) : end
  // Where reading ended within a time, that is left out too.
  return lines.replace(/^\d{4}-\d\d-\d\dT[\d:.]+Z /gm, '').replace(/\n[\d:.TZ -]*$/, '')
}

/** Whether the guest's CPU has a feature. */
type HasFeature = (name: string) => boolean

/** What QEMU ends for before the guest's first instruction, as far as it can be known without a start. */
export function predictEnding(guest: Guest, has: HasFeature): LibvirtError | undefined {
  const words =
    refuseProperty(guest) ?? refuseAddresses(guest, has) ?? refuseTopology(guest) ?? refuseApicIds(guest, has)
  const { binary } = guest.place.choice
  if (words !== undefined)
    return makeEndingError(guest.request.name, `${binary.slice(binary.lastIndexOf('/') + 1)}: ${words}`)
  const why = refuseHyperv(guest)
  return why === undefined ? undefined : internalError(`QEMU ends: ${why}`)
}

/** @see QEMU, documentation, "Hyper-V Enlightenments", "Requires" */
const HYPERV_NEEDS: Readonly<Record<string, readonly string[]>> = {
  'hv-synic': ['hv-vpindex'],
  'hv-stimer': ['hv-vpindex', 'hv-synic', 'hv-time'],
  'hv-stimer-direct': ['hv-vpindex', 'hv-synic', 'hv-time', 'hv-stimer'],
  'hv-tlbflush': ['hv-vpindex'],
  'hv-tlbflush-ext': ['hv-tlbflush'],
  'hv-tlbflush-direct': ['hv-vapic'],
  'hv-ipi': ['hv-vpindex'],
  'hv-evmcs': ['hv-vapic'],
}

/** Enlightenments without what they need, and those that the host's kernel has not. Where QEMU emulates, none does anything. */
function refuseHyperv({ request: { settings }, place }: Guest): string | undefined {
  if (place.choice.accelerator !== 'kvm' || lastValueOf(settings, 'hv-passthrough')) return undefined
  const on = settings.filter(([, value]) => value === 'on').map(([name]) => name)
  for (const name of on) {
    const lacking = HYPERV_NEEDS[name]?.filter(need => !on.includes(need)) ?? []
    if (lacking.length > 0) return `${name} needs ${lacking.join(', ')}`
  }
  const { hyperv } = place.capabilities.accelerators.get('kvm') ?? {}
  const absent = on.filter(name => name.startsWith('hv-') && hyperv?.get(name) === false)
  return absent.length > 0 ? `the host's KVM does not give ${absent.join(', ')}` : undefined
}

/** APIC IDs from here on do not fit into eight bits. */
const FIRST_WIDE_ID = 255

/** Each level of a topology takes whole bits of an APIC ID. */
function refuseApicIds({ request, cpu, place }: Guest, has: HasFeature): string | undefined {
  const { arch, accelerator } = place.choice
  const off = cpu.features.some(({ name, policy }) => name === 'x2apic' && OFF.includes(policy ?? 'require'))
  const isGiven = has('x2apic') || (accelerator === 'kvm' && !off)
  if (architectureOf(arch)?.name !== 'x86' || isGiven) return undefined
  const { dies = 1, cores = 1, threads = 1 } = cpu.topology ?? {}
  const idOf = (number: number): number => {
    let [rest, id, span] = [number, 0, 1]
    for (const count of [threads, cores, dies]) {
      id += (rest % count) * span
      rest = Math.floor(rest / count)
      span *= 2 ** Math.ceil(Math.log2(count))
    }
    return id + rest * span
  }
  const vcpus = request.vcpusAtStart ?? request.vcpus
  const wide = Array.from({ length: vcpus }, (_, i) => idOf(i)).find(id => id >= FIRST_WIDE_ID)
  return wide === undefined
    ? undefined
    : `APIC ID ${wide} requires x2APIC feature in CPU\nTry x2apic=on in -cpu.`
}

const OFF: readonly string[] = ['disable', 'forbid']

/** A property that the type of the CPU does not have. */
function refuseProperty({ request, place, cpu }: Guest): string | undefined {
  const { choice, capabilities } = place
  const family = architectureOf(choice.arch)?.name
  if (family === 'x86') return undefined
  const { models = [], host } = capabilities.accelerators.get(choice.accelerator) ?? {}
  const type = models.find(({ name }) => name.toLowerCase() === cpu.model?.toLowerCase())?.type
  if (type === undefined) return undefined
  const of = (name: string, value: string) =>
    `can't apply global ${type}.${name}=${value}: Property '${type}.${name}' not found`
  if (cpu.vendorId !== undefined) return of('vendor', cpu.vendorId)
  // Every model of s390x has the properties that QEMU tells of one.
  const known = family === 's390' && host ? host.properties : capabilities.properties.get(type)
  for (const { name, policy } of cpu.features) {
    const property = toQemuName(name)
    if (policy === 'optional' || !known || known.has(property)) continue
    return of(property, policy === 'disable' || policy === 'forbid' ? 'off' : 'on')
  }
  const [first] = request.settings.filter(([name]) => !(name === 'pmu' && family !== 's390'))
  return first && of(...first)
}

const [FEWEST_BITS, MOST_BITS] = [32, 52]

function refuseAddresses({ cpu: { maxphysaddr }, place }: Guest, has: HasFeature): string | undefined {
  const { mode, bits } = maxphysaddr ?? {}
  const is32 = architectureOf(place.choice.arch)?.name === 'x86' && !has('lm')
  if (mode === 'emulate' && bits && is32) return 'phys-bits is not user-configurable in 32 bit'
  if (mode !== 'emulate' || !bits || (bits >= FEWEST_BITS && bits <= MOST_BITS)) return undefined
  return `phys-bits should be between ${FEWEST_BITS} and ${MOST_BITS}  (but is ${bits})`
}

/** The levels that only some machines have, and the drivers of their architectures. */
const LEVELS: readonly (readonly [level: keyof Topology, family: string])[] = [
  ['dies', 'x86'],
  ['clusters', 'arm'],
]

function refuseTopology({ cpu: { topology }, place }: Guest): string | undefined {
  const family = architectureOf(place.choice.arch)?.name
  const level = topology && LEVELS.find(([name, where]) => topology[name] > 1 && where !== family)
  return level && `${level[0]} > 1 not supported by this machine's CPU topology`
}
