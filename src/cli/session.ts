import type { LibvirtVersion } from '../core/libvirt-version.ts'
import { CpuMap } from '../map/cpu-map.ts'
import { type Context, contextOf } from '../questions/context.ts'
import { STDERR, STDOUT, write } from './output.ts'

/** Where the command is told to be: on this host, or with libvirt's built-in test driver. */
export type ConnectionDriver = 'host' | 'test'

/** What was said before the command, and how it answers. */
export class Session {
  readonly quiet: boolean
  /** Only what libvirt lets everyone do. */
  readonly readOnly: boolean
  readonly driver: ConnectionDriver
  readonly libvirt: LibvirtVersion
  /** An installed libvirt's map; absent: the built-in data. */
  readonly cpuMap: string | undefined

  constructor(given: Pick<Session, 'quiet' | 'readOnly' | 'driver' | 'libvirt' | 'cpuMap'>) {
    this.quiet = given.quiet
    this.readOnly = given.readOnly
    this.driver = given.driver
    this.libvirt = given.libvirt
    this.cpuMap = given.cpuMap
  }

  out(text: string): void {
    write(STDOUT, text)
  }

  err(text: string): void {
    write(STDERR, text)
  }
}

/** The database of a session: the built-in data, or the installed map that it names. @throws FileError, ParseError, LibvirtError */
export const openContext = async (session: Session): Promise<Context> =>
  contextOf(await openMap(session), session.libvirt)

async function openMap({ cpuMap }: Session): Promise<CpuMap> {
  if (cpuMap === undefined) return CpuMap.builtIn()
  const { openCpuMap } = await import('../host/files/cpu-map.ts')
  return openCpuMap(cpuMap)
}
