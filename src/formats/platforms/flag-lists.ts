import { CpuMap } from '../../map/cpu-map.ts'
import { builtinLevels } from '../../map/levels.ts'
import { resolveWords, type Vocabulary } from '../../map/vocabulary.ts'
import type { Dump } from '../dumps/dump.ts'
import { foundDumps } from '../dumps/dump.ts'
import { dumpOfFlags, endsInList, isLinuxFlag, unfold, withoutCutWord } from '../dumps/linux-flags.ts'
import { beginsAsLscpu, parseLscpu } from '../dumps/lscpu.ts'
import type { Dialect, Found } from '../found.ts'
import { parseDocuments } from '../json/json.ts'
import { vendorIdOf } from './linux-host.ts'

/** Machines that Linux's flags describe: what the kernel lets programs use. */
export const foundKernelDumps = (dumps: readonly Dump[], name?: string): Found[] =>
  foundDumps(dumps).map((found): Found => {
    if (found.kind !== 'dump') return found
    const about = { layer: 'kernel', vocabulary: 'linux', name } as const
    return { ...found, dumps: found.dumps.map(dump => ({ ...dump, ...about })) }
  })

/** Lines `flags : …` of `/proc/cpuinfo` without the lines that name the vendor and the CPU's number. */
export const flagsLine: Dialect = {
  name: 'flags-line',
  title: 'the flags line of /proc/cpuinfo',
  sniff: text =>
    /^[ \t]*[Ff]lags[ \t]*:[ \t]*fpu /m.test(text) &&
    !/^(?:processor|vendor_id)[ \t]*:|CPU op-mode|\bfeatures_(?:pv|hvm)[ \t]*:|^[ \t]*(?:Vendor ID|cpu_count)[ \t]*:/m.test(
      text,
    ),
  read: text => {
    const model = /^[ \t]*model name[ \t]*:[ \t]*(.*)/im.exec(text)?.[1] ?? ''
    const unfolded = unfold(text, isLinuxFlag)
    const lists = Array.from(unfolded.matchAll(/^[ \t]*flags[ \t]*:[ \t]*(.*)/gim), ([, list = '']) => list)
    const isOpen = endsInList(text, unfolded)
    return foundKernelDumps(
      lists.map((list, i) => dumpOfWords(list.trim().split(/\s+/), model, isOpen && i === lists.length - 1)),
    )
  },
}

function dumpOfWords(flags: readonly string[], model: string, isOpen: boolean): Dump {
  const vendor = vendorIdOf(model, flags) || vendorOf(flags)
  const cpu = { label: '', vendor, family: 0, model: 0, stepping: 0, level: 0, brand: model }
  const dump = dumpOfFlags({ ...cpu, flags, isOpen })
  const note = vendor
    ? `the vendor, ${vendor}, is told from the flags or the name of the CPU; family and model are unknown`
    : 'neither vendor nor family and model are known: models of any vendor are considered'
  return { ...dump, notes: [...dump.notes, note] }
}

/** By flags that one vendor's CPUs alone have; the kernel isolates its page tables on Intel's alone. */
function vendorOf(flags: readonly string[]): string {
  if (flags.some(flag => /^(?:sse4a|misalignsse|mmxext|osvw|clzero|cr8_legacy|topoext)$/.test(flag)))
    return 'AuthenticAMD'
  return flags.some(flag => /^(?:smx|est|pdcm|dtes64|hle|rtm|mpx|pti)$/.test(flag)) ? 'GenuineIntel' : ''
}

/** Names of features and nothing else: blanks, commas, or one a line; also a JSON list of strings. */
export const flagsList: Dialect = {
  name: 'flags-list',
  title: 'a list of CPU flags',
  sniff: text =>
    text.length < 20_000 &&
    /^\ufeff?[\w.,\-\s"'[\]]+$/.test(text) &&
    wordsOf(text).filter(word => COMMON.has(word)).length >= 4,
  read: (text, source) => {
    const isJson = /^\s*\[/.test(text)
    const listed = isJson
      ? parseDocuments(text, source)
          .flatMap(({ value }) => value)
          .map(String)
      : wordsOf(text)
    // Of words one a line the last may be missing, and nobody can tell.
    const isOpen = !isJson && (endsInList(text) || text.trim().includes('\n'))
    const words = isOpen && endsInList(text) ? withoutCutWord(listed) : listed
    const vocabulary = vocabularyOf(words)
    if (vocabulary === 'linux' && words.length > 40) return foundKernelDumps([dumpOfWords(words, '', isOpen)])
    const layer = vocabulary === 'linux' ? 'kernel' : vocabulary === 'qemu' ? 'offered' : 'hardware'
    const notes = ['a list of names: nothing is known of what is not in it']
    return [{ kind: 'statement', layer, arch: 'x86_64', vocabulary, present: words, complete: false, notes }]
  },
}

const wordsOf = (text: string): string[] => text.split(/[\s,"'[\]\ufeff]+/).filter(word => !/^-*$/.test(word))

const COMMON: ReadonlySet<string> = new Set(
  'fpu tsc cx8 apic sep cmov clflush mmx fxsr sse sse2 lm nx'.split(' '),
)

/** Whose names they are: the vocabulary that knows the most of them. */
function vocabularyOf(words: readonly string[]): Vocabulary {
  const db = CpuMap.builtIn().of('x86')
  const unknown = (vocabulary: Vocabulary) => resolveWords(db, vocabulary, words).unknown.length
  if (words.some(word => /^(?:constant_tsc|rep_good|nopl|cpuid|xtopology)$/.test(word))) return 'linux'
  const [first] = (['linux', 'libvirt', 'qemu'] as const).toSorted((a, b) => unknown(a) - unknown(b))
  return first ?? 'linux'
}

/** Lines of `lscpu` without its first one, as people cut them. */
export const lscpuPart: Dialect = {
  name: 'lscpu-part',
  title: 'some lines of lscpu',
  sniff: text => /^[ \t]*Vendor ID:/m.test(text) && /^[ \t]*Flags:/m.test(text) && !beginsAsLscpu(text),
  read: (text, source) => foundKernelDumps(parseLscpu(text, source)),
}

/** What glibc's loader says of the levels of x86-64 that it looks for libraries of. */
export const ldSoHelp: Dialect = {
  name: 'ld.so-help',
  title: 'ld.so --help',
  sniff: text => /^Subdirectories of glibc-hwcaps directories/m.test(text),
  read: text => {
    const listed = [...text.matchAll(/^[ \t]+(x86-64-v\d+)([ \t]+\(.*supported.*\))?/gm)]
    if (listed.length === 0) return []
    const { features } = CpuMap.builtIn().of('x86')
    const levels = builtinLevels(features)
    const supported = new Set(listed.flatMap(([, name = '', mark]) => (mark ? name : [])))
    const level = levels.findLast(({ name }) => supported.has(name)) ?? levels[0]
    return [
      {
        kind: 'statement',
        layer: 'kernel',
        arch: 'x86_64',
        vocabulary: 'libvirt',
        present: level ? features.in(level.needs).map(({ name }) => name) : [],
        complete: false,
        notes: [`the loader tells the level, ${level?.name}; of other features nothing is known`],
      },
    ]
  },
}
