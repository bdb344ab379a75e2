import { POLICIES } from '../../core/cpu.ts'
import { ParseError } from '../../core/parse-error.ts'
import type { Dialect, FoundGuest } from '../found.ts'
import { guestCpuOf } from './guest-cpu.ts'

/** A Vagrantfile for the provider libvirt. */
export const vagrant: Dialect = {
  name: 'vagrantfile',
  title: 'a Vagrantfile with the provider libvirt',
  sniff: text => /^[ \t]*Vagrant\.configure\b/m.test(text) && /\blibvirt\b/.test(text),
  read: (text, source) => {
    if (!/\bend\s*$/.test(text))
      throw new ParseError('the last line of a Vagrantfile is `end`: it is cut', source)
    const plain = text.replace(/^[ \t]*#.*$/gm, '')
    const [common = '', ...machines] = plain.split(/^(?=[^\n]*\.vm\.define\b)/m)
    if (machines.length === 0) return [guestOf(common)]
    return machines.map(machine => ({
      ...guestOf(`${machine}\n${common}`),
      name: /\.vm\.define\s*\(?\s*[:"']?([\w.-]+)/.exec(machine)?.[1],
    }))
  },
}

/** What a machine sets itself stands first, and counts. */
function guestOf(text: string): FoundGuest {
  const of = (key: string) => new RegExp(`\\b\\w+\\.${key}\\s*=\\s*[:"']?([\\w.-]+)`).exec(text)?.[1]
  const mode = of('cpu_mode') ?? 'host-model'
  const features = [...text.matchAll(/\.cpu_feature\s*\(?([^\n]*)/g)].flatMap(([, words = '']) => {
    const name = /\bname(?::|\s*=>)\s*["']([^"']+)/.exec(words)?.[1]
    const policy = POLICIES.find(
      known => known === (/\bpolicy(?::|\s*=>)\s*["'](\w+)/.exec(words)?.[1] ?? 'require'),
    )
    return name && policy ? [{ name, policy }] : []
  })
  const fallback = of('cpu_fallback') === 'forbid' ? 'forbid' : 'allow'
  return {
    kind: 'guest',
    layer: 'defined',
    cpu: guestCpuOf(
      mode === 'custom' ? (of('cpu_model') ?? 'qemu64') : mode,
      features,
      mode === 'custom' ? { fallback } : {},
    ),
    vcpus: Number(of('cpus')) || undefined,
  }
}
