import type { CpuidRow } from '../../core/cpuid-data.ts'
import type { Dump } from '../../formats/dump.ts'
import type { Route } from '../../formats/probed.ts'
import { readCpuidDevice } from '../../node/cpuid-device.ts'
import { readByInstruction } from './instruction.ts'
import type { Runner } from './runner.ts'
import type { System } from './system.ts'

/** A way to read the CPUs of a system, each labelled with its number. */
export interface RouteReader {
  readonly route: Route
  /** What is tried, for people. */
  readonly tries: string
  /** @throws RouteError, FileError where this way is not there */
  readonly read: (system: System, program: () => Runner) => Dump[]
}

/** The best first: they see more, or may be trusted more, than those after them. */
export const ROUTES: readonly RouteReader[] = [
  {
    route: 'instruction',
    tries: 'executing CPUID',
    read: ({ online }, program) => dumpsOf(readByInstruction(online, program())),
  },
  {
    route: 'device',
    tries: '/dev/cpu/N/cpuid',
    read: system =>
      dumpsOf(system.online.map(cpu => [cpu, readCpuidDevice(system.path('dev/cpu', String(cpu), 'cpuid'))])),
  },
]

const dumpsOf = (cpus: Iterable<readonly [cpu: number, leaves: readonly CpuidRow[]]>): Dump[] =>
  Array.from(cpus, ([cpu, leaves]) => ({ label: String(cpu), data: { leaves, msrs: [] }, notes: [] }))
