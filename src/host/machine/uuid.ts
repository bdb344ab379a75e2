import { setting } from './settings.ts'
import type { HostTree } from './tree.ts'

/** Where firmware's UUID is; root alone may read it. */
const DMI = ['sys/devices/virtual/dmi/id/product_uuid', 'sys/class/dmi/id/product_uuid']

/**
 * The host's UUID as libvirt takes it: from its settings, else from firmware. Undefined where there is none that is
 * one: libvirt then makes one up at every start.
 */
export function hostUuid(tree: HostTree): string | undefined {
  const source = setting(tree, 'daemon', 'host_uuid_source')
  const given = [setting(tree, 'daemon', 'host_uuid')]
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
