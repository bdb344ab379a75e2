import * as v from 'valibot'
import type { CpuidRow, MsrRow } from '../../core/cpuid.ts'
import { isRows } from '../../formats/dumps/registers.ts'
import { formatInputs } from '../answer-parts.ts'
import { described, flag, text } from '../schema.ts'
import { fleetInput } from './fleet/open-fleet.ts'

const plainText = v.string('must be text')
const texts = v.array(plainText, 'must be a list of texts')

/** A recorded conversation with QEMU. */
export const replies = described(
  v.union(
    [plainText, v.array(v.looseObject({}))],
    'must be a recorded conversation: text, or a list of QMP messages',
  ),
  'A recorded conversation with QEMU: text, or a list of QMP messages.',
)

/** How the recorded QEMU is used, as virsh has it. */
export const emulation = {
  virttype: v.optional(text('Virtualization type (/domain/@type): kvm or qemu.')),
  arch: v.optional(text('CPU architecture (/domain/os/type/@arch).')),
  machine: v.optional(text('Machine type (/domain/os/type/@machine).')),
  emulator: v.optional(text('Path of the emulator (/domain/devices/emulator).')),
}

const RECORDED_HOSTS = 'Recorded hosts: conversations with QEMU, or domain capabilities.'

export const compareInput = v.strictObject({
  replies,
  ...emulation,
  cpu: text('The <cpu> that guests would get.'),
})
export const modelsInput = v.strictObject({
  replies,
  ...emulation,
  all: flag('Return all models that the hypervisor knows, usable or not.'),
})
export const usableInput = v.strictObject({
  hosts: v.optional(described(v.pipe(texts, v.minLength(1, 'is empty')), RECORDED_HOSTS)),
  ...emulation,
  ...fleetInput,
  documents: v.optional(fleetInput.documents),
})

export const baselineInput = v.pipe(
  v.strictObject({
    replies: v.optional(replies),
    hosts: v.optional(described(texts, RECORDED_HOSTS)),
    ...emulation,
    cpus: v.optional(
      described(
        texts,
        'The CPUs, each a text in any input format; absent: what the hosts give their guests.',
      ),
    ),
    model: v.optional(text('One model instead of cpus.')),
    expand: flag("List the features of the CPU's model too."),
    migratable: flag('Leave out features that block migration.'),
    ignoreHost: flag("Do not limit features to those of the hosts' models."),
    ...formatInputs,
  }),
  v.check(
    ({ replies: one, hosts }) => (one === undefined) !== (hosts === undefined || hosts.length === 0),
    'give either replies, of one host, or hosts',
  ),
  v.check(({ cpus, model }) => cpus === undefined || model === undefined, 'give either cpus or model'),
)

/** The guest's own definition says the virtualization type, architecture, machine and emulator. */
export const guestInput = v.strictObject({
  replies,
  domain: text('The <domain> of the guest.'),
  host: v.optional(text("The host's own <cpu>: KVM's checks use it too.")),
  ...formatInputs,
})
export type GuestInput = v.InferOutput<typeof guestInput>

/** Rows of CPUID. Checked by hand: a dump has five hundred numbers, and ten thousand dumps come in a row. */
export const leaves = v.custom<CpuidRow[]>(
  value => isRows<CpuidRow>(value, 6),
  'must be rows of [leaf, subleaf, eax, ebx, ecx, edx], each number from 0 to 4294967295',
)
/** Rows of MSRs. */
export const msrs = v.custom<MsrRow[]>(
  value => isRows<MsrRow>(value, 3),
  'must be rows of [index, low, high], each number from 0 to 4294967295',
)

const words = v.strictObject({ cpuid: v.optional(leaves), msr: v.optional(msrs) }, 'must be an object')

/** `<cpudata>` as text, or its words. */
export const cpudata = (description: string) =>
  described(v.union([v.string(), words], 'must be the text of a <cpudata>, or {cpuid, msr}'), description)

/** One `<cpu>` element. */
export const oneCpu = v.strictObject({ cpu: text('A <cpu> element, of a host or a guest.') })

/** A host and a guest. */
export const hostAndGuest = {
  host: text("The host's <cpu>, with its <arch>."),
  guest: text("The guest's <cpu>."),
}
