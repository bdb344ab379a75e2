import { internalError } from '../../core/libvirt-error.ts'
import { ParseError } from '../../core/parse-error.ts'
import { targetOfType, toLibvirtArch } from '../../formats/qemu/names.ts'
import {
  type Accelerator,
  type AcceleratorCapabilities,
  type GicVersion,
  type HostExpansion,
  type QapiEntity,
  QapiSchema,
  type QemuCapabilities,
  type QemuMachine,
  type QemuModel,
  type QemuProperty,
  type QemuVersion,
  type SevCapabilities,
  type SgxCapabilities,
} from '../capabilities.ts'
import { parseRecording, type QmpRecording } from './conversation.ts'
import { type QmpReply, QmpRun } from './reply.ts'

/**
 * What a recorded conversation tells of a QEMU.
 * @throws as `readQemuCapabilities`, and ParseError for what is no conversation
 */
export const parseQemuCapabilities = (text: string, source = '', arch?: string): QemuCapabilities =>
  readQemuCapabilities(parseRecording(text, source), arch)

/**
 * What a conversation tells of a QEMU: live, cached and recorded ones are all read here. Where the commands were not
 * recorded, what no reply tells is empty or absent.
 * @param arch libvirt's name of the architecture, for single replies that do not tell it
 * @throws LibvirtError for a QEMU older than 6.2
 * @throws ParseError for a conversation that does not tell version, machines or architecture, and for bad replies
 */
export function readQemuCapabilities(conversation: QmpRecording, arch?: string): QemuCapabilities {
  const [first, ...later] = conversation.runs.map(run => new QmpRun(run, conversation.source))
  if (!first) throw new ParseError('no QMP reply in it', conversation.source)
  const version = first.read('query-version', readVersion)
  if (version) checkVersion(version)
  const needed = conversation.bare ? [] : ['query-version', 'query-machines']
  for (const execute of needed) if (!first.reply(execute)) throw first.makeMissingError(execute)
  return {
    ...(version && { version }),
    arch: findArch(first, arch),
    accelerators: readAccelerators(first, later),
    ...readCommon(first),
  }
}

const OLDEST = { major: 6, minor: 2 }

function checkVersion({ major, minor, micro }: QemuVersion): void {
  if (major > OLDEST.major || (major === OLDEST.major && minor >= OLDEST.minor)) return
  const oldest = `${OLDEST.major}.${OLDEST.minor}.0`
  throw internalError(`QEMU version >= ${oldest} is required, but ${major}.${minor}.${micro} found`)
}

function findArch(run: QmpRun, known: string | undefined): string {
  const target = run.reply('query-target')?.text('arch') ?? findTargetOfModels(run, known) ?? known
  if (target === undefined) throw run.makeMissingError('query-target')
  return toLibvirtArch(target)
}

/** @param known of ARM's types, which do not tell which ARM it is, this may */
function findTargetOfModels(run: QmpRun, known: string | undefined): string | undefined {
  const models = run.read('query-cpu-definitions', readModels) ?? []
  const [target] = models.flatMap(({ type }) => targetOfType(type) ?? [])
  return target === 'aarch64' && known?.startsWith('arm') ? known : target
}

function readAccelerators(
  first: QmpRun,
  [second]: readonly QmpRun[],
): ReadonlyMap<Accelerator, AcceleratorCapabilities> {
  const name = findAccelerator(first, second !== undefined)
  const own = [name, readAccelerator(first)] as const
  return new Map(second && name !== 'tcg' ? [own, ['tcg', readAccelerator(second)]] : [own])
}

/** A second run is made only where the first was not TCG's. */
function findAccelerator(run: QmpRun, isFollowed: boolean): Accelerator {
  const kvm = run.reply('query-kvm')
  if (kvm) return kvm.flag('enabled') ? 'kvm' : isFollowed ? 'hvf' : 'tcg'
  const host = run.read('query-cpu-definitions', readModels)?.find(({ name }) => name === 'host')
  return host?.unavailable?.includes('kvm') ? 'tcg' : 'kvm'
}

function readAccelerator(run: QmpRun): AcceleratorCapabilities {
  const models = run.read('query-cpu-definitions', readModels)
  const host = readHostExpansion(run)
  const hyperv = run.expansion('full', 'hv-passthrough', 'migratable')
  return {
    machines: run.read('query-machines', readMachineTypes) ?? [],
    ...(models && { models }),
    ...(host && { host }),
    ...(hyperv && { hyperv: readExpansion(hyperv).properties }),
  }
}

