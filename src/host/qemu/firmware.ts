import { homedir } from 'node:os'
import { join } from 'node:path'
import { parseFirmware } from '../../qemu/domain-capabilities/firmware-json.ts'
import type { Firmware } from '../../qemu/domain-capabilities/request.ts'
import type { HostTree } from '../machine/tree.ts'

/** Where descriptions of firmware are: those of the distribution, the host's, and for others than root the user's. */
function listFirmwareFolders(): string[] {
  const own = join(process.env.XDG_CONFIG_HOME || join(homedir(), '.config'), 'qemu', 'firmware')
  const isRoot = process.getuid?.() === 0
  return ['/usr/share/qemu/firmware', '/etc/qemu/firmware', ...(isRoot ? [] : [own])]
}

/**
 * The firmware that is installed, by the names of its descriptions. A description in a later folder stands for one of
 * the same name in an earlier one; an empty one for none. Of those whose image is gone nothing is told.
 * @see QEMU, docs/interop/firmware.json
 */
export function readInstalledFirmware(tree: HostTree): Firmware[] {
  const byName = new Map<string, string>()
  for (const folder of listFirmwareFolders()) {
    for (const name of tree.names(folder)) if (name.endsWith('.json')) byName.set(name, join(folder, name))
  }
  const names = [...byName].sort(([a], [b]) => (a < b ? -1 : 1))
  return names
    .flatMap(([, path]) => parseDescription(tree.text(path)) ?? [])
    .filter(firmware => tree.has(firmware.path))
}

/** Undefined for a file that is empty or broken: libvirt passes it over. */
function parseDescription(text: string | undefined): Firmware | undefined {
  try {
    return text ? parseFirmware(JSON.parse(text)) : undefined
  } catch {
    return undefined
  }
}

/** The images that libvirt knows by itself. */
const DEFAULTS = [
  '/usr/share/OVMF/OVMF_CODE.fd',
  '/usr/share/OVMF/OVMF_CODE.secboot.fd',
  '/usr/share/AAVMF/AAVMF_CODE.fd',
  '/usr/share/AAVMF/AAVMF32_CODE.fd',
] as const

export const readDefaultLoaders = (tree: HostTree): string[] => DEFAULTS.filter(path => tree.has(path))
