import { spawnSync } from 'node:child_process'
import { afterAll, describe, expect, test } from 'vitest'
import type { CpuidRow } from '../../../src/core/cpuid-data.ts'
import { parseCpuidR } from '../../../src/formats/dumps/cpuid-r.ts'
import type { Dump } from '../../../src/formats/dumps/dump.ts'
import { stableRow } from '../../../src/formats/dumps/volatile.ts'
import { attempt } from '../../../src/host/cpu/attempt.ts'
import { ROUTES } from '../../../src/host/cpu/routes.ts'
import { Runner } from '../../../src/host/cpu/runner.ts'
import { System } from '../../../src/host/cpu/system.ts'

const isX86Linux = process.platform === 'linux' && process.arch === 'x64'
const { stdout, error } = spawnSync('cpuid', ['-r', '-1'], { encoding: 'utf8' })
const told = error ? [] : (parseCpuidR(stdout)[0]?.data.leaves ?? [])
const required = process.env.CI === 'true'

test.runIf(required)('CI has cpuid', () => expect(told.length).toBeGreaterThan(0))

/** The rows by key, without what changes from one reading to the next. */
const stable = (rows: readonly CpuidRow[]): Map<string, string> =>
  new Map(rows.map(row => [`${row[0].toString(16)}.${row[1]}`, stableRow(row).slice(2).join(' ')]))

/** Rows with a bit that `cpuid` does not see: where flags are approximate they may lack some, but have none of these. */
const beyond = (rows: readonly CpuidRow[]) =>
  rows.filter(([leaf, subleaf, ...words]) => {
    const row = told.find(row => row[0] === leaf && row[1] === subleaf)
    return words.some((word, i) => (word & ~(row?.[i + 2] ?? 0)) !== 0)
  })

describe.skipIf(!isX86Linux || error !== undefined)('routes against cpuid -r -1 (package cpuid)', () => {
  const program = new Runner()
  afterAll(() => program.remove())
  const system = new System('/')
  const readings = ROUTES.map(({ route, tries, read }) => {
    const { value, failure } = attempt(tries, () => read(system, requests => program.run(requests)))
    return { route, dumps: value, why: failure?.why ?? 'it is there' }
  })

  test.for(readings)('$route agrees on every CPU, where it is there ($why)', ({ route, dumps }, context) => {
    if (dumps === undefined) return context.skip()
    expect(dumps.length).toBeGreaterThan(0)
    for (const { data } of dumps) {
      const [ours, theirs] = [stable(data.leaves), stable(told)]
      const both = [...ours.keys()].filter(key => theirs.has(key))
      if (route === 'cpuinfo') return expect(beyond(data.leaves)).toEqual([])
      expect(both.map(key => [key, ours.get(key)])).toEqual(both.map(key => [key, theirs.get(key)]))
      expect(both.length).toBeGreaterThan(5)
    }
  })

  test('executing the instruction works wherever programs can be run', () => {
    expect(readings.find(({ route }) => route === 'instruction')?.dumps?.length).toBe(system.online.length)
  })

  test('routes that execute the instruction read the same rows', () => {
    const exact = readings.filter(({ route }) => route === 'instruction' || route === 'device')
    const rows = (dumps: readonly Dump[] | undefined) => dumps?.map(({ data }) => data.leaves.map(stableRow))
    const [first, ...others] = exact.filter(({ dumps }) => dumps !== undefined)
    for (const other of others) expect(rows(other.dumps)).toEqual(rows(first?.dumps))
  })
})
