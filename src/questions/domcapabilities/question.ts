import * as v from 'valibot'
import type { QemuCapabilities } from '../../qemu/capabilities.ts'
import {
  checkQemuVersion,
  checkVirtType,
  chooseQemu,
  type QemuChoice,
  type QemuRequest,
} from '../../qemu/choice.ts'
import {
  computeDomainCapabilities,
  parseFirmware,
} from '../../qemu/domain-capabilities/domain-capabilities.ts'
import { printDomainCapabilities } from '../../qemu/domain-capabilities/print.ts'
import type { DomainHost, DomainOptions } from '../../qemu/domain-capabilities/request.ts'
import { readQemuCapabilities } from '../../qemu/qmp/read-capabilities.ts'
import type { Context } from '../context.ts'
import { emulatorPath, readReplies } from '../input/hypervisor.ts'
import { readCpu } from '../input/read.ts'
import { emulation, replies } from '../input/schemas.ts'
import { type Outcome, question } from '../question.ts'
import { described, XmlAnswer } from '../schema.ts'

const text = v.string('must be text')
const flag = v.boolean('must be true or false')
const count = v.pipe(v.number('must be a number'), v.integer('must be a whole number'), v.minValue(0))
const texts = v.array(text, 'must be a list of texts')

/** All of it may be left out. */
const host = v.strictObject({
  arch: v.optional(text),
  cpu: v.optional(text),
  physBits: v.optional(count),
  kvmMaxVcpus: v.optional(count),
  vfio: v.optional(flag),
  firmware: v.optional(v.array(v.looseObject({}), "must be a list of QEMU's firmware descriptions")),
  loaders: v.optional(texts),
  swtpm: v.optional(texts),
  rdp: v.optional(flag),
  protectedGuests: v.optional(flag),
  sev: v.optional(v.strictObject({ maxGuests: count, maxEsGuests: count })),
})

const domcapabilitiesInput = v.strictObject({
  replies,
  ...emulation,
  disableDeprecated: v.optional(described(flag, 'Turn off what is deprecated in the host-model CPU.')),
  expandFeatures: v.optional(
    described(flag, 'Show the features that the model of the host-model CPU enables too.'),
  ),
  supportedFeatures: v.optional(
    described(flag, 'Show all that the host-model CPU can have, not only what is on by default.'),
  ),
  host: v.optional(described(host, 'What is known of the host beside its QEMU.')),
})

type DomcapabilitiesInput = v.InferOutput<typeof domcapabilitiesInput>

/**
 * What a guest can be given on a host: libvirt's `<domainCapabilities>`.
 * @param choice whether the accelerator was probed is not asked: one that was not has no machines and no models
 * @throws LibvirtError where the host that QEMU tells fits no CPU model
 */
export function answerDomcapabilities(
  { map, libvirt }: Context,
  qemu: QemuCapabilities,
  choice: QemuChoice,
  host: DomainHost,
  options: DomainOptions = {},
): string {
  const { accelerator, arch, isNative, binary, virttype } = choice
  checkQemuVersion(qemu, binary, libvirt)
  const given = qemu.accelerators.get(accelerator) ?? { machines: [] }
  const machine = choice.machine?.name ?? ''
  const caps = computeDomainCapabilities({
    map,
    libvirt,
    qemu,
    with: given,
    accelerator,
    arch,
    isNative,
    machine,
    host,
    options,
  })
  return printDomainCapabilities(caps, binary, virttype)
}

/**
 * As `answerDomcapabilities`, of the JSON contract's inputs.
 * @throws LibvirtError, ParseError
 */
function askDomcapabilities(context: Context, input: DomcapabilitiesInput): Outcome<XmlAnswer, never> {
  const { replies, virttype, arch, machine, emulator, host, ...options } = input
  const qemu = readQemuCapabilities(readReplies(replies), arch)
  const choice = chooseLeniently(qemu, { virttype, arch, machine }, emulator, host?.arch)
  const xml = answerDomcapabilities(context, qemu, choice, hostOf(host), options)
  const isProbed = qemu.accelerators.has(choice.accelerator)
  return {
    answer: { xml },
    notes: isProbed ? [] : [{ kind: 'accelerator-not-probed', virttype: choice.virttype }],
  }
}

function hostOf({ cpu, firmware, ...facts }: NonNullable<DomcapabilitiesInput['host']> = {}): DomainHost {
  return {
    ...facts,
    cpu: cpu === undefined ? undefined : readCpu(cpu, 'auto', 'host.cpu'),
    firmware: firmware?.flatMap(description => parseFirmware(description) ?? []),
  }
}

/**
 * As `chooseQemu`, but an accelerator that was not probed is taken as it is asked for: what libvirt tells of one is
 * little, and no error.
 * @throws LibvirtError
 */
export function chooseLeniently(
  qemu: QemuCapabilities,
  request: QemuRequest,
  emulator = emulatorPath(qemu.arch),
  host = qemu.arch,
): QemuChoice {
  checkVirtType(request.virttype)
  const { virttype } = request
  const place = { binary: emulator, host }
  const arch = request.arch ?? qemu.arch
  if ((virttype !== 'kvm' && virttype !== 'hvf') || qemu.accelerators.has(virttype)) {
    return chooseQemu(qemu, place, { ...request, arch })
  }
  return {
    ...chooseQemu(qemu, place, { ...request, arch, virttype: 'qemu' }),
    virttype,
    accelerator: virttype,
  }
}

export const domcapabilitiesQuestion = question({
  name: 'domcapabilities',
  summary: 'List what a QEMU can give a guest on a host: CPUs, devices and features',
  input: domcapabilitiesInput,
  answer: XmlAnswer,
  run: askDomcapabilities,
})
