import { bitMask, type U32 } from '../../core/bits.ts'
import { brandRows, Cpuid, rowOf } from '../../core/cpuid.ts'
import type { Feature } from '../../core/feature.ts'
import { once } from '../../core/memo.ts'
import { signatureWord } from '../../core/model.ts'
import { CpuMap } from '../../map/cpu-map.ts'
import { readDataFile } from '../../map/data.ts'
import type { Database } from '../../map/database.ts'
import { resolveWords } from '../../map/vocabulary.ts'
import { inText } from '../envelope.ts'
import type { Found } from '../found.ts'
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

/** A line with the list of a CPU's words, in `/proc/cpuinfo` or lscpu. */
const LIST = /^[ \t]*(?:flags|features|isa|facilities)[ \t]*:[ \t]*/i

/** A serial console may end lines with two carriage returns. */
const LINE_END = /\r*\n|\r/

/** The blank at the end of a folded line may have been lost. */
const TOKENS = /\S+/g

/**
 * A text with the lists that a terminal folded in one line again. Where a line ends within a word, and where the blank
 * between two was lost, the words decide, and if they cannot, the width of the lines.
 * @param known whether a list may have this word
 */
export function unfold(text: string, known: (word: string) => boolean): string {
  const lines = text.split(LINE_END)
  const whole: string[] = []
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] ?? ''
    const head = LIST.exec(line)
    let end = i + 1
    while (head && isContinuation(lines[end])) end++
    whole.push(head && end > i + 1 ? joined(lines.slice(i, end), head[0].length, known) : line)
    // Lines keep their numbers.
    for (; i + 1 < end; i++) whole.push('')
  }
  return whole.join('\n')
}

const isContinuation = (line: string | undefined): boolean =>
  line !== undefined && /\S/.test(line) && !line.includes(':')

/** @param column where the list begins in the first line: lscpu begins the others there too */
function joined(lines: readonly string[], column: number, known: (word: string) => boolean): string {
  const widths = lines.map(widthOf)
  const full = Math.max(...widths.slice(0, -1))
  // The text may have been indented after it was folded.
  const [indent = ''] = /^[ \t]*/.exec(lines[0] ?? '') ?? []
  return lines.reduce((all, whole, i) => {
    const line = whole.startsWith(indent) ? whole.slice(indent.length) : whole
    const part = whole.slice(0, column).trim() === '' ? whole.slice(column) : line
    if (/\s$/.test(all) || /^\s/.test(part)) return all + part
    const [a = '', b = ''] = [all.slice(column).match(TOKENS)?.at(-1), part.match(TOKENS)?.[0]]
    const [one, two] = [known(a + b), known(a) && known(b)]
    const together = one === two ? widths[i - 1] === full : one
    return all + (together ? '' : ' ') + part
  })
}

/** In columns of a terminal. */
const widthOf = (line: string): number =>
  [...line].reduce((width, c) => (c === '\t' ? width - (width % 8) + 8 : width + 1), 0)

/**
 * Whether a text may end within a list: without the end of its line, so that words may have been cut off and a part
 * of the last one; or after a line behind which the list may have gone on.
 * @param unfolded the text as `unfold` returns it; absent: the list is the whole text
 */
export function endsInList(text: string, unfolded?: string): boolean {
  const isLast = unfolded === undefined || endsWithList(unfolded)
  return isLast && (!/\n[ \t\r]*$/.test(text) || (unfolded !== undefined && mayGoOn(text)))
}

/** Whether the last line that says something is a list. */
export const endsWithList = (unfolded: string): boolean =>
  LIST.test(unfolded.trimEnd().split('\n').at(-1) ?? '')

/** Whether the last of a list's lines, which ends the text, is as full as those above it, or the only one and too short. */
function mayGoOn(text: string): boolean {
  const lines = text.trimEnd().split(LINE_END)
  const own = lines.slice(lines.findLastIndex(line => LIST.test(line)))
  const [last = '', ...above] = own.reverse()
  const widths = above.map(widthOf)
  const full = Math.max(...widths)
  if (above.length === 0) return last.length <= WIDEST && !/\blahf_lm\b/.test(last)
  // Where words were kept whole, the next one may have had no room.
  const isEven = above.length > 1 && widths.every(width => width === full)
  // A blank at its end may have been lost.
  return widthOf(last) > (isEven ? full - 2 : full - LONGEST)
}

/** Columns of a wide terminal: of a list that is cut so early Linux has not said what every 64-bit CPU since 2006 has. */
const WIDEST = 250

/** Letters of Linux's longest words. */
const LONGEST = 24

/**
 * What each machine's part of a text holds: a machine begins where one of the marks comes that its part has already.
 * @param marks lines that a machine's part has once; marks with equal groups are equal
 * @throws what `read` throws, at its place in the text
 */
export function readMachines(text: string, marks: RegExp, read: (part: string) => Found[]): Found[] {
  const starts = [0]
  const seen = new Set<string>()
  for (const match of text.matchAll(marks)) {
    const [line, group = line] = match
    if (seen.has(group)) {
      starts.push(match.index)
      seen.clear()
    }
    seen.add(group)
  }
  return starts.flatMap((start, i) => {
    try {
      return read(text.slice(start, starts[i + 1]))
    } catch (error) {
      throw inText(error, { before: text.slice(0, start).split('\n').length - 1 })
    }
  })
}
