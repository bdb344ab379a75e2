import { spawnSync } from 'node:child_process'
import { LibvirtError } from '../../core/libvirt-error.ts'
import { hasBehaviour, type LibvirtVersion } from '../../core/libvirt-version.ts'
import type {
  HostFacts,
  HostPart,
  HostWarning,
  SecurityModel,
  Suspend,
} from '../../formats/host/host-facts.ts'
import { addControls, readBandwidth, readCaches, readEnergy } from './resctrl.ts'
import { type NodeInfo, readBasePageSize, readNodeInfo, readPageSizes, readTopology } from './topology.ts'
import { CPUS, type HostTree } from './tree.ts'

/** Files in which libvirt's daemons find their settings: the first that is there. */
const FILES = {
  qemu: ['etc/libvirt/qemu.conf'],
  daemon: ['etc/libvirt/libvirtd.conf', 'etc/libvirt/virtqemud.conf'],
} as const

/** A setting of libvirt's, as text; undefined where none is set. */
const readSetting = (tree: HostTree, file: keyof typeof FILES, name: string): string | undefined =>
  findSetting(tree, file, new RegExp(`^\\s*${name}${VALUE}`, 'm'))

/** The value that stands in the file as a comment: what the distribution's libvirt does without a setting. */
const readPreset = (tree: HostTree, file: keyof typeof FILES, name: string): string | undefined =>
  findSetting(tree, file, new RegExp(`^#${name}${VALUE}`, 'm'))

/** The text of a quoted value; a list as it stands. */
const VALUE = '\\s*=\\s*(?:"([^"\\n]*)"|([^"\\n].*?))\\s*$'

function findSetting(tree: HostTree, file: keyof typeof FILES, pattern: RegExp): string | undefined {
  for (const path of FILES[file]) {
    const [, quoted, bare] = pattern.exec(tree.text(path) ?? '') ?? []
    if (quoted !== undefined || bare !== undefined) return quoted ?? bare
  }
  return undefined
}

/**
 * How libvirt's system daemon keeps guests apart: by SELinux or AppArmor where the host has one, or as its settings
 * say, and always by owners of files.
 */
export function readSecurityModels(tree: HostTree): SecurityModel[] {
  const asked = readSetting(tree, 'qemu', 'security_driver')?.match(/\w+/g)
  const first = asked?.map(name => MODELS[name]?.(tree) ?? NONE) ?? [probeModel(tree)]
  return [...first, readDac(tree)]
}

const NONE: SecurityModel = { model: 'none', doi: '0', baselabels: [] }

const MODELS: Readonly<Record<string, (tree: HostTree) => SecurityModel>> = {
  selinux: readSelinux,
  apparmor: () => ({ ...NONE, model: 'apparmor' }),
}

function probeModel(tree: HostTree): SecurityModel {
  if (tree.has('sys/fs/selinux/enforce')) return readSelinux(tree)
  return hasAppArmor(tree) ? { ...NONE, model: 'apparmor' } : NONE
}

/** AppArmor must be on, and have a profile for the guests that libvirt starts. */
const hasAppArmor = (tree: HostTree): boolean =>
  tree.text('sys/module/apparmor/parameters/enabled') === 'Y' &&
  tree.has('etc/apparmor.d/libvirt/TEMPLATE.qemu')

/** The policy's file has a context a line: for guests with KVM, and without. */
function readSelinux(tree: HostTree): SecurityModel {
  const type = /^SELINUXTYPE=(\S+)/m.exec(tree.text('etc/selinux/config') ?? '')?.[1] ?? 'targeted'
  const contexts = tree.text(`etc/selinux/${type}/contexts/virtual_domain_context`)?.split('\n') ?? []
  const [kvm, qemu = kvm] = contexts
  return { model: 'selinux', doi: '0', baselabels: makeLabels(kvm, qemu) }
}

