import type { HostWarning, ProbeWarning, Route, RouteFailure } from '../../formats/host/host-facts.ts'

/** How CPUs were read. */
const ROUTES: Readonly<Record<Route, string>> = {
  instruction: 'by the CPUID instruction',
  device: 'by the cpuid driver (/dev/cpu/N/cpuid)',
  loader: 'from what the dynamic loader says (ld.so --list-diagnostics)',
  cpuinfo: 'from the flags of /proc/cpuinfo, which are approximate',
}

const UNSEEN = {
  offline: 'offline, and not looked at',
  'not-allowed': 'not looked at: this process may not run there',
  'not-reported': 'not told of, and taken to be as the others',
} as const

/** What there is to know about a probe, without a full stop at the end. */
function describeProbe(doubt: ProbeWarning): string {
  switch (doubt.kind) {
    case 'probed':
      return `CPU ${doubt.cpus} read ${ROUTES[doubt.route]}${because(doubt.failed)}`
    case 'cpus-unseen':
      return `CPU ${doubt.cpus}: ${UNSEEN[doubt.because]}`
    case 'smt':
      return `threads of one core (SMT): ${SMT[doubt.state] ?? doubt.state}`
    case 'hybrid':
      return `cores of several kinds: ${groups(doubt.cores)}`
    case 'microcode-differs':
      return `the CPUs do not all have the same microcode: ${groups(doubt.versions)}`
    case 'msrs-unseen':
      return (
        `MSRs could not be read${because(doubt.failed)}, so what only they tell (vmx-*, mitigations such as ` +
        'rdctl-no) counts as absent; root can, with the msr module loaded, and so can who may open /dev/kvm'
      )
    case 'msrs-of-kvm':
      return (
        `MSRs are those that KVM offers guests, as libvirt takes them; the CPU's own root can read, with the msr ` +
        `module loaded${because(doubt.failed)}`
      )
    case 'tsc-unseen':
      return `the frequency of the time stamp counter is not known${because(doubt.failed)}`
  }
}

const SMT: Readonly<Record<string, string>> = {
  on: 'on',
  off: 'off, can be switched on',
  forceoff: 'off until the next boot',
  notsupported: 'not there',
  notimplemented: 'not controlled by this kernel',
}

/** ` (/dev/kvm: Permission denied)` */
const because = (failed: readonly RouteFailure[]): string =>
  failed.length === 0 ? '' : ` (${failed.map(({ tried, why }) => `${tried}: ${why}`).join('; ')})`

const groups = (list: readonly { readonly name: string; readonly cpus: string }[]): string =>
  list.map(({ name, cpus }) => `${name} (CPU ${cpus})`).join(', ')

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
