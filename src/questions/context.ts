import { CpuMap } from '../map/cpu-map.ts'
import type { Database } from '../map/database.ts'

/** What a question is answered from. */
export interface Context {
  readonly map: CpuMap
  /** Of the map, the features and models that the question is about. */
  readonly db: Database
}

/** @param map absent: the data that comes with this package */
export const contextOf = (map = CpuMap.builtIn()): Context => ({
  map,
  get db() {
    return map.of('x86')
  },
})
