import type { Policy } from '../../core/cpu.ts'
import { ParseError } from '../../core/parse-error.ts'
import type { Dialect } from '../found.ts'
import { guestCpuOf } from './guest-cpu.ts'
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

/** The CPU that CloudStack's KVM agent gives guests: `agent.properties`. */
export const cloudStack: Dialect = {
  name: 'cloudstack',
  title: 'CloudStack agent.properties',
  sniff: text => /^[ \t]*guest\.cpu\.(?:mode|model|features)[ \t]*[=:]/m.test(text),
  read: (text, source) => {
    const of = (key: string) =>
      new RegExp(`^[ \\t]*guest\\.cpu\\.${key}[ \\t]*[=:][ \\t]*(.*?)[ \\t]*\\r?$`, 'm').exec(text)?.[1] ||
      undefined
    const mode = of('mode')
    const words = (of('features') ?? '').split(/\s+\+?/).filter(word => word !== '')
    const features = words.map(word => ({
      name: word.replace(/^-/, ''),
      policy: (word.startsWith('-') ? 'disable' : 'require') satisfies Policy as Policy,
    }))
    const model = mode === 'custom' ? of('model') : mode
    if (mode === 'custom' && !model)
      throw new ParseError('guest.cpu.mode=custom needs a line guest.cpu.model=MODEL', source)
    const fallback = mode === 'custom' ? { fallback: 'allow' as const } : {}
    const cpu = guestCpuOf(model ?? 'qemu64', features, model ? fallback : {})
    const notes = model ? [] : ['without guest.cpu.mode guests get QEMU’s default, qemu64']
    return [{ kind: 'guest', layer: 'defined', cpu, notes }]
  },
}
