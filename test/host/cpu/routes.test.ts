import { spawnSync } from 'node:child_process'
import { afterAll, describe, expect, test } from 'vitest'
import type { CpuidRow } from '../../../src/core/cpuid.ts'
import { parseCpuidR } from '../../../src/formats/dumps/cpuid-r.ts'
import type { Dump } from '../../../src/formats/dumps/dump.ts'
import { stableRow } from '../../../src/formats/dumps/dump.ts'
import type { Route } from '../../../src/formats/host/host-facts.ts'
import { ProgramRunner } from '../../../src/host/cpu/requests.ts'
import { ROUTES } from '../../../src/host/cpu/routes.ts'
import { LinuxSystem, tryRoute } from '../../../src/host/cpu/system.ts'
import { needed, notInstalled } from '../../needs.ts'

// The package cpuid reads CPUID in the same two ways as our routes. A program's own instruction and the kernel's can
// differ: a hypervisor or a kernel may let programs see another CPU than it sees itself. Each route is therefore held
// against the same way of the package's.

const isX86Linux = process.platform === 'linux' && process.arch === 'x64'

/** What `cpuid -r` reads of each CPU, by number; none where it cannot read in this way. */
function referenceBy(way: '-i' | '-k'): ReadonlyMap<number, readonly CpuidRow[]> {
  const { stdout, status } = spawnSync('cpuid', ['-r', way], { encoding: 'utf8' })
  const dumps = status === 0 ? parseCpuidR(stdout) : []
  return new Map(dumps.map(({ label, data }) => [numberOf(label), data.rows()]))
}

const numberOf = (label: string): number => Number(/\d+/.exec(label)?.[0])

const byProgram = referenceBy('-i')
const byKernel = referenceBy('-k')

/** /proc/cpuinfo lists flags that the kernel reads. */
const REFERENCE = { instruction: byProgram, device: byKernel, loader: byProgram, cpuinfo: byKernel }

const why = needed('cpuid', byProgram.size > 0 ? undefined : (notInstalled('cpuid') ?? 'cpuid reads nothing'))

/** The rows by key, without what changes from one reading to the next. */
const stable = (rows: readonly CpuidRow[] = []): Map<string, string> =>
  new Map(rows.map(row => [`${row[0].toString(16)}.${row[1]}`, stableRow(row).slice(2).join(' ')]))

/** Rows with a bit that the reference does not have. Approximate flags may miss bits, but never add one. */
const beyond = (rows: readonly CpuidRow[], reference: readonly CpuidRow[] = []) =>
  rows.filter(([leaf, subleaf, ...words]) => {
    const row = reference.find(row => row[0] === leaf && row[1] === subleaf)
    return words.some((word, i) => (word & ~(row?.[i + 2] ?? 0)) !== 0)
  })

function expectAgreement(route: Route, { label, data }: Dump): void {
  const reference = REFERENCE[route].get(numberOf(label))
  if (route === 'cpuinfo') {
    expect(beyond(data.rows(), reference)).toEqual([])
    return
  }
  const [ours, theirs] = [stable(data.rows()), stable(reference)]
  const both = [...ours.keys()].filter(key => theirs.has(key))
  expect(both.map(key => [key, ours.get(key)])).toEqual(both.map(key => [key, theirs.get(key)]))
  expect(both.length).toBeGreaterThan(5)
}

describe.skipIf(!isX86Linux || why)(`routes against cpuid -r (package cpuid, ${why ?? 'installed'})`, () => {
  const program = new ProgramRunner()
  afterAll(() => program.remove())
  const system = new LinuxSystem('/')
  const readings = ROUTES.map(({ route, tries, read }) => {
    const { value, failure } = tryRoute(tries, () => read(system, requests => program.run(requests)))
    return { route, dumps: value, why: failure?.why ?? 'it is there' }
  })

  test.for(readings)('$route agrees on every CPU, where it is there ($why)', ({ route, dumps }, context) => {
    if (dumps === undefined) return context.skip()
    if (REFERENCE[route].size === 0) return context.skip('cpuid -r -k reads nothing')
    expect(dumps.length).toBeGreaterThan(0)
    for (const dump of dumps) expectAgreement(route, dump)
  })

  test('executing the instruction works wherever programs can be run', () => {
    expect(readings.find(({ route }) => route === 'instruction')?.dumps?.length).toBe(system.online.length)
  })

  test('the instruction and the device have the same rows where programs see what the kernel sees', context => {
    const sight = (rows: typeof byProgram) => [...rows.values()].map(rows => rows.map(stableRow))
    if (JSON.stringify(sight(byProgram)) !== JSON.stringify(sight(byKernel)))
      return context.skip('cpuid -r -i and cpuid -r -k differ')
    const [instruction, device] = readings.map(({ dumps }) =>
      dumps?.map(({ data }) => data.rows().map(stableRow)),
    )
    if (device) expect(device).toEqual(instruction)
  })
})
