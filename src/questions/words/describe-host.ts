import type { HostWarning, ProbeWarning } from '../../formats/host/probed.ts'
import { describeProbe } from './describe-probe.ts'

/** What root, who may read them, would learn from files. */
const TOLD_BY: readonly (readonly [path: RegExp, what: string])[] = [
  [/product_uuid$/, "the host's UUID"],
  [/^\/etc\/libvirt\//, "libvirt's settings (UUID, security models)"],
  [/^\/sys\/fs\/resctrl/, 'how caches and bandwidth are shared out'],
]

/** What there is to know about a description of a host, without a full stop at the end. */
export function describeHostNote(doubt: HostWarning | ProbeWarning): string {
  switch (doubt.kind) {
    case 'part-left-out':
      return `the ${doubt.part} is left out, as libvirt does: ${doubt.because}`
    case 'files-denied':
      return `root could read more: ${doubt.paths.map(told).join(', ')}`
    case 'no-host-uuid':
      return 'the host has no UUID that can be read; libvirt makes one up at every start, virt-cpu prints none'
    case 'recorded-host':
      return 'a recorded host: its power management is what its kernel could do, and its programs were not asked'
    case 'in-container':
      return 'this seems to be a container: processors and memory are those of the machine around it'
    case 'cpu-unread':
      return `the CPU has no model: ${doubt.because}`
    case 'no-emulators':
      return 'no QEMU is installed (qemu-system-ARCH on the PATH), so no guests are listed'
    case 'emulator-failed':
      return `guests of ${doubt.path} are left out: ${doubt.because}`
    case 'guests-unasked':
      return "a recorded host's QEMU cannot be asked, so no guests are listed"
    default:
      return describeProbe(doubt)
  }
}

function told(path: string): string {
  const [, what] = TOLD_BY.find(([pattern]) => pattern.test(path)) ?? []
  return what === undefined ? path : `${path} (${what})`
}
