import { once } from '../core/memo.ts'
import type { Signature } from '../core/model.ts'
import { dataFile } from './data.ts'
import { parseSignatureRange, type SignatureRange, within } from './generations.ts'
import {
  type DataFile,
  type DataStatement,
  faultIn,
  readCited,
  statementsOf,
  tokensOf,
} from './text/data-file.ts'

/** CPUs of one vendor. */
interface Listed {
  /** The first word of its name; `*`: every vendor. */
  readonly vendor: string
  /** Empty: all of the vendor's. */
  readonly signatures: readonly SignatureRange[]
  /** One of these makes it so; empty: nothing besides. */
  readonly features: readonly string[]
}

/** Words that a Linux guest says where all conditions hold. */
interface Saying {
  /** A feature, a vendor, `*threads` or `@` and another vulnerability, each with `!` before it where it must not be. */
  readonly conditions: readonly string[]
  readonly words: string
}

interface Revision {
  readonly vendor: string
  readonly signature: SignatureRange
  readonly least: number
}

/** Something that CPUs are vulnerable to, or an erratum that Linux names likewise. */
export interface Vulnerability {
  /** As in `bugs` of `/proc/cpuinfo`. */
  readonly name: string
  /** Below `/sys/devices/system/cpu/vulnerabilities`; absent: it has none. */
  readonly file?: string
  readonly isErratum: boolean
  readonly title: string
  /** Keys of `docs/sources.md`. */
  readonly sources: readonly string[]
  readonly on: readonly Listed[]
  readonly not: readonly Listed[]
  /** A CPU with all features of one of these is free of it. */
  readonly free: readonly (readonly string[])[]
  readonly hazard: readonly string[]
  /** A guest that is known to see none of these is safe from it, whatever its hosts are; empty: that saves none. */
  readonly through: readonly string[]
  readonly assumed: readonly Listed[]
  readonly hostsOnly: boolean
  /** Others: a guest that clears buffers for one of them is safe from this one. */
  readonly coveredBy: readonly string[]
  /** A guest does nothing against it: its host's microcode does. */
  readonly relies: boolean
  /** A guest that has it is better off with one feature of each of these, where all conditions hold. */
  readonly wants: readonly { readonly features: readonly string[]; readonly conditions: readonly string[] }[]
  /** Such as `guest-host`. */
  readonly attacks: readonly string[]
  readonly fixed: readonly Revision[]
  /** For each place of the text the sayings of which the first that holds counts; empty: not known. */
  readonly says: readonly (readonly Saying[])[]
  /** Empty: none that is worth a name. */
  readonly cost: string
}

/** What a word of Linux's means. `hole`: mitigated, but not in all. */
export type WordState = 'safe' | 'mitigated' | 'hole' | 'vulnerable' | 'unknown'

interface Word {
  readonly state: WordState
  /** `*`: any. */
  readonly file: string
  readonly words: string
  readonly meaning: string
  readonly sources: readonly string[]
}

export interface VulnerabilityTable {
  readonly list: readonly Vulnerability[]
  readonly words: readonly Word[]
  /** The least microcode with all fixes. */
  readonly microcode: readonly (Revision & { readonly sources: readonly string[] })[]
}

/** A CPU, real or virtual, as Linux judges it. */
export interface SeenCpu {
  readonly vendor?: string | undefined
  readonly signature?: Signature | undefined
  /** Whether its topology has threads; absent: no. */
  readonly hasThreads?: boolean | undefined
  /** Undefined: not known. */
  readonly has: (feature: string) => boolean | undefined
}

/** Undefined: not known. */
type Known = boolean | undefined

/** Whether one of them holds; undefined: none is known to, and of one it is not known. */
const anyOf = (all: readonly Known[]): Known =>
  all.includes(true) ? true : all.includes(undefined) ? undefined : false

const negated = (one: Known): Known => (one === undefined ? undefined : !one)

const bothOf = (a: Known, b: Known): Known => negated(anyOf([negated(a), negated(b)]))

