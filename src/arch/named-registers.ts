import type { NamedRegisters } from '../core/cpu.ts'
import { FeatureSet } from '../core/feature-set.ts'
import type { FeatureTable } from '../core/feature-table.ts'
import type { FlagPlace } from './driver.ts'

/** Where a feature that Linux lists by name stands; undefined for other words. */
export function flagPlaceIn(table: FeatureTable, flag: string): FlagPlace | undefined {
  const feature = table.get(flag)
  if (feature?.place.kind !== 'named') return undefined
  return { register: feature.place.name, bit: feature.place.offset + feature.bit }
}

/** The features in registers, laid out by the table. A register that is missing reads as zero. */
export function setOfRegisters(table: FeatureTable, registers: NamedRegisters): FeatureSet {
  const words = table.words.map(place => {
    if (place.kind !== 'named') return 0
    return Number(BigInt.asUintN(32, (registers.get(place.name) ?? 0n) >> BigInt(place.offset)))
  })
  return FeatureSet.of(words).meet(table.all)
}