/** The static expansion where QEMU has one, as on x86 and s390x; else the full one, as on ARM. */
function readHostExpansion(run: QmpRun): HostExpansion | undefined {
  const full = run.expansion('full')
  const main = run.expansion('static') ?? full
  if (!main) return undefined
  const { model, properties } = readExpansion(main)
  const unmigratable = run.expansion('static', 'migratable')
  return {
    model,
    properties,
    ...(unmigratable && { unmigratable: readExpansion(unmigratable).properties }),
    deprecated: readExpansion(full ?? main).deprecated,
  }
}

/** What does not depend on the accelerator. */
function readCommon(run: QmpRun) {
  const gic = run.read('query-gic-capabilities', readGic)
  const sev = run.read('query-sev-capabilities', readSev)
  const sgx = run.read('query-sgx-capabilities', readSgx)
  const properties = [
    ...run.repliesByType('device-list-properties'),
    ...run.repliesByType('qom-list-properties'),
  ]
  return {
    types: run.read('qom-list-types', readNames) ?? new Set<string>(),
    properties: new Map(properties.map(([type, answer]) => [type, readNames(answer)])),
    schema: new QapiSchema(run.read('query-qmp-schema', readSchema) ?? []),
    options: run.read('query-command-line-options', readOptions) ?? new Map<string, Set<string>>(),
    migration: run.read('query-migrate-capabilities', readMigration) ?? new Set<string>(),
    tpm: {
      models: run.reply('query-tpm-models')?.texts() ?? [],
      types: run.reply('query-tpm-types')?.texts() ?? [],
    },
    ...(gic && { gic }),
    ...(sev && { sev }),
    ...(sgx && { sgx }),
  }
}

// One reader for each of QEMU's commands that tell something. All throw ParseError for what is missing.

/** `query-version` */
function readVersion(answer: QmpReply): QemuVersion {
  const qemu = answer.member('qemu')
  const [major, minor, micro] = [qemu.count('major'), qemu.count('minor'), qemu.count('micro')]
  return { major, minor, micro, package: answer.maybeText('package') ?? '' }
}

/** `query-machines` */
const readMachineTypes = (answer: QmpReply): QemuMachine[] =>
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
const readModels = (answer: QmpReply): QemuModel[] =>
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
interface ModelExpansion {
  readonly model: string
  readonly properties: ReadonlyMap<string, QemuProperty>
  readonly deprecated: readonly string[]
}

/** `query-cpu-model-expansion`; s390x leaves `props` out where there are none */
function readExpansion(answer: QmpReply): ModelExpansion {
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
const readSchema = (answer: QmpReply): QapiEntity[] =>
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
const readNames = (answer: QmpReply): Set<string> => new Set(answer.list().map(entry => entry.text('name')))

/** `query-command-line-options` */
const readOptions = (answer: QmpReply): Map<string, Set<string>> =>
  new Map(
    answer.list().map(option => [option.text('option'), readNames(option.member('parameters'))] as const),
  )

/** `query-migrate-capabilities` */
const readMigration = (answer: QmpReply): Set<string> =>
  new Set(answer.list().map(entry => entry.text('capability')))

/** `query-gic-capabilities` */
const readGic = (answer: QmpReply): GicVersion[] =>
  answer.list().map(gic => ({
    version: gic.count('version'),
    kernel: gic.flag('kernel'),
    emulated: gic.flag('emulated'),
  }))

/** `query-sev-capabilities` */
const readSev = (answer: QmpReply): SevCapabilities => ({
  cbitpos: answer.count('cbitpos'),
  reducedPhysBits: answer.count('reduced-phys-bits'),
  pdh: answer.maybeText('pdh') ?? '',
  certChain: answer.maybeText('cert-chain') ?? '',
  cpu0Id: answer.maybeText('cpu0-id') ?? '',
})

/** `query-sgx-capabilities` */
const readSgx = (answer: QmpReply): SgxCapabilities => ({
  flc: answer.flag('flc'),
  sgx1: answer.flag('sgx1'),
  sgx2: answer.flag('sgx2'),
  sections: (answer.optional('sections')?.list() ?? []).map(section => ({
    node: section.count('node'),
    size: section.count('size'),
  })),
})
