import { CpuMap } from '../src/map/cpu-map.ts'
import type { Database } from '../src/map/database.ts'

/** The x86 database that comes with this package. */
export const builtin = (): Database => CpuMap.builtIn().of('x86')
