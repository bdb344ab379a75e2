import { CpuMap } from '../map/cpu-map.ts'
import { type Context, contextOf } from '../questions/context.ts'
import type { Session } from './session.ts'

/** The database of a session: the built-in data, or the installed map that it names. @throws FileError, ParseError, LibvirtError */
export const openContext = async (session: Session): Promise<Context> => contextOf(await openMap(session))

async function openMap({ cpuMap }: Session): Promise<CpuMap> {
  if (cpuMap === undefined) return CpuMap.builtIn()
  const { openCpuMap } = await import('../host/files/cpu-map.ts')
  return openCpuMap(cpuMap)
}
