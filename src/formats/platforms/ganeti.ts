import type { Dialect } from '../found.ts'
import { parseCpuArgument } from './qemu-command.ts'

/** The CPU of a Ganeti instance under KVM: QEMU's own argument, with commas escaped where it was typed. */
export const ganeti: Dialect = {
  name: 'ganeti',
  title: 'gnt-instance info, or cpu_type of Ganeti’s KVM',
  hostsBy: 'cat /proc/cpuinfo',
  sniff: text =>
    /^[ \t-]*cpu_type:[ \t]*\S/m.test(text) && /^[ \t-]*(?:Hypervisor|Instance name|kvm)\b/m.test(text),
  read: text =>
    text.split(/^(?=[ \t]*-?[ \t]*Instance name:)/m).flatMap(part => {
      const of = (key: string) => new RegExp(`^[ \\t-]*${key}:[ \\t]*(.*?)[ \\t]*\\r?$`, 'm').exec(part)?.[1]
      const argument = of('cpu_type')?.replaceAll('\\,', ',')
      if (!argument || argument.startsWith('default')) return []
      const vcpus = Number(/^\d+/.exec(of('vcpus') ?? of('VCPUs') ?? '')?.[0] ?? 0)
      // QEMU takes 0 and 1 for off and on.
      const cpu = parseCpuArgument(argument.replace(/=0\b/g, '=off').replace(/=1\b/g, '=on'))
      const name = of('Instance name')
      return { kind: 'guest', layer: 'defined', cpu, name, uuid: of('UUID'), vcpus: vcpus || undefined }
    }),
}
