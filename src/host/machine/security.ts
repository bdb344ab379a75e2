import type { SecurityModel } from '../../formats/host/host-facts.ts'
import type { HostTree } from './tree.ts'

/** Files in which libvirt's daemons find their settings: the first that is there. */
const FILES = {
  qemu: ['etc/libvirt/qemu.conf'],
  daemon: ['etc/libvirt/libvirtd.conf', 'etc/libvirt/virtqemud.conf'],
} as const

/** A setting of libvirt's, as text; undefined where none is set. */
export const readSetting = (tree: HostTree, file: keyof typeof FILES, name: string): string | undefined =>
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
