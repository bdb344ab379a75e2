import type { Driver } from '../../arch/driver.ts'
import { driverOf, requireDriver } from '../../arch/registry.ts'
import type { Cpu, GuestCpu } from '../../core/cpu.ts'
import { LibvirtError } from '../../core/libvirt-error.ts'
import { fewNames } from '../../core/text.ts'
import { printCpu } from '../../formats/libvirt/print-cpu.ts'
import { printQemuCpu } from '../../formats/qemu/cpu-argument.ts'
import type { WriteOptions } from '../../formats/write.ts'
import type { CpuMap } from '../../map/cpu-map.ts'
import { settingsAt } from '../../qemu/guest/check-settings.ts'
import { predictEnding } from '../../qemu/guest/ending.ts'
import { computeLiveCpu, type GivenFeatures, predictGivenFeatures } from '../../qemu/guest/live.ts'
import type { GuestRequest } from '../../qemu/guest/parse-request.ts'
import { listHypervisorModels, type StartPlace } from '../../qemu/guest/place.ts'
import { computeStartCpu } from '../../qemu/guest/start.ts'
import { computeHypervisorCpu } from '../../qemu/hypervisor-cpu.ts'
import { type WrittenParts, writtenOrWhy } from '../answer-parts.ts'
import type { Context } from '../context.ts'
import type { Hypervisor } from '../input/hypervisor.ts'
import { reasonOf } from '../words/note.ts'
import { describeQemuOnly, isQemuOnlyName } from '../words/qemu-only.ts'
import type { GuestAnswer } from './answer.ts'

/** A guest that is to start on a hypervisor. */
export interface GuestStart {
  readonly place: StartPlace
  readonly request: GuestRequest
  /** The CPU that libvirt makes of the guest's. */
  readonly cpu: GuestCpu
  readonly argument: string
  /** The CPU in the format that was asked for. */
  readonly written: WrittenParts
}

/** @param own the host's own definition; absent: what its QEMU reports is all that is known of it */
export const startPlaceOf = (
  { map, libvirt }: Context,
  { capabilities, choice }: Hypervisor,
  own?: Cpu,
): StartPlace => ({
  libvirt,
  capabilities,
  choice,
  own,
  cpu: computeHypervisorCpu(map, capabilities, choice, own),
})

/** What libvirt makes of a guest before it starts QEMU. @throws LibvirtError where it refuses */
export function prepareGuest(
  { map }: Context,
  request: GuestRequest,
  place: StartPlace,
  write: WriteOptions = {},
): GuestStart {
  const cpu = computeStartCpu(map, request, place)
  const driver = driverOf(map, place.choice.arch)
  const { host } = place.capabilities.accelerators.get(place.choice.accelerator) ?? {}
  return {
    place,
    request,
    cpu,
    argument: printQemuCpu(cpu, driver?.decoder && host?.properties, settingsAt(place, request.settings)),
    written: writtenOrWhy({ ...write, name: request.name }, () => cpu),
  }
}

/**
 * What comes of a guest that libvirt would start.
 * @param given what a QEMU that was started with its argument gave; absent: what is to be expected
 */
export function guestAnswer({ map }: Context, start: GuestStart, given?: GivenFeatures): GuestAnswer {
  const { cpu, argument, place, request, written } = start
  const driver = requireDriver(map, place.choice.arch)
  const { decoder } = driver
  const ending = given ? undefined : predictEnding(start)
  if (ending !== undefined) return { ...refusal(ending), argument }
  if (!decoder) return unlooked(map, driver, start, given ? 'started' : 'expected')
  const { db } = decoder
  const features = given ?? predictGivenFeatures(decoder, cpu, place)
  const basis = given ? 'started' : 'expected'
  try {
    const live = computeLiveCpu(driver, cpu, features, request.settings)
    const has = db.features.setOfNames(features.enabled)
    const named = decoder.featuresOf(cpu)
    const lost = db.features.in(named.minus(has)).map(reasonOf)
    const gained = cpu.mode === 'custom' ? db.features.in(has.minus(named)).map(reasonOf) : []
    const verdict = lost.length > 0 ? 'reduced' : 'starts'
    return { verdict, lost, gained, argument, live: printCpu(live), ...written, basis }
  } catch (error) {
    if (!(error instanceof LibvirtError)) throw error
    return { ...refusal(error), argument, basis }
  }
}

/**
 * Where bits are not looked at, libvirt does not ask QEMU what it gave: the definition stays as it is. A QEMU that
 * answers itself, as on s390x, ends where it cannot give a model.
 */
function unlooked(
  map: CpuMap,
  { throughQemu }: Driver,
  { cpu, argument, place, written }: GuestStart,
  basis: GuestAnswer['basis'],
): GuestAnswer {
  const answer = {
    verdict: 'starts',
    lost: [],
    gained: [],
    argument,
    live: printCpu(cpu),
    ...written,
    basis,
  } as const
  if (basis === 'started') return answer
  const { unavailable = [] } = listHypervisorModels(map, place).find(({ name }) => name === cpu.model) ?? {}
  const off = new Set(cpu.features.filter(({ policy }) => policy === 'disable').map(({ name }) => name))
  const lacking = unavailable.filter(name => !off.has(name))
  if (throughQemu && lacking.length > 0) {
    const message = `QEMU ends: it cannot give ${cpu.model} ${fewNames(lacking)}`
    return { ...refusal(new LibvirtError('internal', message)), argument }
  }
  return answer
}

/** What libvirt does not start. */
export const refusal = ({ message }: LibvirtError): GuestAnswer => ({
  verdict: 'refused',
  message,
  ...noteOn(message),
  lost: [],
  gained: [],
  basis: 'expected',
})

/** Whose model it is that libvirt does not know. */
function noteOn(message: string): { note?: string } {
  const [, name = ''] = /Unknown CPU model ([\w-]+)/.exec(message) ?? []
  return isQemuOnlyName(name) ? { note: `${name} is ${describeQemuOnly([name])}` } : {}
}
