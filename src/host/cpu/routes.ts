import type { CpuidRow } from '../../core/cpuid-data.ts'
import { isCpuidRecords, parseCpuidRecords } from '../../formats/dumps/cpuid-records.ts'
import type { Dump } from '../../formats/dumps/dump.ts'
import { parseProcCpuinfo } from '../../formats/dumps/proc-cpuinfo.ts'
import type { Route } from '../../formats/host/probed.ts'
import { readCpuidDevice } from '../files/cpuid-device.ts'
import { readWhole } from '../files/read-bytes.ts'
import { readByInstruction } from './instruction.ts'
import { readByLoader } from './loader.ts'
import type { Run } from './requests.ts'
import { RouteError } from './route-error.ts'
import type { System } from './system.ts'

/** A way to read the CPUs of a system. */
export interface RouteReader {
  readonly route: Route
  /** What is tried, for people. */
  readonly tries: string
  /** Each CPU labelled with its number. @throws RouteError, FileError where this way is not there */
  readonly read: (system: System, run: Run) => Dump[]
}

/** The best first: they see more than those after them. */
export const ROUTES: readonly RouteReader[] = [
  {
    route: 'instruction',
    tries: 'executing CPUID',
    read: ({ online }, run) => Array.from(readByInstruction(online, run), dumpOf),
  },
  {
    route: 'device',
    tries: '/dev/cpu/N/cpuid',
    read: system =>
      system.online.flatMap(cpu => {
        const path = system.path('dev/cpu', String(cpu), 'cpuid')
        return system.isHere ? dumpOf([cpu, readCpuidDevice(path)]) : recorded(path, cpu)
      }),
  },
  {
    route: 'loader',
    tries: 'ld.so --list-diagnostics',
    read: system => {
      system.requireHere()
      return numbered(readByLoader(), system)
    },
  },
  {
    route: 'cpuinfo',
    tries: '/proc/cpuinfo',
    read: system => numbered(parseProcCpuinfo(system.read('proc/cpuinfo')), system),
  },
]

const dumpOf = ([cpu, leaves]: readonly [number, readonly CpuidRow[]]): Dump => ({
  label: String(cpu),
  data: { leaves, msrs: [] },
  notes: [],
})

/** What was copied of a device. */
function recorded(path: string, cpu: number): Dump[] {
  const bytes = readWhole(path, MOST_RECORDED) ?? NO_BYTES
  if (!isCpuidRecords(bytes)) throw new RouteError('not copied from such a device')
  return [dumpOf([cpu, parseCpuidRecords(bytes)])]
}

const MOST_RECORDED = 2 ** 20
const NO_BYTES = new Uint8Array(0)

/** The label's number for a label; what tells of one CPU without saying which is of the first. */
const numbered = (dumps: readonly Dump[], { online }: System): Dump[] =>
  dumps.map((dump, i) => ({ ...dump, label: /\d+/.exec(dump.label)?.[0] ?? String(online[i] ?? i) }))
