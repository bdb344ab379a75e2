import type { U32 } from '../../core/bits.ts'
import type { Feature } from '../../core/feature.ts'
import { REGISTERS } from '../../core/feature.ts'
import type { Database } from '../../map/database.ts'
import { featuresAt } from '../../map/spellings.ts'
import { fieldsOf, printRegister } from './understand.ts'

/** What is missing on a destination, by registers of which a message shows both sides. */
interface ComparedBits {
  readonly features: readonly Feature[]
  /** A line for each thing that differs. */
  readonly lines: readonly string[]
}

/**
 * What messages that show a register of the source and of the destination say: bits that the source has and the
 * destination lacks hinder, more on the destination does not.
 * @param matches the parts of each message: `leaf`, `register`, `source` and `destination` in hexadecimal, or `required`
 *   and `destination` as vSphere writes bits
 */
export function comparedBits(db: Database, matches: readonly ReadonlyMap<string, string>[]): ComparedBits {
  const all = matches.map(parts => comparedIn(db, parts))
  return {
    features: [...new Set(all.flatMap(({ features }) => features))],
    lines: [...new Set(all.flatMap(({ lines }) => lines))],
  }
}

function comparedIn(db: Database, parts: ReadonlyMap<string, string>): ComparedBits {
  const [leaf, name = ''] = [parts.get('leaf'), parts.get('register')?.toLowerCase()]
  const register = REGISTERS.find(one => one === name)
  const sides = sidesOf(parts)
  if (leaf === undefined || !register || !sides) return { features: [], lines: [] }
  const subleaf = parts.get('subleaf') ?? '0'
  const [number, sub] = [Number.parseInt(leaf, 16), Number.parseInt(subleaf, 16)]
  const place = printRegister(leaf, subleaf, register)
  if (/Num|Equal/i.test(parts.get('check') ?? '')) {
    const titles = fieldsOf(number, sub, register).map(field => `${field.name} (${field.title})`)
    return { features: [], lines: [sayNumber(place, sides, titles), ...sayLeaf(number, sides)] }
  }
  const at = { leaf: number, subleaf: sub, register }
  const named = (bits: U32) => featuresAt(db, at).filter(({ bit }) => ((bits >>> bit) & 1) === 1)
  const [lost, more] = [(sides.source & ~sides.destination) >>> 0, (sides.destination & ~sides.source) >>> 0]
  const features = named(lost)
  const lines = [
    ...sayBits(place, lost, features, 'the source has and the destination lacks'),
    ...(sides.isWhole
      ? sayBits(place, more, named(more), 'only the destination has, which does not hinder:')
      : []),
  ]
  return { features, lines }
}

interface Sides {
  readonly source: U32
  readonly destination: U32
  /** Whether the source's bits are all there, not only those that it needs. */
  readonly isWhole: boolean
}

function sidesOf(parts: ReadonlyMap<string, string>): Sides | undefined {
  const [source, destination, required] = ['source', 'destination', 'required'].map(name => parts.get(name))
  if (destination === undefined) return undefined
  if (source !== undefined)
    return { source: Number(source) >>> 0, destination: Number(destination) >>> 0, isWhole: true }
  if (required === undefined) return undefined
  const bits = (text: string, set: string) =>
    [...text.replace(/[:\s]/g, '')].reduce(
      (word, char) => ((word << 1) | (set.includes(char) ? 1 : 0)) >>> 0,
      0,
    )
  const asked = bits(required, '1T')
  return { source: asked, destination: bits(destination, '1'), isWhole: false }
}

/** `CPUID.07H.0:EBX: the source has and the destination lacks tsc_adjust [1], bit 31` */
function sayBits(place: string, bits: U32, features: readonly Feature[], what: string): string[] {
  const named = new Map(features.map(({ bit, name }) => [bit, name]))
  const words = Array.from({ length: 32 }, (_, bit) => bit)
    .filter(bit => ((bits >>> bit) & 1) === 1)
    .map(bit => (named.has(bit) ? `${named.get(bit)} [${bit}]` : `bit ${bit}`))
  return words.length > 0 ? [`${place}: ${what} ${words.join(', ')}`] : []
}

const sayNumber = (place: string, { source, destination }: Sides, titles: readonly string[]): string =>
  `${place} is a number${titles.length > 0 ? `, ${titles.join(', ')}` : ''}: ${source} on the source, ${destination} on the destination`

/** What it means that a leaf has nothing on the destination. */
function sayLeaf(leaf: number, { source, destination }: Sides): string[] {
  const what = LEAVES.get(leaf)
  return what && source > 0 && destination === 0 ? [`the destination has no ${what}`] : []
}

const LEAVES: ReadonlyMap<number, string> = new Map([
  [0x0a, 'performance monitoring (PMU) for guests'],
  [0x0d, 'extended state (XSAVE)'],
  [0x12, 'SGX'],
  [0x14, 'processor trace'],
  [0x1d, 'AMX tiles (amx-tile)'],
  [0x1e, 'AMX multiplication (amx-tile)'],
  [0x24, 'AVX10'],
])
