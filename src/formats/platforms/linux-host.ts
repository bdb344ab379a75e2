import { CpuMap } from '../../map/cpu-map.ts'
import { resolveWords, type Vocabulary } from '../../map/vocabulary.ts'
import { dumpOfFlags, type LinuxCpu } from '../dumps/linux-flags.ts'
import type { Dialect, Found, StatedFacts } from '../found.ts'

/** A host by what its kernel says of its CPU. */
export function foundLinuxHost(
  cpu: Omit<LinuxCpu, 'label' | 'level'>,
  name?: string,
  facts?: StatedFacts,
  more: readonly string[] = [],
): Found {
  const { data, notes, unknown } = dumpOfFlags({ ...cpu, label: '', level: 0 })
  const said = { notes: [...notes, ...more], ...(unknown?.length ? { unknown } : {}) }
  return {
    kind: 'dump',
    dumps: [{ data, cpus: ['0'], ...said, layer: 'kernel', vocabulary: 'linux', name, facts }],
  }
}

const VENDORS: ReadonlyMap<string, string> = new Map([
  ['GenuineIntel', 'Intel'],
  ['AuthenticAMD', 'AMD'],
  ['HygonGenuine', 'Hygon'],
])

/** libvirt's name of a vendor that CPUID spells in twelve letters. */
export const vendorOf = (id: string | undefined): string | undefined =>
  id ? (VENDORS.get(id) ?? id) : undefined

/** The twelve letters of the vendor, from the brand that a CPU prints or from flags that only one vendor has. */
export function vendorIdOf(brand: string, flags: readonly string[]): string {
  if (/Intel/i.test(brand)) return 'GenuineIntel'
  if (/Hygon/i.test(brand)) return 'HygonGenuine'
  if (/AMD/.test(brand)) return 'AuthenticAMD'
  return flags.includes('svm') ? 'AuthenticAMD' : flags.includes('vmx') ? 'GenuineIntel' : ''
}

/** libvirt's names of features that a tool names; words that it does not know stay as they are. */
export function libvirtNames(vocabulary: Vocabulary, words: readonly string[]): string[] {
  const db = CpuMap.builtIn().of('x86')
  return words.flatMap(word => {
    const { features } = resolveWords(db, vocabulary, [word])
    return features.length > 0 ? features.map(({ name }) => name) : [word]
  })
}

/** A file of `/sys/devices/system/cpu/vulnerabilities` and what it says, its folder before it or not. */
const STATUS =
  /^(?:\S*\/)?([a-z][a-z0-9_]+):[ \t]*((?:Not affected|Vulnerable|Mitigation|Unknown|KVM: |Processor ).*?)[ \t\r]*$/gm

/** What `grep . /sys/devices/system/cpu/vulnerabilities/*` prints, with or without `/proc/cmdline` behind it. */
export const vulnerabilityFiles: Dialect = {
  name: 'vulnerabilities',
  title: 'grep . /sys/devices/system/cpu/vulnerabilities/*',
  sniff: text => [...text.matchAll(STATUS)].length > 1,
  read: text => [
    {
      kind: 'statement',
      layer: 'kernel',
      arch: 'x86_64',
      vocabulary: 'linux',
      present: [],
      complete: false,
      vulnerabilities: Object.fromEntries(
        [...text.matchAll(STATUS)].map(([, file = '', status = '']) => [file, status]),
      ),
      mitigations: /(?:^|[ \t\n])mitigations=(\S+)/.exec(text)?.[1],
    },
  ],
}

/** What lscpu says of vulnerabilities, by the name of the kernel's file: it prints `Mds` as `Vulnerability Mds`. */
export const vulnerabilitiesOfLscpu = (
  fields: Iterable<readonly [string, string]>,
): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [...fields].flatMap(([name, status]) => {
      const file = /^Vulnerability (.+)$/.exec(name)?.[1]?.toLowerCase().replaceAll(' ', '_')
      return file === undefined ? [] : [[file, status]]
    }),
  )
