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

/** What to do about an error of libvirt's, which is bare; empty where nothing is known to help. */
export function hintOnError({ db }: Context, { message }: LibvirtError): string {
  const [, kind, name] = /Unknown CPU (model|feature) (\S+)/.exec(message) ?? []
  if (name !== undefined) {
    const known = kind === 'model' ? db.models : db.features.list
    const near = didYouMean(
      known.map(one => one.name),
      name,
    )
    return near || '; where a newer libvirt described it, give its CPU map with --cpu-map DIR'
  }
  const [, hint = ''] = HINTS.find(([text]) => message.endsWith(text)) ?? []
  return hint
}

const HINTS: readonly (readonly [end: string, hint: string])[] = [
  [
    'Missing CPU model name',
    ': the <cpu> names no model, as where libvirt knew none for that host: give its /proc/cpuinfo, or what `cpuid -r` prints',
  ],
  [
    'Missing CPU architecture',
    ': the <cpu> of a host has an <arch>: give all that `virsh capabilities` printed, or add <arch>x86_64</arch>',
  ],
  ['Non-empty feature list specified without CPU model', ': add the <model> that the features are beyond'],
  ['CPU vendor specified without CPU model', ': add the <model>, or take out the <vendor>'],
  ['Invalid CPU feature policy', ': a policy is force, require, optional, disable or forbid'],
  ['Invalid fallback attribute', ': fallback is allow or forbid'],
]