const allOf = (all: readonly Known[]): Known => negated(anyOf(all.map(negated)))

function isListed({ vendor, signature, has }: SeenCpu, { features, ...of }: Listed): Known {
  const isOfVendor =
    of.vendor === '*' ? true : vendor === undefined ? undefined : firstWord(vendor) === of.vendor
  const isOfSignature =
    of.signatures.length === 0 ? true : signature && of.signatures.some(range => within(range, signature))
  const has1 = features.length === 0 ? true : anyOf(features.map(has))
  return allOf([isOfVendor, isOfSignature, has1])
}

const firstWord = (name: string): string => name.split(' ', 1)[0] ?? name

const isOnList = (cpu: SeenCpu, on: readonly Listed[], not: readonly Listed[]): Known =>
  bothOf(anyOf(on.map(one => isListed(cpu, one))), negated(anyOf(not.map(one => isListed(cpu, one)))))

/**
 * Whether a CPU has a vulnerability, by its vendor, signature and features; undefined: these do not tell.
 * @param inGuest whether it is a guest's: what Linux concludes there. @see data/vulnerabilities.txt
 */
export function isVulnerable(one: Vulnerability, cpu: SeenCpu, inGuest: boolean): Known {
  const isFree = anyOf(one.free.map(all => allOf(all.map(cpu.has))))
  if (inGuest && one.hostsOnly) return false
  const isHit = anyOf([
    anyOf(one.hazard.map(cpu.has)),
    isOnList(cpu, one.on, one.not),
    inGuest && isOnList(cpu, one.assumed, one.not),
  ])
  return bothOf(isHit, negated(isFree))
}

/** What a Linux guest says of a vulnerability in its file; undefined: not known. */
export function saidByGuest(table: VulnerabilityTable, one: Vulnerability, cpu: SeenCpu): string | undefined {
  if (one.hostsOnly) return one.says[0]?.[0]?.words ?? 'Not affected'
  const believes = isVulnerable(one, cpu, true)
  if (believes === undefined) return undefined
  if (!believes) return 'Not affected'
  const parts = one.says.map(list => {
    const known = list.map(({ conditions }) => holdAll(table, cpu, conditions))
    const first = known.findIndex(it => it !== false)
    return first < 0 ? '' : known[first] === undefined ? undefined : list[first]?.words
  })
  return parts.length === 0 || parts.includes(undefined)
    ? undefined
    : parts.filter(part => part && part !== '-').join('; ')
}

/** Whether all conditions hold of a guest. */
export const holdAll = (table: VulnerabilityTable, cpu: SeenCpu, conditions: readonly string[]): Known =>
  allOf(conditions.map(condition => holds(table, cpu, condition)))

function holds(table: VulnerabilityTable, cpu: SeenCpu, condition: string): Known {
  if (condition.startsWith('!')) return negated(holds(table, cpu, condition.slice(1)))
  if (condition === '*threads') return cpu.hasThreads === true
  const [, vendor, family] = /^([A-Z]\w*)(?:\.(\d+))?$/.exec(condition) ?? []
  if (vendor !== undefined) {
    const isOfFamily = family === undefined ? true : cpu.signature && cpu.signature.family === Number(family)
    return bothOf(isListed(cpu, { vendor, signatures: [], features: [] }), isOfFamily)
  }
  if (!condition.startsWith('@')) return cpu.has(condition)
  const other = table.list.find(({ name }) => name === condition.slice(1))
  return other && isVulnerable(other, cpu, true)
}

/** The bits that turn what a Linux guest says from vulnerable to mitigated: lists of them, each enough on its own. */
export const bitsNeeded = ({ says }: Vulnerability, cpu: SeenCpu): string[][] =>
  (says[0] ?? [])
    .filter(
      ({ words, conditions }) => stateOf(words) === 'mitigated' && !conditions.some(it => isOfOther(cpu, it)),
    )
    .map(({ conditions }) => conditions.filter(condition => /^[a-z]/.test(condition)))
    .filter(list => list.length > 0)

