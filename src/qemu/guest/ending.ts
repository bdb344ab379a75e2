import { architectureOf } from '../../arch/registry.ts'
import type { GuestCpu, Topology } from '../../core/cpu.ts'
import { internalError, type LibvirtError } from '../../core/libvirt-error.ts'
import { toQemuName } from '../../formats/qemu/names.ts'
import type { GuestRequest } from './parse-request.ts'
import type { StartPlace } from './place.ts'

/** A guest whose QEMU is about to be started. */
interface Guest {
  readonly request: GuestRequest
  readonly place: StartPlace
  readonly cpu: GuestCpu
}

/** libvirt's error where QEMU ends with these words. Its log says when, too. */
export const makeEndingError = (guest: string | undefined, words: string): LibvirtError =>
  internalError(`QEMU unexpectedly closed the monitor (vm='${guest ?? ''}'): ${shorten(words)}`)

/** libvirt shows the end of QEMU's log, from the beginning of a line on. */
const LONGEST_WORDS = 1024

function shorten(words: string): string {
  if (words.length <= LONGEST_WORDS) return words
  const end = words.slice(-LONGEST_WORDS)
  return end.slice(end.indexOf('\n') + 1)
}

/** What QEMU ends for before the guest's first instruction, as far as it can be known without a start. */
export function predictEnding(guest: Guest): LibvirtError | undefined {
  const words = refuseProperty(guest) ?? refuseAddresses(guest) ?? refuseTopology(guest)
  if (words === undefined) return undefined
  const { binary } = guest.place.choice
  return makeEndingError(guest.request.name, `${binary.slice(binary.lastIndexOf('/') + 1)}: ${words}`)
}

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

function refuseAddresses({ cpu: { maxphysaddr } }: Guest): string | undefined {
  const { mode, bits } = maxphysaddr ?? {}
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
