import type { CpuidData } from '../../core/cpuid-data.ts'
import { placeKey } from '../../core/place.ts'
import type { Database } from '../../map/database.ts'

/** One register of raw data: its key and its value. */
type Cell = readonly [key: string, value: number]

function* cells(data: CpuidData): Iterable<Cell> {
  const registers = ['eax', 'ebx', 'ecx', 'edx'] as const
  for (const [leaf, subleaf, ...values] of data.leaves) {
    for (const [i, register] of registers.entries()) {
      yield [placeKey({ kind: 'cpuid', leaf, subleaf, register, indexed: true }), values[i] ?? 0]
    }
  }
  for (const [index, low, high] of data.msrs) {
    yield [placeKey({ kind: 'msr', index, half: 'low' }), low]
    yield [placeKey({ kind: 'msr', index, half: 'high' }), high]
  }
}

/** Whether any bit is set that belongs to no feature of the database. */
export function hasOtherBits(db: Database, data: CpuidData): boolean {
  const known = new Map(db.features.words.map((place, i) => [placeKey(place), db.features.all.words[i] ?? 0]))
  for (const [key, value] of cells(data)) if ((value & ~(known.get(key) ?? 0)) !== 0) return true
  return false
}

/**
 * Whether two CPUs answered exactly the same: as many stored words, each equal. Stored words of zero count.
 * Rows with one key are one word, ORed.
 */
export function identical(a: CpuidData, b: CpuidData): boolean {
  const [left, right] = [stored(a), stored(b)]
  return left.size === right.size && [...left].every(([key, value]) => right.get(key) === value)
}

function stored(data: CpuidData): Map<string, number> {
  const words = new Map<string, number>()
  for (const [key, value] of cells(data)) words.set(key, ((words.get(key) ?? 0) | value) >>> 0)
  return words
}
