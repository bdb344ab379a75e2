import type { LibvirtError } from '../../core/libvirt-error.ts'
import { DEFAULT_LIBVIRT } from '../../core/libvirt-version.ts'
import { didYouMean } from '../../core/text.ts'
import { CpuMap } from '../../map/cpu-map.ts'
import { builtinReleases } from '../../map/releases.ts'
import type { Context } from '../context.ts'

/** Whether a name is a model version that QEMU has and libvirt's map has no name for. */
export const isQemuOnlyName = (name: string): boolean =>
  /-v\d+$/.test(name) &&
  CpuMap.builtIn()
    .of('x86')
    .families.some(({ versions }) =>
      versions.some(({ qemuOnly, versioned }) => qemuOnly && versioned?.name === name),
    )

/** `QEMU 11.1's; libvirt 12.8 has no name for it`: whose versions are that only QEMU has. */
export function describeQemuOnly(names: readonly string[]): string {
  const { qemu } = builtinReleases().needed(names)
  return `QEMU ${qemu}'s; libvirt ${DEFAULT_LIBVIRT} has no name for ${names.length === 1 ? 'it' : 'them'}`
}

/** What to do about a model that libvirt does not know; empty for its other errors. */
export function hintOnModel({ db }: Context, { message }: LibvirtError): string {
  const [, name] = /Unknown CPU model (\S+)/.exec(message) ?? []
  if (name === undefined) return ''
  const known = db.models.map(model => model.name)
  return (
    didYouMean(known, name) || '; where a newer libvirt described it, give its CPU map with --cpu-map DIR'
  )
}