/** The user and group that guests run as. */
function readDac(tree: HostTree): SecurityModel {
  const id = (name: string, file: string) => {
    const asked = readSetting(tree, 'qemu', name) ?? readPreset(tree, 'qemu', name)
    const names = asked === undefined ? USUAL : [asked]
    return names.map(who => findId(tree, file, who)).find(found => found !== undefined)
  }
  const [user, group] = [id('user', 'etc/passwd'), id('group', 'etc/group')]
  const label = user === undefined || group === undefined ? undefined : `+${user}:+${group}`
  return { model: 'dac', doi: '0', baselabels: makeLabels(label, label) }
}

/** Whom distributions let guests run as. */
const USUAL = ['libvirt-qemu', 'qemu']

/** The number of a user or group; numbers stand for themselves, with or without a plus sign. */
function findId(tree: HostTree, file: string, name: string): string | undefined {
  const row = tree
    .text(file)
    ?.split('\n')
    .find(line => line.startsWith(`${name}:`))
  return row?.split(':')[2] ?? /^\+?(\d+)$/.exec(name)?.[1]
}

const makeLabels = (kvm: string | undefined, qemu: string | undefined): SecurityModel['baselabels'] => [
  ...(kvm === undefined ? [] : [{ type: 'kvm', label: kvm }]),
  ...(qemu === undefined ? [] : [{ type: 'qemu', label: qemu }]),
]

interface SuspendState {
  readonly name: Suspend
  /** What systemd's logind calls it. */
  readonly method: string
  /** What pm-utils call it. */
  readonly option: string
}

const STATES: readonly SuspendState[] = [
  { name: 'suspend_mem', method: 'CanSuspend', option: '--suspend' },
  { name: 'suspend_disk', method: 'CanHibernate', option: '--hibernate' },
  { name: 'suspend_hybrid', method: 'CanHybridSleep', option: '--suspend-hybrid' },
]

/**
 * How the host can be put to sleep: as logind says, else as pm-utils say, else not at all. A recorded host cannot be
 * asked: there it is what its kernel could do.
 */
export function readPowerManagement(tree: HostTree): Suspend[] {
  if (!tree.isLive) return readKernelStates(tree)
  const ask = tree.has(BUS) ? isAllowedByLogind : isAllowedByPmUtils
  return STATES.filter(ask).map(({ name }) => name)
}

const BUS = 'run/dbus/system_bus_socket'

function isAllowedByLogind({ method }: SuspendState): boolean {
  const place = ['org.freedesktop.login1', '/org/freedesktop/login1', 'org.freedesktop.login1.Manager']
  const answer = runProgram('busctl', ['call', '--timeout=60', ...place, method])
  return /"(?:yes|challenge)"/.test(answer ?? '')
}

const isAllowedByPmUtils = ({ option }: SuspendState): boolean =>
  runProgram('pm-is-supported', [option]) !== undefined

/** How long a program may take, in milliseconds: a busy machine takes its time. */
const TIMEOUT = 60_000

/** What a program prints; undefined where it is not there, or fails. */
function runProgram(program: string, args: readonly string[]): string | undefined {
  const { status, stdout } = spawnSync(program, args, { encoding: 'utf8', timeout: TIMEOUT })
  return status === 0 ? stdout : undefined
}

/** @see Linux, Documentation/admin-guide/pm/sleep-states.rst */
function readKernelStates(tree: HostTree): Suspend[] {
  const states = tree.text('sys/power/state')?.split(/\s+/) ?? []
  const disk = states.includes('disk') && !tree.text('sys/power/disk')?.includes('[disabled]')
  const memory = states.includes('mem')
  const can = { suspend_mem: memory, suspend_disk: disk, suspend_hybrid: memory && disk }
  return STATES.map(({ name }) => name).filter(name => can[name])
}

/** Bytes of a thread's number in the device tree. */
const CELL = 4

/**
 * POWER8 can split its cores, and then shows the first thread of each part alone: how many threads a part has. 0 where
 * the host shows every thread, or cannot run guests with KVM.
 * @see Linux, Documentation/ABI/testing/sysfs-devices-system-cpu, subcores_per_core
 */
function readThreadsPerSubcore(tree: HostTree, arch: string): number {
  if (!arch.startsWith('ppc64') || !tree.has('dev/kvm')) return 0
  const parts = tree.number(`${CPUS}/subcores_per_core`)
  if (!parts) return 0
  const folder = 'proc/device-tree/cpus'
  const [core] = tree.names(folder).filter(name => name.startsWith('PowerPC,'))
  const threads = tree.bytes(`${folder}/${core}/ibm,ppc-interrupt-server#s`)
  return threads ? threads.length / CELL / parts : 0
}