const isOfOther = ({ vendor = '' }: SeenCpu, condition: string): boolean =>
  /^!?[A-Z]/.test(condition) &&
  (firstWord(vendor) === condition.replace(/!|\..*/g, '')) === condition.startsWith('!')

/** What the first of a kernel's words mean. */
export const stateOf = (words: string): WordState =>
  /^Not affected/.test(words)
    ? 'safe'
    : /^(?:KVM: |Processor )?Vulnerable/i.test(words)
      ? 'vulnerable'
      : /^(?:KVM: )?Mitigation/.test(words)
        ? 'mitigated'
        : 'unknown'

/** What Linux says of one vulnerability, read. */
export interface VulnerabilityStatus {
  readonly state: WordState
  /** What is said after the first word, each as it stands. */
  readonly parts: readonly string[]
  /** What words mean whose beginning misleads; empty: they are as they begin. */
  readonly meaning: string
  /** What is left open, each with what it means. */
  readonly holes: readonly { readonly words: string; readonly meaning: string }[]
}

/**
 * Reads what a kernel says of a vulnerability. Words that begin with `Mitigation` may leave something open: `BHI: Vulnerable` behind
 * a semicolon, guests that can read their host. Versions before 6.9 part them by commas.
 */
export function readStatus({ words }: VulnerabilityTable, file: string, text: string): VulnerabilityStatus {
  const parts = text.split(/; |, (?=IBPB|IBRS_FW|STIBP|RSB|PBRSB|BHI|SMT )/)
  const known = words.filter(
    one =>
      (one.file === '*' || one.file === file) && parts.some(part => part === one.words || text === one.words),
  )
  const whole = known.find(({ words: all }) => all === text || all === parts[0])
  const holes = parts.flatMap((part, i) => {
    const meant = known.find(one => one.words === part)
    if (meant) return meant.state === 'hole' ? [{ words: part, meaning: meant.meaning }] : []
    return i > 0 && /\bvulnerable\b/i.test(part) ? [{ words: part, meaning: '' }] : []
  })
  const first = whole && whole.state !== 'hole' ? whole.state : stateOf(parts[0] ?? '')
  return {
    state: first === 'mitigated' && holes.length > 0 ? 'hole' : first,
    parts,
    holes,
    meaning: whole?.meaning ?? '',
  }
}

/** What comes with this package, in the order of `vulnerabilities.txt`. @throws ParseError on first use */
export const builtinVulnerabilities = once(() => parseVulnerabilities(dataFile('vulnerabilities.txt')))

type Draft = { -readonly [Key in keyof Vulnerability]: Vulnerability[Key] }

/** Reads `vulnerabilities.txt`, whose head says its grammar. @throws ParseError */
export function parseVulnerabilities(file: DataFile): VulnerabilityTable {
  const list: Draft[] = []
  const words: Word[] = []
  const microcode: VulnerabilityTable['microcode'][number][] = []
  for (const at of statementsOf(file)) {
    const [, word = '', rest = ''] = /^(\S+) ?(.*)$/.exec(at.text) ?? []
    const last = list.at(-1)
    if (at.indent > 0) {
      if (!last) throw faultIn(at, 'this stands under its vulnerability, and none is above')
      extend(last, at, word, rest)
    } else if (word === 'vulnerability' || word === 'erratum') list.push(headOf(at, word, rest))
    else if (word === 'word') words.push(wordOf(at, rest))
    else if (word === 'microcode') {
      const { text, sources } = cited(at, rest)
      microcode.push(...revisionsOf(at, text).map(one => ({ ...one, sources })))
    } else throw faultIn(at, 'expected `vulnerability`, `erratum`, `word` or `microcode`', word)
  }
  return { list, words, microcode }
}

function cited(at: DataStatement, rest: string) {
  const read = readCited(rest)
  if (!read) throw faultIn(at, 'a source is missing: end the line in [SOURCE; …]')
  return read
}

