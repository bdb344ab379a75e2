import type { ProbeWarning, Route, RouteFailure } from '../../formats/host/probed.ts'

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
  'not-told': 'not told of, and taken to be as the others',
} as const

/** What there is to know about a probe, without a full stop at the end. */
export function describeProbe(doubt: ProbeWarning): string {
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
