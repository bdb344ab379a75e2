import { bitMask, type U32 } from '../../core/bits.ts'
import { brandRows, Cpuid, rowOf } from '../../core/cpuid.ts'
import type { Feature } from '../../core/feature.ts'
import { once } from '../../core/memo.ts'
import { signatureWord } from '../../core/model.ts'
import { CpuMap } from '../../map/cpu-map.ts'
import { readDataFile } from '../../map/data.ts'
import type { Database } from '../../map/database.ts'
import { resolveWords } from '../../map/vocabulary.ts'
import type { Dump } from './dump.ts'

/** What Linux says of a CPU: numbers as it prints them, and its flags' names. */
export interface LinuxCpu {
  readonly label: string
  /** Twelve characters. */
  readonly vendor: string
  readonly family: number
  readonly model: number
  readonly stepping: number
  /** The highest basic leaf; 0 where it is not told. */
  readonly level: number
  readonly flags: readonly string[]
  /** The name of the product, as Linux prints it; absent: not told. */
  readonly brand?: string | undefined
  /** Whether the list may have been longer. */
  readonly isOpen?: boolean | undefined
}

/**
 * The words that Linux's flags stand for. An approximation: Linux shows not every feature, hides some that it does not
 * use, and shows none that only MSRs tell.
 */
export function dumpOfFlags(given: LinuxCpu): Dump {
  const { isOpen = false } = given
  const [glued, flags] = parted(isOpen ? withoutCutWord(given.flags) : given.flags)
  const cpu = { ...given, flags }
  const ofFlags = Cpuid.ofWords(featuresOf(cpu).map(({ place, bit }) => [place, bitMask(bit)] as const))
  const rows = [
    rowOf(0, 0, { eax: cpu.level, ...vendorWords(cpu.vendor) }),
    rowOf(1, 0, { eax: signatureWord(cpu) }),
    ...brandRows(cpu.brand ?? ''),
    ...ofFlags.rows(),
  ]
  const unknown = [...new Set(cpu.flags)].filter(flag => flag !== '' && !isLinuxFlag(flag))
  const notes = [APPROXIMATE, ...(isOpen ? [OPEN] : []), ...glued]
  return { label: cpu.label, data: Cpuid.of(rows).merged(), notes, unknown, ...(isOpen ? { isOpen } : {}) }
}

const OPEN =
  'the text may end within its list: what is not in the list may have been cut off, and is unknown to a fleet'

/** The words without the last one where more letters would make another word of it. */
export function withoutCutWord(list: readonly string[]): readonly string[] {
  const last = list.at(-1) ?? ''
  const isPart = [
    ...words(),
    ...CpuMap.builtIn()
      .of('x86')
      .features.list.map(({ name }) => name),
  ].some(word => word.length > last.length && word.startsWith(last))
  return isPart ? list.slice(0, -1) : list
}

/** The flags, those that ran together where a line was folded apart again, and a note of them. */
function parted(flags: readonly string[]): readonly [notes: readonly string[], flags: readonly string[]] {
  const pairs = new Map(
    flags.flatMap(flag => (isLinuxFlag(flag) ? [] : partsOf(flag).map(pair => [flag, pair] as const))),
  )
  const told = [...pairs].map(([flag, pair]) => `${flag} (${pair.join(' ')})`)
  const notes = told.length > 0 ? [`words that ran together are read as two each: ${told.join(', ')}`] : []
  return [notes, flags.flatMap(flag => pairs.get(flag) ?? flag)]
}

/** The two words that a word is made of; none where there is no such pair, or more than one. */
function partsOf(word: string): readonly (readonly string[])[] {
  const pairs = Array.from(word, (_, i) => [word.slice(0, i), word.slice(i)]).filter(pair =>
    pair.every(isLinuxFlag),
  )
  return pairs.length === 1 ? pairs : []
}

const words = once(
  () =>
    new Set([
      ...(readDataFile('linux-words.txt').replace(/^#.*/gm, '').match(/\S+/g) ?? []),
      ...OWN_WORDS.map(([word]) => word),
    ]),
)

/** Whether Linux prints this word among an x86 CPU's flags, as far as we know. */
export const isLinuxFlag = (word: string): boolean =>
  words().has(word) || resolveWords(CpuMap.builtIn().of('x86'), 'linux', [word]).unknown.length === 0

const APPROXIMATE =
  "approximate, from Linux's flags: features that Linux does not show or does not use, and what only MSRs tell, are not in it; a fleet takes them for unknown"

/** Leaf 0 spells the vendor in EBX, EDX, ECX. */
export function vendorWords(vendor: string): { ebx: U32; edx: U32; ecx: U32 } {
  const bytes = new DataView(new ArrayBuffer(12))
  for (let i = 0; i < 12; i++) bytes.setUint8(i, vendor.charCodeAt(i) & 0xff)
  return { ebx: bytes.getUint32(0, true), edx: bytes.getUint32(4, true), ecx: bytes.getUint32(8, true) }
}

function featuresOf({ vendor, flags }: LinuxCpu): Feature[] {
  const names = new Set(flags)
  const ours = OWN_WORDS.filter(([word, , of]) => names.has(word) && of.test(vendor)).map(([, name]) => name)
  const db = CpuMap.builtIn().of('x86')
  const theirs = resolveWords(db, 'linux', flags).features.filter(feature => isOfVendor(db, feature, vendor))
  return [...theirs, ...db.features.named(ours)]
}

/** Whether Linux means the feature by its word on CPUs of the vendor, by its twelve characters. */
function isOfVendor(db: Database, feature: Feature, vendor: string): boolean {
  const vendors = db.names(feature).find(({ tool }) => tool === 'linux')?.vendors
  return !vendors || vendors.some(name => db.vendor(name)?.id === vendor)
}

/** Words that are Linux's own: what they mean depends on the vendor, or they stand for features without a flag. */
const OWN_WORDS: readonly (readonly [word: string, feature: string, vendor: RegExp])[] = [
  ['ibrs', 'spec-ctrl', /Intel/],
  ['ibpb', 'spec-ctrl', /Intel/],
  ['stibp', 'stibp', /Intel/],
  ['ssbd', 'ssbd', /Intel/],
  ['ibpb', 'ibpb', /AMD|Hygon/],
  ['ibrs', 'ibrs', /AMD|Hygon/],
  ['stibp', 'amd-stibp', /AMD|Hygon/],
  ['nonstop_tsc', 'invtsc', /./],
  ['xsave', 'osxsave', /./],
]
