import type { Dialogue } from '../../arch/dialogue.ts'
import { type JsonObject, member } from '../../formats/json/json.ts'
import type { QmpCommand } from '../../qemu/qmp/reply.ts'
import { Qemu, type QemuOptions } from './qemu.ts'

/** Raised whenever other questions are asked, so that no cached conversation lacks an answer. */
export const REVISION = 3

/** Device types whose properties say what the binary can do. */
const DEVICES = `
  virtio-blk-pci virtio-net-pci virtio-scsi-pci virtio-blk-ccw virtio-net-ccw virtio-scsi-ccw vfio-pci scsi-hd ide-hd
  PIIX4_PM usb-redir usb-storage kvm-pit VGA vmware-svga qxl virtio-gpu-pci virtio-gpu-device ICH9-LPC
  virtio-balloon-pci virtio-balloon-ccw virtio-balloon-device virtio-gpu-ccw intel-iommu mch spapr-pci-host-bridge
  nvdimm pcie-root-port usb-host vhost-user-fs-device virtio-mem-pci virtio-iommu-pci`
  .trim()
  .split(/\s+/)

/** Other types; a target has at most one of the last two. */
const OBJECTS = ['memory-backend-file', 'memory-backend-memfd', 'max-x86_64-cpu', 'max-arm-cpu']

/** Machines whose properties matter, by their alias where they are versioned. */
const MACHINES = ['pseries', 'virt', 'none']

/** What x86's machines have in common; QEMU lists no abstract types, and tells their properties all the same. */
const PC = 'generic-pc-machine'

/** What one run came to, as far as the next depends on it. */
export interface FirstRunFindings {
  /** The accelerator that was used. */
  readonly accelerator: 'kvm' | 'tcg'
  /** What `query-cpu-model-expansion` is asked in every run; empty where the target does not expand models. */
  readonly expansions: readonly ExpansionRequest[]
}

interface ExpansionRequest {
  readonly type: 'static' | 'full'
  readonly props?: Readonly<Record<string, boolean>>
}

/**
 * Everything that is ever asked of a binary started with the best accelerator: what libvirt asks, so that a reader
 * takes libvirt's recordings and ours alike. Whether the QEMU is too old is the reader's to say.
 */
export function* askFirstRun(): Dialogue<FirstRunFindings, QmpCommand> {
  yield { execute: 'qmp_capabilities' }
  yield { execute: 'query-version' }
  const target = member(readReturn(yield { execute: 'query-target' }), 'arch')
  const schema = readReturn(yield { execute: 'query-qmp-schema' })
  const known = new Set(listNames(schema, entry => member(entry, 'meta-type') === 'command'))
  const kvm = member(readReturn(yield { execute: 'query-kvm' }), 'enabled') === true
  const types = new Set(listNames(readReturn(yield { execute: 'qom-list-types' })))
  yield* askProperties('device-list-properties', DEVICES, types)
  yield* askProperties('qom-list-properties', OBJECTS, types)
  const machines = listMachineTypes(readReturn(yield { execute: 'query-machines' }))
  yield* askProperties('qom-list-properties', machines, types)
  if (isPcTarget(target)) yield { execute: 'qom-list-properties', arguments: { typename: PC } }
  for (const execute of BINARY) if (known.has(execute)) yield { execute }
  const expansions = known.has('query-cpu-model-expansion') ? listExpansions(target, schema) : []
  yield* askExpansions('host', expansions)
  if (expansions.length > 0 && (isPcTarget(target) || isArm(target))) yield* askExpansions('host', [HYPERV])
  return { accelerator: kvm ? 'kvm' : 'tcg', expansions }
}

/** What the same binary is asked when it emulates, after it was asked with an accelerator. */
export function* askSecondRun({ expansions }: FirstRunFindings): Dialogue<void, QmpCommand> {
  yield { execute: 'qmp_capabilities' }
  yield { execute: 'query-cpu-definitions' }
  yield* askExpansions('max', expansions)
  yield { execute: 'query-machines' }
}

/** Asked once of a binary, where its schema has them. */
const BINARY = [
  'query-cpu-definitions',
  'query-tpm-models',
  'query-tpm-types',
  'query-command-line-options',
  'query-migrate-capabilities',
  'query-gic-capabilities',
  'query-sev-capabilities',
  'query-sgx-capabilities',
]

const isPcTarget = (target: unknown): boolean => target === 'x86_64' || target === 'i386'
const isArm = (target: unknown): boolean => target === 'aarch64' || target === 'arm'

/** Every enlightenment for Windows that the host can give. */
const HYPERV: ExpansionRequest = { type: 'full', props: { migratable: false, 'hv-passthrough': true } }

