import { featuresOf } from '../../arch/x86/definition.ts'
import type { Cpu } from '../../core/cpu.ts'
import { LibvirtError } from '../../core/libvirt-error.ts'
import { fewNames } from '../../core/text.ts'
import { printCpu } from '../../formats/libvirt/print-cpu.ts'
import { cpuArgument } from '../../qemu/guest/cpu-argument.ts'
import { expectedFeatures, type GivenFeatures, liveCpu } from '../../qemu/guest/live.ts'
import type { GuestRequest } from '../../qemu/guest/parse-request.ts'
import { hypervisorModelsAt, type StartPlace } from '../../qemu/guest/place.ts'
import { startingCpu } from '../../qemu/guest/start.ts'
import { hypervisorCpu } from '../../qemu/hypervisor-cpu.ts'
import type { Context } from '../context.ts'
import { type Hypervisor, isX86 } from '../input/hypervisor.ts'
import { reasonOf } from '../words/reason.ts'
import type { GuestAnswer } from './answer.ts'

/** A guest that is to start on a hypervisor. */
export interface GuestStart {
  readonly place: StartPlace
  readonly request: GuestRequest
  /** The CPU that libvirt makes of the guest's. */
  readonly cpu: Cpu
  readonly argument: string
}

/** @param own the host's own definition; absent: what its QEMU reports is all that is known of it */
export const startPlaceOf = (
  { db }: Context,
  { capabilities, choice }: Hypervisor,
  own?: Cpu,
): StartPlace => ({
  capabilities,
  choice,
  own,
  cpu: hypervisorCpu(db, capabilities, choice, own),
})

/** What libvirt makes of a guest before it starts QEMU. @throws LibvirtError where it refuses */
export function prepareGuest({ db }: Context, request: GuestRequest, place: StartPlace): GuestStart {
  const cpu = startingCpu(db, request, place)
  const { host } = place.capabilities.accelerators.get(place.choice.accelerator) ?? {}
  return { place, request, cpu, argument: cpuArgument(cpu, isX86(place.choice.arch) ? host : undefined) }
}

/**
 * What comes of a guest that libvirt would start.
 * @param given what a QEMU that was started with its argument gave; absent: what is to be expected
 */
export function guestAnswer({ db }: Context, start: GuestStart, given?: GivenFeatures): GuestAnswer {
  const { cpu, argument, place } = start
  if (!isX86(place.choice.arch)) return unlooked(db, start)
  const features = given ?? expectedFeatures(db, cpu, place)
  const basis = given ? 'started' : 'expected'
  try {
    const live = liveCpu(db, cpu, features)
    const has = db.features.setOf(features.enabled.flatMap(name => db.features.get(name) ?? []))
    const named = featuresOf(db, cpu)
    const lost = db.features.in(named.minus(has)).map(reasonOf)
    const gained = cpu.mode === 'custom' ? db.features.in(has.minus(named)).map(reasonOf) : []
    const verdict = lost.length > 0 ? 'reduced' : 'starts'
    return { verdict, lost, gained, argument, live: printCpu(live), basis }
  } catch (error) {
    if (!(error instanceof LibvirtError)) throw error
    return { ...refusal(error), argument, basis }
  }
}

/**
 * Of other architectures libvirt does not ask QEMU what it gave: the definition stays as it is. On s390x QEMU itself
 * ends where it cannot give a model.
 */
function unlooked(db: Context['db'], { cpu, argument, place }: GuestStart): GuestAnswer {
  const { unavailable = [] } = hypervisorModelsAt(db, place).find(({ name }) => name === cpu.model) ?? {}
  const off = new Set(cpu.features.filter(({ policy }) => policy === 'disable').map(({ name }) => name))
  const lacking = unavailable.filter(name => !off.has(name))
  if (place.choice.arch.startsWith('s390') && lacking.length > 0) {
    const message = `QEMU ends: it cannot give ${cpu.model} ${fewNames(lacking)}`
    return { ...refusal(new LibvirtError('internal', message)), argument }
  }
  return { verdict: 'starts', lost: [], gained: [], argument, live: printCpu(cpu), basis: 'expected' }
}

/** What libvirt does not start. */
export const refusal = ({ message }: LibvirtError): GuestAnswer => ({
  verdict: 'refused',
  message,
  lost: [],
  gained: [],
  basis: 'expected',
})
