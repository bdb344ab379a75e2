import { internalError } from '../../core/libvirt-error.ts'
import { ParseError } from '../../core/parse-error.ts'
import { targetOfType, toLibvirtArch } from '../../formats/qemu/names.ts'
import type {
  Accelerator,
  AcceleratorCapabilities,
  HostExpansion,
  QemuCapabilities,
  QemuVersion,
} from '../capabilities.ts'
import { QapiSchema } from '../capabilities.ts'
import { parseRecording, type QmpRecording } from './conversation.ts'
import * as replies from './replies.ts'
import { QmpRun } from './reply.ts'

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
  const version = first.read('query-version', replies.readVersion)
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
  const models = run.read('query-cpu-definitions', replies.readModels) ?? []
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
  const host = run.read('query-cpu-definitions', replies.readModels)?.find(({ name }) => name === 'host')
  return host?.unavailable?.includes('kvm') ? 'tcg' : 'kvm'
}

function readAccelerator(run: QmpRun): AcceleratorCapabilities {
  const models = run.read('query-cpu-definitions', replies.readModels)
  const host = readHostExpansion(run)
  const hyperv = run.expansion('full', 'hv-passthrough', 'migratable')
  return {
    machines: run.read('query-machines', replies.readMachineTypes) ?? [],
    ...(models && { models }),
    ...(host && { host }),
    ...(hyperv && { hyperv: replies.readExpansion(hyperv).properties }),
  }
}

/** The static expansion where QEMU has one, as on x86 and s390x; else the full one, as on ARM. */
function readHostExpansion(run: QmpRun): HostExpansion | undefined {
  const full = run.expansion('full')
  const main = run.expansion('static') ?? full
  if (!main) return undefined
  const { model, properties } = replies.readExpansion(main)
  const unmigratable = run.expansion('static', 'migratable')
  return {
    model,
    properties,
    ...(unmigratable && { unmigratable: replies.readExpansion(unmigratable).properties }),
    deprecated: replies.readExpansion(full ?? main).deprecated,
  }
}

/** What does not depend on the accelerator. */
function readCommon(run: QmpRun) {
  const gic = run.read('query-gic-capabilities', replies.readGic)
  const sev = run.read('query-sev-capabilities', replies.readSev)
  const sgx = run.read('query-sgx-capabilities', replies.readSgx)
  const properties = [
    ...run.repliesByType('device-list-properties'),
    ...run.repliesByType('qom-list-properties'),
  ]
  return {
    types: run.read('qom-list-types', replies.readNames) ?? new Set<string>(),
    properties: new Map(properties.map(([type, answer]) => [type, replies.readNames(answer)])),
    schema: new QapiSchema(run.read('query-qmp-schema', replies.readSchema) ?? []),
    options: run.read('query-command-line-options', replies.readOptions) ?? new Map<string, Set<string>>(),
    migration: run.read('query-migrate-capabilities', replies.readMigration) ?? new Set<string>(),
    tpm: {
      models: run.reply('query-tpm-models')?.texts() ?? [],
      types: run.reply('query-tpm-types')?.texts() ?? [],
    },
    ...(gic && { gic }),
    ...(sev && { sev }),
    ...(sgx && { sgx }),
  }
}
