import { bit, hex, type U32 } from '../core/bits.ts'
import type { Cpuid } from '../core/cpuid.ts'
import type { Feature } from '../core/feature.ts'
import { placeKey, printPlace } from '../core/place.ts'
import type { Database } from '../map/database.ts'

const WIDTH = 100

/**
 * Every word of a dump that is not zero and carries features, with the names of its set bits; a bit without a
 * name is its number: `CPUID.07H.0:EBX  00000021  fsgsbase [13]`.
 */
export function printBits(db: Database, data: Cpuid): string {
  const named = featuresByPlace(db)
  let text = ''
  for (const [place, value] of data.words()) {
    const features = named.get(placeKey(place))
    if (!features || value === 0) continue
    const [first] = features.values()
    const title = printPlace(first?.place ?? place, 0).replace(/\[\d+\]$/, '')
    const half = place.kind === 'msr' && place.half === 'high' ? ' (high)' : ''
    text += filled(`${(title + half).padEnd(22)}${hex(value)} `, 32, namesOf(value, features))
  }
  return text
}

const namesOf = (value: U32, features: ReadonlyMap<number, Feature>): string[] =>
  Array.from({ length: 32 }, (_, n) => n)
    .filter(n => bit(value, n))
    .map(n => features.get(n)?.name ?? `[${n}]`)

function featuresByPlace(db: Database): Map<string, Map<number, Feature>> {
  const found = new Map<string, Map<number, Feature>>()
  for (const feature of [...db.features.list, ...db.beyond]) {
    const key = placeKey(feature.place)
    const bits = found.get(key) ?? new Map<number, Feature>()
    if (!bits.has(feature.bit)) bits.set(feature.bit, feature)
    found.set(key, bits)
  }
  return found
}

/** The words after `head`, on further lines from column `indent` where they do not fit. */
function filled(head: string, indent: number, names: readonly string[]): string {
  const lines = [head]
  for (const name of names) {
    const line = lines.at(-1) ?? ''
    if (line.length + name.length + 1 > WIDTH && line.trim() !== '')
      lines.push(`${' '.repeat(indent - 1)} ${name}`)
    else lines[lines.length - 1] = `${line} ${name}`
  }
  return `${lines.join('\n')}\n`
}