function headOf(at: DataStatement, word: string, rest: string): Draft {
  const { text, sources } = cited(at, rest)
  const [, name, file, title] = /^(\S+)(?: (\S+))? : (.+)$/.exec(text) ?? []
  if (name === undefined || title === undefined) throw faultIn(at, `expected \`${word} NAME [FILE] : title\``)
  const none = {
    on: [],
    not: [],
    free: [],
    hazard: [],
    through: [],
    assumed: [],
    wants: [],
    coveredBy: [],
    attacks: [],
    fixed: [],
  }
  return {
    ...none,
    name,
    ...(file ? { file } : {}),
    isErratum: word === 'erratum',
    title,
    sources,
    hostsOnly: false,
    relies: false,
    says: [],
    cost: '',
  }
}

function extend(to: Draft, at: DataStatement, word: string, rest: string): void {
  const names = tokensOf(rest)
  const [, conditions = '', words = ''] = /^(.*?) ?: (.+)$/.exec(rest) ?? []
  const saying = { conditions: tokensOf(conditions), words }
  if (word === 'hosts') to.hostsOnly = true
  else if (word === 'relies') to.relies = true
  else if (rest === '') throw faultIn(at, `\`${word}\` of what?`, word)
  else if (word === 'on' || word === 'not' || word === 'assumed') to[word] = [...to[word], listedOf(at, rest)]
  else if (word === 'free') to.free = [...to.free, names]
  else if (word === 'wants') to.wants = [...to.wants, wantOf(rest)]
  else if (word === 'hazard' || word === 'attacks' || word === 'through') to[word] = [...to[word], ...names]
  else if (word === 'with') to.coveredBy = [...to.coveredBy, ...names]
  else if (word === 'fixed') to.fixed = [...to.fixed, ...revisionsOf(at, rest)]
  else if (word === 'cost') to.cost = rest
  else if (words === '') throw faultIn(at, `no such line: \`${word}\``, word)
  else if (word === 'says' || word === 'then') to.says = [...to.says, [saying]]
  else if (word === 'or') to.says = [...to.says.slice(0, -1), [...(to.says.at(-1) ?? []), saying]]
  else throw faultIn(at, `no such line: \`${word}\``, word)
}

function wantOf(rest: string): Vulnerability['wants'][number] {
  const [features = '', conditions = ''] = rest.split(' : ')
  return { features: tokensOf(features), conditions: tokensOf(conditions) }
}

function listedOf(at: DataStatement, rest: string): Listed {
  const [left = '', features = ''] = rest.split(' : ')
  const [vendor = '', ...signatures] = tokensOf(left)
  return {
    vendor,
    signatures: signatures.map(token => parseSignatureRange(at, token)),
    features: tokensOf(features),
  }
}

function revisionsOf(at: DataStatement, text: string): Revision[] {
  const [vendor = '', ...pairs] = tokensOf(text)
  return pairs.flatMap((token, i) => {
    if (i % 2 === 1) return []
    const least = Number(pairs[i + 1])
    if (!Number.isSafeInteger(least)) throw faultIn(at, 'expected a revision such as 0x2007006', token)
    return [{ vendor, signature: parseSignatureRange(at, token), least }]
  })
}

const STATES: readonly WordState[] = ['safe', 'mitigated', 'hole', 'vulnerable', 'unknown']

function wordOf(at: DataStatement, rest: string): Word {
  const { text, sources } = cited(at, rest)
  const [, state, file = '', words = '', meaning = ''] = /^(\S+) (\S+) : (.+) : (.+)$/.exec(text) ?? []
  const known = STATES.find(one => one === state)
  if (!known) throw faultIn(at, 'expected `word STATE FILE : WORDS : meaning [SOURCE; …]`')
  return { state: known, file, words, meaning, sources }
}

/** The least of these revisions that is for a CPU; undefined: none is. */
export const leastRevision = (
  list: readonly Revision[],
  { vendor = '', signature }: Pick<SeenCpu, 'vendor' | 'signature'>,
): number | undefined =>
  signature && list.find(one => one.vendor === firstWord(vendor) && within(one.signature, signature))?.least
