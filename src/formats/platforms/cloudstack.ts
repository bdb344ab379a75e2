import type { Policy } from '../../core/cpu.ts'
import { ParseError } from '../../core/parse-error.ts'
import type { Dialect } from '../found.ts'
import { guestCpuOf } from './guest-cpu.ts'

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
    const words = (of('features') ?? '').split(/\s+/).filter(word => word !== '')
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
