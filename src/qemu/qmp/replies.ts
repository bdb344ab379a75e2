import type {
  GicVersion,
  QapiEntity,
  QemuMachine,
  QemuModel,
  QemuProperty,
  QemuVersion,
  SevCapabilities,
  SgxCapabilities,
} from '../capabilities.ts'
import type { QmpReply } from './reply.ts'

// One reader for each of QEMU's commands that tell something. All throw ParseError for what is missing.

/** `query-version` */
export function readVersion(answer: QmpReply): QemuVersion {
  const qemu = answer.member('qemu')
  const [major, minor, micro] = [qemu.count('major'), qemu.count('minor'), qemu.count('micro')]
  return { major, minor, micro, package: answer.maybeText('package') ?? '' }
}

/** `query-machines` */
export const readMachineTypes = (answer: QmpReply): QemuMachine[] =>
  answer.list().map(machine => {
    const [alias, cpuType] = [machine.maybeText('alias'), machine.maybeText('default-cpu-type')]
    return {
      name: machine.text('name'),
      ...(alias !== undefined && { alias }),
      isDefault: machine.flag('is-default'),
      deprecated: machine.flag('deprecated'),
      maxCpus: machine.optional('cpu-max') ? machine.count('cpu-max') : 0,
      ...(cpuType !== undefined && { defaultCpuType: cpuType }),
      hotpluggableCpus: machine.flag('hotpluggable-cpus'),
      ...(machine.optional('acpi') && { acpi: machine.flag('acpi') }),
    }
  })

/** `query-cpu-definitions` */
export const readModels = (answer: QmpReply): QemuModel[] =>
  answer.list().map(model => {
    const [type, alias] = [model.maybeText('typename'), model.maybeText('alias-of')]
    const unavailable = model.optional('unavailable-features')?.texts()
    return {
      name: model.text('name'),
      ...(type !== undefined && { type }),
      ...(alias !== undefined && { aliasOf: alias }),
      deprecated: model.flag('deprecated'),
      ...(unavailable && { unavailable }),
    }
  })

/** What `query-cpu-model-expansion` answers. */
export interface ModelExpansion {
  readonly model: string
  readonly properties: ReadonlyMap<string, QemuProperty>
  readonly deprecated: readonly string[]
}

/** `query-cpu-model-expansion`; s390x leaves `props` out where there are none */
export function readExpansion(answer: QmpReply): ModelExpansion {
  const model = answer.member('model')
  const name = model.text('name')
  const entries = model.optional('props')?.entries() ?? []
  return {
    model: name,
    properties: new Map(entries.filter((entry): entry is [string, QemuProperty] => isProperty(entry[1]))),
    deprecated: answer.optional('deprecated-props')?.texts() ?? [],
  }
}

/** libvirt reads numbers as unsigned ones and passes others over, as it does lists and objects. */
const isProperty = (value: unknown): value is QemuProperty =>
  typeof value === 'boolean' ||
  typeof value === 'string' ||
  (typeof value === 'number' && Number.isInteger(value) && value >= 0)

/** `query-qmp-schema` */
export const readSchema = (answer: QmpReply): QapiEntity[] =>
  answer.list().map(entity => {
    const [argument, result] = [entity.maybeText('arg-type'), entity.maybeText('ret-type')]
    const element = entity.maybeText('element-type')
    return {
      name: entity.text('name'),
      kind: entity.text('meta-type'),
      ...(argument !== undefined && { argument }),
      ...(result !== undefined && { result }),
      ...(element !== undefined && { element }),
      members: new Map(readMembers(entity)),
    }
  })

function readMembers(entity: QmpReply): [string, string][] {
  const list = (name: string): QmpReply[] => entity.optional(name)?.list() ?? []
  return [
    ...list('values').map((value): [string, string] => [String(value.value), '']),
    // An alternate's members have types only, and an enumeration's only names.
    ...list('members').map((one): [string, string] => [
      one.maybeText('name') ?? '',
      one.maybeText('type') ?? '',
    ]),
    ...list('variants').map((variant): [string, string] => [variant.text('case'), variant.text('type')]),
  ]
}

/** `qom-list-types`, `device-list-properties`, `qom-list-properties` */
export const readNames = (answer: QmpReply): Set<string> =>
  new Set(answer.list().map(entry => entry.text('name')))

/** `query-command-line-options` */
export const readOptions = (answer: QmpReply): Map<string, Set<string>> =>
  new Map(
    answer.list().map(option => [option.text('option'), readNames(option.member('parameters'))] as const),
  )

/** `query-migrate-capabilities` */
export const readMigration = (answer: QmpReply): Set<string> =>
  new Set(answer.list().map(entry => entry.text('capability')))

/** `query-gic-capabilities` */
export const readGic = (answer: QmpReply): GicVersion[] =>
  answer.list().map(gic => ({
    version: gic.count('version'),
    kernel: gic.flag('kernel'),
    emulated: gic.flag('emulated'),
  }))

/** `query-sev-capabilities` */
export const readSev = (answer: QmpReply): SevCapabilities => ({
  cbitpos: answer.count('cbitpos'),
  reducedPhysBits: answer.count('reduced-phys-bits'),
  pdh: answer.maybeText('pdh') ?? '',
  certChain: answer.maybeText('cert-chain') ?? '',
  cpu0Id: answer.maybeText('cpu0-id') ?? '',
})

/** `query-sgx-capabilities` */
export const readSgx = (answer: QmpReply): SgxCapabilities => ({
  flc: answer.flag('flc'),
  sgx1: answer.flag('sgx1'),
  sgx2: answer.flag('sgx2'),
  sections: (answer.optional('sections')?.list() ?? []).map(section => ({
    node: section.count('node'),
    size: section.count('size'),
  })),
})
