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
export const readPreset = (tree: HostTree, file: keyof typeof FILES, name: string): string | undefined =>
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