/** Where firmware's UUID is; root alone may read it. */
const DMI = ['sys/devices/virtual/dmi/id/product_uuid', 'sys/class/dmi/id/product_uuid']

/**
 * The host's UUID as libvirt takes it: from its settings, else from firmware. Undefined where there is none that is
 * one: libvirt then makes one up at every start.
 */
export function readHostUuid(tree: HostTree): string | undefined {
  const source = readSetting(tree, 'daemon', 'host_uuid_source')
  const given = [readSetting(tree, 'daemon', 'host_uuid')]
  const found = source === 'machine-id' ? [tree.text('etc/machine-id')] : DMI.map(path => tree.text(path))
  for (const text of [...given, ...found]) {
    const uuid = text === undefined ? undefined : formatUuid(text)
    if (uuid) return uuid
  }
  return undefined
}

/** 32 digits, not all the same. */
function formatUuid(text: string): string | undefined {
  const digits = text.replaceAll('-', '').toLowerCase()
  if (!/^[0-9a-f]{32}$/.test(digits) || /^(.)\1*$/.test(digits)) return undefined
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

/** A host without its CPU, which is read on its own. */
export interface HostAround {
  readonly facts: Omit<HostFacts, 'cpu'>
  /** Undefined where the processors could not be counted. */
  readonly node: NodeInfo | undefined
  readonly warnings: readonly HostWarning[]
}

/**
 * What a host's files tell of all that is around its CPUs. What cannot be told is left out, and said.
 * @param arch libvirt's name of the host's architecture
 */
export function readHost(tree: HostTree, arch: string, version: LibvirtVersion): HostAround {
  const warnings: HostWarning[] = []
  const part = <T>(name: HostPart, read: () => T): T | undefined => {
    try {
      return read()
    } catch (error) {
      if (!(error instanceof LibvirtError)) throw error
      warnings.push({ kind: 'part-left-out', part: name, because: error.message })
      return undefined
    }
  }
  const basePage = readBasePageSize(tree, arch)
  const node = part('node info', () =>
    readNodeInfo(tree, { arch, threadsPerSubcore: readThreadsPerSubcore(tree, arch) }),
  )
  const banks = part('cache', () => readCaches(tree)) ?? []
  const uuid = readHostUuid(tree)
  const facts = {
    uuid,
    pageSizes: readPageSizes(tree, basePage),
    powerManagement: readPowerManagement(tree),
    iommu: tree.names('sys/kernel/iommu_groups').length > 0,
    migration: MIGRATION,
    topology: part('topology', () => readTopology(tree, basePage, node)),
    cache: part('cache', () => addControls(tree, banks)) ?? { banks: [] },
    memoryBandwidth: part('memory bandwidth', () => readBandwidth(tree, banks)) ?? { nodes: [] },
    energy: hasBehaviour(version, 'energy') ? part('energy', () => readEnergy(tree)) : undefined,
    securityModels: readSecurityModels(tree),
  }
  return { facts, node, warnings: [...warnings, ...findUnseen(tree, uuid)] }
}

/** What QEMU's guests can do anywhere. */
const MIGRATION = { live: true, transports: ['tcp', 'rdma'] }

function findUnseen(tree: HostTree, uuid: string | undefined): HostWarning[] {
  const paths = [...tree.denied].map(path => `/${path}`)
  return [
    ...(tree.isLive ? [] : [{ kind: 'recorded-host' } as const]),
    ...(tree.isLive && isContainer(tree) ? [{ kind: 'in-container' } as const] : []),
    ...(uuid === undefined ? [{ kind: 'no-host-uuid' } as const] : []),
    ...(paths.length > 0 ? [{ kind: 'files-denied', paths } as const] : []),
  ]
}

/** Files that container programs leave in theirs. */
const isContainer = (tree: HostTree): boolean =>
  ['.dockerenv', 'run/.containerenv'].some(path => tree.has(path))