/** How a target's host CPU is to be had: QEMU expands the models of some only fully, of others only statically. */
function listExpansions(target: unknown, schema: unknown): ExpansionRequest[] {
  if (isArm(target)) return [{ type: 'full' }]
  if (target === 's390x') {
    return reportsDeprecated(schema) ? [{ type: 'static' }, { type: 'full' }] : [{ type: 'static' }]
  }
  const all: ExpansionRequest = { type: 'static', props: { migratable: false } }
  return isPcTarget(target) ? [{ type: 'static' }, all] : [{ type: 'static' }]
}

/** Whether an expansion tells which properties are deprecated. */
const reportsDeprecated = (schema: unknown): boolean =>
  Array.isArray(schema) &&
  schema.some(entry => listNames(member(entry, 'members')).includes('deprecated-props'))

function* askExpansions(name: string, expansions: readonly ExpansionRequest[]): Dialogue<void, QmpCommand> {
  for (const { type, props } of expansions) {
    const model = props ? { name, props } : { name }
    yield { execute: 'query-cpu-model-expansion', arguments: { type, model } }
  }
}

function* askProperties(
  execute: string,
  wanted: readonly string[],
  types: ReadonlySet<string>,
): Dialogue<void, QmpCommand> {
  for (const typename of wanted) if (types.has(typename)) yield { execute, arguments: { typename } }
}

/** The type of a machine is its name and `-machine`; an alias has none of its own. */
function listMachineTypes(machines: unknown): string[] {
  const list = Array.isArray(machines) ? machines : []
  return MACHINES.map(alias => {
    const canonical = list.find(machine => member(machine, 'alias') === alias)
    return `${String(member(canonical, 'name') ?? alias)}-machine`
  })
}

const listNames = (list: unknown, wanted: (entry: unknown) => boolean = () => true): string[] =>
  Array.isArray(list)
    ? list.filter(wanted).flatMap(entry => {
        const name = member(entry, 'name')
        return typeof name === 'string' ? [name] : []
      })
    : []

/** What a reply returns; undefined for an error. */
const readReturn = (reply: JsonObject): unknown => member(reply, 'return')

/**
 * What an inquiry comes to, answered by a QEMU that is started for its first question, and not at all where it asks
 * none.
 * @param binary chosen when it is needed
 * @throws LibvirtError, ProbeError
 */
export async function answerFromQemu<T>(
  inquiry: Dialogue<T>,
  binary: () => string,
  options: QemuOptions,
): Promise<T> {
  let step = inquiry.next()
  if (step.done) return step.value
  const qemu = await Qemu.start(binary(), options)
  try {
    await qemu.ask({ execute: 'qmp_capabilities' })
    while (!step.done) step = inquiry.next(await qemu.ask(step.value))
    return step.value
  } finally {
    qemu.end()
  }
}

/** Features of a virtual CPU, in QEMU's spelling. */
export interface GivenFeatureLists {
  readonly enabled: readonly string[]
  /** Asked for, and not to be had on this host. */
  readonly disabled: readonly string[]
}

/** What the first virtual CPU has: every property that is true, and those that QEMU had to leave out. */
function* askGivenFeatures(): Dialogue<GivenFeatureLists, QmpCommand> {
  yield { execute: 'qmp_capabilities' }
  const cpus = member(yield { execute: 'query-cpus-fast' }, 'return')
  const known = Array.isArray(cpus) ? member(cpus[0], 'qom-path') : undefined
  const path = typeof known === 'string' ? known : '/machine/unattached/device[0]'
  const get = (property: string) => ({ execute: 'qom-get', arguments: { path, property } })
  const properties = member(yield { execute: 'qom-list', arguments: { path } }, 'return')
  const enabled: string[] = []
  for (const property of Array.isArray(properties) ? properties : []) {
    const name = member(property, 'name')
    if (typeof name !== 'string' || member(property, 'type') !== 'bool') continue
    if (member(yield get(name), 'return') === true) enabled.push(name)
  }
  const refused = member(yield get('unavailable-features'), 'return')
  const disabled = Array.isArray(refused) ? refused.filter(name => typeof name === 'string') : []
  return { enabled, disabled }
}

/**
 * What a QEMU gives a guest of this machine and CPU: started, asked, and ended before the first instruction.
 * @throws LibvirtError where QEMU does not start with it
 */
export async function probeGivenFeatures(binary: string, options: QemuOptions): Promise<GivenFeatureLists> {
  const qemu = await Qemu.start(binary, options)
  return (await qemu.run(askGivenFeatures()).finally(() => qemu.end())).found
}
