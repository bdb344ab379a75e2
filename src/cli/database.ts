import { builtin } from '../database/builtin.ts'
import type { Database } from '../database/database.ts'
import type { Session } from './session.ts'

/** What answers come from: the built-in data, or the installed map that was named. @throws FileError, ParseError, LibvirtError */
export async function databaseOf({ cpuMap }: Session): Promise<Database> {
  if (cpuMap === undefined) return builtin()
  const { openCpuMap } = await import('../node/cpu-map.ts')
  return openCpuMap(cpuMap)
}
