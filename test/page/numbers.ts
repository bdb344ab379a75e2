import { groupBy } from '../../src/core/text.ts'

/**
 * What answers hold as numbers, and which numbers of a text are in none of them. A number is one that an answer says, or
 * counts: the entries of a list, those that are alike in one key, and the hosts that they name. Hosts, features and
 * points are looked for among their like.
 */

/** Names, versions, places and dates, whose digits count nothing. */
const NAMES = [
  // The choice of a QEMU version.
  /\bWrite for QEMU\s+\d.*(?:\s+\d+\.\d+)*/g,
  /\b(?:QEMU|libvirt|Linux|kernel|microcode to|firmware of) v?\d[\d.-]*/g,
  /\b\d{1,4}[/.-]\d{1,2}[/.-]\d{1,4}(?:, \d+:\d+:\d+(?: [AP]M)?)?/g,
  /\b0x[\da-f]+/gi,
  /\[[\d:]+\]/g,
  /\bx86-64-v\d/g,
  // Silicon and products, with the year from which on they were sold.
  /\b[A-Z][\w ()+,]*?, (?:19|20)\d\d\b/g,
  /\b(?:Zen|Xeon|Opteron|Core|Pentium|Atom|Scalable),? ?[\w+]*\d\w*/g,
]

/** Any of `names` as words, the longest first. */
const anyOf = (names: Iterable<string>): RegExp | undefined => {
  const all = [...new Set(names)].filter(name => /\d/.test(name)).sort((a, b) => b.length - a.length)
  const escaped = all.map(name => name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  return escaped.length > 0 ? new RegExp(`(?<![\\w.-])(?:${escaped.join('|')})(?![\\w-])`, 'g') : undefined
}

type Unit = 'hosts' | 'features' | 'any'

interface Shown {
  readonly number: number
  readonly unit: Unit
  /** The text around it. */
  readonly near: string
}

/** A number with what it counts. In `ice-01 and 5 other hosts` the host that is named is one of them. */
const NUMBER = /(?<![\w.:#@/-])(\d+(?:\.\d+)?)(?![\w]|\.\d|-\w)( (?:more |fewer |other )?(\w+))?/g

/** The numbers of a text that count something. */
export function numbersOf(text: string, names: Iterable<string> = []): Shown[] {
  const known = anyOf(names)
  const plain = [...(known ? [known] : []), ...NAMES].reduce(
    (all, name) => all.replace(name, 'NAME'),
    text.replaceAll('\u2009', '').replaceAll('\u00a0', ' '),
  )
  return Array.from(plain.matchAll(NUMBER), ({ 1: digits, 2: rest = '', 3: word = '', index }) => ({
    number: Number(digits) + (/^ other/.test(rest) && /\band $/.test(plain.slice(0, index)) ? 1 : 0),
    unit: /^hosts?$/.test(word) ? 'hosts' : /^features?$/.test(word) ? 'features' : 'any',
    near: plain.slice(Math.max(0, index - 30), index + 30).replaceAll('\n', ' | '),
  }))
}

const HOSTS = /hosts?$|^hostCount$|On$|^runs$|^smallest$|^others$/i
const FEATURES =
  /^(?:features?|featureCount|added|addedCount|disabled|kept|lost|lacks|gains|gained|missing|extra|unknown)$/

/** The numbers of answers. */
export class Answers {
  readonly #numbers: Readonly<Record<Unit, Set<number>>> = {
    hosts: new Set(),
    features: new Set(),
    any: new Set(),
  }

  readonly #values = new Set<number>()

  constructor(answers: readonly unknown[]) {
    for (const answer of answers) this.#read(answer, '', [])
    // What pools are worth as a share of what the best are.
    for (const one of this.#values)
      for (const best of this.#values) this.#add(Math.round((one / best) * 1000) / 10, 'share')
  }

  has({ number, unit }: Pick<Shown, 'number' | 'unit'>): boolean {
    return this.#numbers[unit].has(number)
  }

  #add(number: number, key: string): void {
    this.#numbers.any.add(number)
    if (HOSTS.test(key)) this.#numbers.hosts.add(number)
    if (FEATURES.test(key)) this.#numbers.features.add(number)
  }

  /** @param groups the hosts of the groups that the numbers in `inGroups` name */
  #read(value: unknown, key: string, groups: readonly Entry[]): void {
    if (typeof value === 'number') {
      this.#add(value, key)
      if (key === 'value' && value > 0) this.#values.add(value)
      // Shares are shown as percent, as `explain` and `pools` print them.
      if (!Number.isInteger(value))
        for (const scale of [100, 1000]) this.#add(Math.round(value * scale) / (scale / 100), key)
    } else if (typeof value === 'string') for (const { number } of numbersOf(value)) this.#add(number, key)
    else if (Array.isArray(value)) this.#readList(value, key, groups)
    else if (isEntry(value)) this.#readEntry(value, key, groups)
  }

  #readEntry(entry: Entry, key: string, groups: readonly Entry[]): void {
    const own = Array.isArray(entry.groups) ? entry.groups.filter(isEntry) : groups
    for (const [name, value] of Object.entries(entry))
      this.#read(value, key === 'levels' ? 'hosts' : name, own)
    this.#add(hostsOf(entry, own), 'hosts')
    // What hosts have in common, and what any of them has.
    const lengths = ['kept', 'onRequest', 'lost', 'unknown'].map(name => lengthOf(entry[name]))
    this.#add(sum(lengths.slice(0, 2)), 'features')
    this.#add(sum(lengths), 'features')
  }

  #readList(list: readonly unknown[], key: string, groups: readonly Entry[]): void {
    this.#add(list.length, key)
    for (const one of list) this.#read(one, key, groups)
    const entries = list.filter(isEntry)
    for (const name of new Set(entries.flatMap(Object.keys)))
      for (const alike of groupBy(entries, entry => likenessOf(entry[name])).values()) {
        this.#add(alike.length, key)
        this.#add(sum(alike.map(entry => hostsOf(entry, groups))), 'hosts')
      }
    this.#add(sum(entries.map(entry => hostsOf(entry, groups))), 'hosts')
    const value = sum(entries.map(({ value: own }) => (typeof own === 'number' ? own : 0)))
    this.#add(value, 'value')
    if (key === 'pools' && value > 0) this.#values.add(value)
  }
}

type Entry = Readonly<Record<string, unknown>>

const isEntry = (value: unknown): value is Entry =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0)

const lengthOf = (value: unknown): number => (Array.isArray(value) ? value.length : 0)

/** Lists are alike where both are empty or neither is. */
const likenessOf = (value: unknown): unknown => (Array.isArray(value) ? value.length > 0 : value)

/** How many hosts an entry of an answer is about. */
function hostsOf(entry: Entry, groups: readonly Entry[]): number {
  const { hosts, hostCount, inGroups, host } = entry
  if (Array.isArray(hosts)) return hosts.length
  if (typeof hostCount === 'number') return hostCount
  if (Array.isArray(inGroups)) return sum(inGroups.map(place => hostsOf(groups[Number(place)] ?? {}, [])))
  return host === undefined ? 0 : 1
}
