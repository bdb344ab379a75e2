import { type Feature, REGISTERS, type Register } from '../core/feature.ts'
import type { FeatureSet } from '../core/feature-set.ts'
import { once, oncePer } from '../core/memo.ts'
import { dataFile } from './data.ts'
import type { Database } from './database.ts'
import { faultIn, statementsOf, tokensOf } from './text/data-file.ts'

/**
 * Whose names a list of features uses: libvirt's, or those of a tool of names.txt (`qemu` also reads `cpu-feature-…`
 * spellings with dashes for underscores).
 */
export type Vocabulary =
  | 'libvirt'
  | 'qemu'
  | 'linux'
  | 'xen'
  | 'openstack'
  | 'vmware'
  | 'klauspost'
  | 'xl'
  | 'gcc'

/** The tools that use our name for a feature of which names.txt says nothing. */
const USES_OUR_NAMES: ReadonlySet<Vocabulary> = new Set(['libvirt', 'qemu', 'linux', 'xen', 'vmware', 'gcc'])

/** What words mean: the features that they name, and the words that name none. */
export interface ResolvedWords {
  readonly features: readonly Feature[]
  readonly unknown: readonly string[]
}

/** The features that each word names; case counts for no vocabulary. */
export function resolveWords(db: Database, vocabulary: Vocabulary, words: Iterable<string>): ResolvedWords {
  const index = indexOf(db, vocabulary)
  const features: Feature[] = []
  const unknown: string[] = []
  for (const word of words) {
    const found = index.get(word.toLowerCase())
    if (found) features.push(...found)
    else unknown.push(word)
  }
  return { features, unknown }
}

/** Every feature that the vocabulary has a word for and shows: what a complete list in it can tell of. */
export const coverageOf = (db: Database, vocabulary: Vocabulary): FeatureSet =>
  db.features.setOf(db.features.list.filter(feature => namesIn(db, vocabulary, feature).shown.length > 0))

const indexesOf = oncePer((_: Database) => new Map<Vocabulary, ReadonlyMap<string, readonly Feature[]>>())

function indexOf(db: Database, vocabulary: Vocabulary): ReadonlyMap<string, readonly Feature[]> {
  const indexes = indexesOf(db)
  const known = indexes.get(vocabulary)
  if (known) return known
  const index = new Map<string, Feature[]>()
  for (const feature of db.features.list) {
    for (const name of namesIn(db, vocabulary, feature).all) {
      const key = name.toLowerCase()
      index.set(key, [...(index.get(key) ?? []), feature])
    }
  }
  indexes.set(vocabulary, index)
  return index
}

/** A feature's names in a vocabulary, and those of them that the tool shows. */
function namesIn(db: Database, vocabulary: Vocabulary, feature: Feature) {
  const own = USES_OUR_NAMES.has(vocabulary) ? [feature.name] : []
  if (vocabulary === 'libvirt') return { all: own, shown: own }
  const listed = db.names(feature).filter(({ tool }) => tool === vocabulary)
  if (listed.length === 0) return { all: own, shown: own }
  const all = listed.flatMap(({ names }) => names)
  return { all, shown: listed.flatMap(({ names, hidden }) => (hidden ? [] : names)) }
}

