import { bitMask } from '../../core/bits.ts'
import type { Policy } from '../../core/cpu.ts'
import { printPlace, REGISTERS } from '../../core/feature.ts'
import { ParseError } from '../../core/parse-error.ts'
import type { Dialect } from '../found.ts'
import { featuresOfSettings, guestCpuOf, type Setting } from './guest-cpu.ts'
import { cpuidPlace, featuresOfWords } from './register-words.ts'

/** xl's configuration of a guest, or its `cpuid=` alone; Ganeti's Xen parameter has the same form. */
export const xlCpuid: Dialect = {
  name: 'xl-cpuid',
  title: 'xl.cfg with cpuid=',
  hostsBy: 'xl info',
  sniff: text =>
    /^[ \t]*(?:cpuid\s*=\s*(?:\[|["']\s*host\b|["']0x)|["']?host,[\w.+-]+=[01xks]\b)/m.test(text) &&
    !/^\ufeff?\s*[<{]/.test(text),
  read: (text, source) => {
    const plain = text.replace(/^[ \t]*#.*$/gm, '')
    const policy = /^[ \t]*cpuid\s*=\s*(\[[^\]]*\]|"[^"]*"|'[^']*')/m.exec(plain)?.[1] ?? plain.trim()
    const field = (key: string) =>
      new RegExp(`^[ \\t]*${key}\\s*=\\s*["']?([^"'\\n\\r]*)`, 'm').exec(plain)?.[1]?.trim()
    const entries = [...policy.matchAll(/["']([^"']*)["']/g)].map(([, entry = '']) => entry)
    const { settings, notes } = policyOf(entries.length > 0 ? entries : [policy], source)
    const vcpus = Number(field('vcpus') ?? Number.NaN)
    return [
      {
        kind: 'guest',
        layer: 'defined',
        cpu: guestCpuOf('host', featuresOfSettings(settings, 'libvirt')),
        name: field('name'),
        uuid: field('uuid'),
        vcpus: vcpus > 0 ? vcpus : undefined,
        notes,
      },
    ]
  },
}

interface XlPolicy {
  readonly settings: Setting[]
  readonly notes: string[]
}

/** Words that take a number: no features. */
const FIELDS =
  /^(?:maxleaf|family|model|stepping|clflush|brandid|localapicid|apicidsize|nc|proccount|procpkg|maxhvleaf)$/

function policyOf(entries: readonly string[], source: string): XlPolicy {
  const settings: Setting[] = []
  const notes: string[] = []
  for (const entry of entries) {
    if (/^\s*(?:0x)?[0-9a-f]+\s*(?:,\s*(?:0x)?[0-9a-f]+\s*)?:/i.test(entry))
      readMask(entry, { settings, notes }, source)
    else {
      for (const part of entry.split(',')) {
        const [word = '', value] = part.trim().split('=')
        if (value === undefined || value === 'x' || value === 'k' || value === 's') continue
        if (FIELDS.test(word)) notes.push(`\`${part.trim()}\` sets a number, which is not compared`)
        else if (value === '0' || value === '1')
          settings.push(...featuresOfWord(word).map((name): Setting => [name, POLICY[value]]))
        else throw new ParseError(`cpuid: \`${part.trim()}\`: expected 0, 1, x, k or s`, source)
      }
    }
  }
  return { settings, notes }
}

const POLICY: Readonly<Record<'0' | '1', Policy>> = { '0': 'disable', '1': 'force' }

/** libvirt's names of what xl, or else Xen, calls so; the word itself where neither does. */
const featuresOfWord = (word: string): string[] =>
  featuresOfSettings([[wordOf(word), 'require']], 'xl', 'xen', 'libvirt').map(({ name }) => name)

/** xl takes Xen's names with `_` for `-` too. */
const wordOf = (word: string): string =>
  /^(?:svm_|sse4_|tsc_|perfctr_|lahf_|cmp_|nodeid_)/.test(word) ? word : word.replaceAll('_', '-')

/** `0x7,0x0:ebx=xxxxxxxxxxxxxxxxxxxxxx0x00xxxxx0,edx=…`: a character for each bit, the most significant first. */
function readMask(entry: string, { settings, notes }: XlPolicy, source: string): void {
  const [, leaf = '', subleaf = '0', registers = ''] =
    /^\s*(\w+)\s*(?:,\s*(\w+)\s*)?:(.*)$/s.exec(entry) ?? []
  for (const part of registers.split(',')) {
    const [, name = '', bits = ''] = /^\s*(\w+)\s*=\s*([01xks]{32})\s*$/.exec(part) ?? []
    const register = REGISTERS.find(known => known === name.toLowerCase())
    if (!register)
      throw new ParseError(`cpuid: \`${part.trim()}\`: expected a register and 32 of 0 1 x k s`, source)
    const place = cpuidPlace(Number(leaf), Number(subleaf), register)
    for (const [i, character] of [...bits].entries()) {
      if (character !== '0' && character !== '1') continue
      const known = bitMask(31 - i)
      const [feature] = featuresOfWords([{ place, value: 0, known }]).absent
      if (feature) settings.push([feature, POLICY[character]])
      else notes.push(`${printPlace(place, 31 - i)} is set to ${character}: libvirt has no name for it`)
    }
  }
}
