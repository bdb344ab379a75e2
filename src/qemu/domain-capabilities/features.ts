import type { Property, SevCapabilities, SgxCapabilities } from '../capabilities.ts'
import { toQemu } from '../names.ts'
import type { DomainQuestion } from './request.ts'
import { choice, isArm, isPc, isS390, isVirt, type Section, section, those } from './section.ts'

/** Features of a guest beside its CPU, in libvirt's order, up to those that have more to tell. */
export const features = (question: DomainQuestion): Section[] => {
  const { qemu } = question
  return [
    gic(question),
    section('vmcoreinfo', qemu.types.has('vmcoreinfo')),
    section('genid', qemu.types.has('vmgenid')),
    section('backingStoreInput', true),
    section('backup', true),
    section('async-teardown', qemu.options.get('run-with')?.has('async-teardown') ?? false),
    ...(isS390(question) ? [section('s390-pv', hasProtectedGuests(question))] : []),
    section('ps2', isPc(question) && (qemu.properties.get('generic-pc-machine')?.has('i8042') ?? false)),
  ]
}

/** The versions that the accelerator gives: the kernel under KVM, else QEMU. */
function gic(question: DomainQuestion): Section {
  const { qemu, accelerator } = question
  const given = (qemu.gic ?? []).filter(gic => (accelerator === 'tcg' ? gic.emulated : gic.kernel))
  const versions = ['2', '3'].filter(version => given.some(gic => String(gic.version) === version))
  return section(
    'gic',
    isArm(question) && isVirt(question) && versions.length > 0,
    choice('version', versions),
  )
}

const hasProtectedGuests = ({ qemu, host }: DomainQuestion): boolean =>
  (host.protectedGuests ?? false) && qemu.types.has('s390-pv-guest')

/** AMD's memory encryption; absent: a guest cannot have it. */
export type Sev = SevCapabilities & Partial<NonNullable<DomainQuestion['host']['sev']>>

export const sev = ({ qemu, host }: DomainQuestion): Sev | undefined =>
  qemu.sev && { ...qemu.sev, ...host.sev }

export const sgx = ({ qemu }: DomainQuestion): SgxCapabilities | undefined => qemu.sgx

const ENLIGHTENMENTS =
  'relaxed vapic spinlocks vpindex runtime synic stimer reset vendor_id frequencies reenlightenment tlbflush ipi evmcs avic emsr_bitmap xmm_input'.split(
    ' ',
  )

/** Hyper-V's enlightenments: those of the host's own accelerator, whatever runs the guest. None where QEMU tells none. */
export function hyperv({ qemu }: DomainQuestion): Section[] {
  const { hyperv } = [...qemu.accelerators.values()].find(given => given.hyperv) ?? {}
  const given = ENLIGHTENMENTS.filter(name => isGiven(hyperv?.get(toQemu(`hv-${name}`))))
  return given.length > 0 ? [section('hyperv', true, choice('features', given))] : []
}

/** What is not just on or off is there, even as an empty text. */
const isGiven = (value: Property | undefined): boolean => value === '' || Boolean(value)

export function launchSecurity(question: DomainQuestion): Section {
  const { types } = question.qemu
  const kinds = those(
    ['sev', question.qemu.sev !== undefined],
    ['sev-snp', question.qemu.sev !== undefined && types.has('sev-snp-guest')],
    ['s390-pv', isS390(question) && hasProtectedGuests(question)],
  )
  return section('launchSecurity', kinds.length > 0, choice('sectype', kinds))
}
