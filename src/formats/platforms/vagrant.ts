import { type CpuFeature, POLICIES } from '../../core/cpu.ts'
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
    if (machines.length === 0) return [guestOf(common, source)]
    return machines.map(machine => ({
      ...guestOf(`${machine}\n${common}`, source),
      name: /\.vm\.define\s*\(?\s*[:"']?([\w.-]+)/.exec(machine)?.[1],
    }))
  },
}

/** What a machine sets itself stands first, and counts. @throws ParseError for a feature that cannot be read */
function guestOf(text: string, source: string): FoundGuest {
  const of = (key: string) => new RegExp(`\\b\\w+\\.${key}\\s*=\\s*[:"']?([\\w.-]+)`).exec(text)?.[1]
  const mode = of('cpu_mode') ?? 'host-model'
  const features = [...text.matchAll(/\.cpu_feature\s*\(?((?:[^\n]*,[ \t]*\n)*[^\n]*)/g)].map(
    ([line, words = '']): CpuFeature => {
      const arg = (key: string) => new RegExp(`:?\\b${key}(?::|\\s*=>)\\s*["'](\\w[\\w.-]*)["']`)
      const [name, asked = 'require'] = ['name', 'policy'].map(key => arg(key).exec(words)?.[1])
      const policy = POLICIES.find(known => known === asked)
      const rest = words
        .replace(arg('name'), '')
        .replace(arg('policy'), '')
        .replace(/#.*|[\s,()]/g, '')
      if (name && policy && rest === '') return { name, policy }
      throw new ParseError(
        `${line.trim().slice(1, 90)}: a feature has a name and a policy (${POLICIES.join(', ')}) on its line`,
        source,
      )
    },
  )
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
