import { builtin } from '../map/built-in.ts'
import type { Database } from '../map/database.ts'
import type { Session } from './session.ts'

/** What answers come from: the built-in data, or the installed map that was named. @throws FileError, ParseError, LibvirtError */
export async function databaseOf({ cpuMap }: Session): Promise<Database> {
  if (cpuMap === undefined) return builtin()
  const { openCpuMap } = await import('../host/files/cpu-map.ts')
  return openCpuMap(cpuMap)
}