/** What stands before a feature's name where tools write it, and whose name then follows. */
const PREFIXES: readonly (readonly [RegExp, Vocabulary])[] = [
  [/^(?:trait:)?HW_CPU_X86_/i, 'openstack'],
  [/^(?:feature\.node\.kubernetes\.io\/)?cpu-cpuid\./i, 'klauspost'],
  [/^(?:cpu-feature|host-model-required-features)\.node\.kubevirt\.io\//i, 'libvirt'],
  [/^feature\.node\.kubernetes\.io\/cpu-feature-/i, 'libvirt'],
  [/^X86_FEATURE_/i, 'linux'],
  [/^(?:com\.vmware\.vim\.vmfeature\.|featMask\.vm\.)?cpuid\.(?!\w+h?[.:]\d*:?e[abcd]x)/i, 'vmware'],
]

interface Spelled {
  /** Without what the tool puts before names. */
  readonly word: string
  /** Whose spelling it is. Absent: nothing shows. */
  readonly tool?: Vocabulary
}

/** What labels, traits and options have behind a name. */
const VALUE = /(?:=(?:on|off|[01xks])|(?:=|: *)"?(?:true|required|forbidden)"?)$/

/**
 * A feature's name without the tool's prefix, and without the sign or value of an option: `+avx2`, `avx2=on`, `-mavx2`,
 * `HW_CPU_X86_AVX2=required`.
 */
export function stripPrefix(text: string): Spelled {
  const given = text.trim().replace(VALUE, '')
  for (const [prefix, tool] of PREFIXES)
    if (prefix.test(given)) return { word: given.replace(prefix, ''), tool }
  const [, option] = /^-m(?:no-)?([\w.-]+)$/.exec(given) ?? []
  if (option !== undefined) return { word: option, tool: 'gcc' }
  return { word: given.replace(/^[+-]/, '') }
}

/** The features that a text means, in whatever tool's spelling; several where tools disagree. @throws ParseError on first use */
export function featuresSpelled(db: Database, text: string): Feature[] {
  const { word, tool } = stripPrefix(text)
  const own = tool ? resolveWords(db, tool, [word]).features : []
  return own.length > 0 ? [...own] : db.called(word)
}

/** A word of registers, and the bit in it that is meant: a CPUID register, or an MSR of 64 bits. */
export type PlaceSpelled =
  | {
      readonly leaf: number
      readonly subleaf: number | undefined
      readonly register: Register
      readonly bit?: number
    }
  | { readonly msr: number; readonly bit?: number }

const HEX = '(?:0x)?([0-9a-f]+)h?'
const BIT = '(?:\\.[a-z][\\w.-]*)?(?:[\\s.]*\\[?(?:bit )?(\\d{1,2})\\]?)?'
const CPUID_FORMS: readonly RegExp[] = [
  // CPUID.07H.0:EBX[5], CPUID.07H.0:EBX.avx2 [bit 5], CPUID.07H:EBX.avx2 [bit 5]
  new RegExp(`^CPUID\\.${HEX}(?:[.,_](?:ecx=)?(\\d+)h?)?:?[.:](e[abcd]x)${BIT}$`, 'i'),
  // CPUID[eax=07h,ecx=00h].EBX.avx2 [bit 5], CPUID.(EAX=07H,ECX=0H):EBX.AVX2[bit 5]
  new RegExp(`^CPUID\\.?[[(]eax=${HEX}(?:,\\s*ecx=(\\d+)h?)?[\\])][.:](e[abcd]x)${BIT}$`, 'i'),
  // 7.0.ebx.5, 0x7.0.ebx[5], 7.ebx.5
  new RegExp(`^${HEX}(?:[.,:](?:0x)?(\\d+))?[.,:](e[abcd]x)${BIT}$`, 'i'),
]
// CPUID Fn8000_0008_EBX[12], Fn0000_0007_EBX_x0[5]: as AMD's manuals write it
const FN_FORM = /^(?:CPUID[ _]?)?Fn([0-9a-f]{4})_([0-9a-f]{4})(?=_e[abcd]x)(.*?)(?:_x(\d+))?(\[\d+\])?$/i
// MSR.10AH[33], MSR(48CH).vmx-eptad [bit 21], msr.10a.33, 0x10a is none: it could be a leaf
const MSR_FORM = new RegExp(`^MSR[.( ]?${HEX}\\)?${BIT}$`, 'i')

/** The place that a text writes, as manuals, QEMU, Xen or our data do; undefined: it is none. */
export function parsePlaceSpelled(text: string): PlaceSpelled | undefined {
  const given = text
    .trim()
    .replace(
      FN_FORM,
      (_, high, low, register, subleaf = 0, bit = '') =>
        `${high}${low}.${subleaf}.${register.slice(1)}${bit}`,
    )
  const [, index, high] = MSR_FORM.exec(given) ?? []
  if (index !== undefined)
    return { msr: Number.parseInt(index, 16), ...(high === undefined ? {} : { bit: Number(high) }) }
  for (const form of CPUID_FORMS) {
    const [, leaf, subleaf, name = '', bit] = form.exec(given) ?? []
    const register = REGISTERS.find(one => one === name.toLowerCase())
    if (leaf === undefined || !register) continue
    return {
      leaf: Number.parseInt(leaf, 16),
      subleaf: subleaf === undefined ? undefined : Number(subleaf),
      register,
      ...(bit === undefined ? {} : { bit: Number(bit) }),
    }
  }
  return undefined
}

/** The features there, in map order, those that libvirt does not know last. */
export function featuresAt(db: Database, at: PlaceSpelled): Feature[] {
  return [...db.features.list, ...db.beyond].filter(({ place, bit }) => {
    if ('msr' in at) {
      const number = bit + (place.kind === 'msr' && place.half === 'high' ? 32 : 0)
      return place.kind === 'msr' && place.index === at.msr && (at.bit === undefined || number === at.bit)
    }
    return (
      place.kind === 'cpuid' &&
      place.leaf === at.leaf &&
      place.subleaf === (at.subleaf ?? 0) &&
      place.register === at.register &&
      (at.bit === undefined || bit === at.bit)
    )
  })
}

/** What a platform's name means that is no feature's: fields or features, or why it has no bit. */
export interface Alias {
  readonly tool: string
  /** Empty: it has no bit. */
  readonly names: readonly string[]
  readonly why?: string
}

/** By name, in lower case. @throws ParseError */
const aliases = once((): ReadonlyMap<string, readonly Alias[]> => {
  const found = new Map<string, Alias[]>()
  for (const at of statementsOf(dataFile('aliases.txt'))) {
    const [, head = '', mark, rest = ''] = /^(.+?) ([:=]) (.+)$/.exec(at.text) ?? []
    const [tool = '', ...words] = tokensOf(head)
    if (words.length === 0) throw faultIn(at, 'expected `TOOL NAME … = FIELD …` or `TOOL NAME … : WHY`')
    const alias: Alias = mark === '=' ? { tool, names: tokensOf(rest) } : { tool, names: [], why: rest }
    for (const word of words) found.set(word.toLowerCase(), [...(found.get(word.toLowerCase()) ?? []), alias])
  }
  return found
})

/** What platforms mean by a name that is no feature's. @throws ParseError on first use */
export function aliasesOf(text: string): readonly Alias[] {
  const { word, tool } = stripPrefix(text)
  const all = aliases().get(word.toLowerCase()) ?? []
  return tool ? all.filter(alias => alias.tool === tool) : all
}
