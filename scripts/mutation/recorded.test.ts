import { describe, expect, test } from 'vitest'
import { cputest } from '../../conformance/cputest.ts'
import { cputestOthers } from '../../conformance/cputest-others.ts'
import { DataFolder } from '../../conformance/data.ts'
import { domaincaps } from '../../conformance/domaincaps.ts'
import { edge } from '../../conformance/edge.ts'
import { generationsFamily } from '../../conformance/generations.ts'
import { kvmOffers } from '../../conformance/kvm-offers.ts'
import { libvirt12 } from '../../conformance/libvirt12.ts'
import { libvirt12Baselines } from '../../conformance/libvirt12-baselines.ts'
import { recordedDefinitions } from '../../conformance/pool-definitions.ts'
import { Family } from '../../conformance/report.ts'
import { upgrades } from '../../conformance/upgrades.ts'
import { contextOf } from '../../src/questions/context.ts'

/** Parts of `npm run conformance`, for mutants: CI runs it too. */

const root = process.env.VIRT_CPU_REFERENCE

/** Some of the names of a folder, so that a part takes less time. */
class Slice extends DataFolder {
  readonly #number: number
  readonly #of: number

  constructor(path: string, number: number, of: number) {
    super(path)
    this.#number = number
    this.#of = of
  }

  override names(...parts: string[]): string[] {
    return super.names(...parts).filter((_, i) => i % this.#of === this.#number)
  }

  override folder(...parts: string[]): DataFolder {
    return new Slice(super.folder(...parts).path, this.#number, this.#of)
  }
}

type Part = (data: DataFolder) => Family[]

const TESTS = ['libvirt-11.3', 'tests'] as const
const oldContext = (data: DataFolder) =>
  contextOf(new DataFolder(root ?? '').cpuMap('libvirt-11.3', 'cpu_map') ?? data.cpuMap(), '11.3')

const PARTS: readonly (readonly [name: string, slices: number, run: Part])[] = [
  ['cputest', 4, data => cputest(oldContext(data), data.folder(...TESTS, 'cputestdata'))],
  ['cputest of others', 1, data => cputestOthers(oldContext(data), data.folder(...TESTS, 'cputestdata'))],
  ['domaincaps', 6, data => domaincaps(oldContext(data), data.folder(...TESTS))],
  ['kvm offers', 1, data => [kvmOffers(contextOf(), data.folder(...TESTS))]],
  ['upgrades', 1, data => [upgrades(contextOf(), data.folder(...TESTS))]],
  ['definitions', 1, data => [recordedDefinitions(contextOf(), data.folder(...TESTS))]],
  ['libvirt 12', 1, data => libvirt12(contextOf(), data)],
  ['libvirt 12, baselines', 1, data => libvirt12Baselines(contextOf(), data)],
  ['s390x', 1, data => [generationsFamily(data.folder(...TESTS, 'qemucapabilitiesdata'))]],
  ['edge', 1, data => edge(contextOf(), 'built in', data.folder('edge'))],
]

describe.skipIf(root === undefined)('answers as recorded', () => {
  const slices = PARTS.flatMap(([name, of, run]) =>
    Array.from({ length: of }, (_, i) => ({ name: `${name} ${i + 1}`, of, i, run })),
  )
  // The first that differs is enough.
  Family.prototype.check = function check(label, actual, expected) {
    expect(actual, label).toBe(expected)
    this.passed++
  }
  test.each(slices)('$name', ({ i, of, run }) => {
    const families = run(new Slice(root ?? '', i, of))
    expect(families.map(({ passed }) => passed).some(passed => passed > 0)).toBe(true)
  })
})
