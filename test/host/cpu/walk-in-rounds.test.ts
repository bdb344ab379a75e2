import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { CpuidRegisters } from '../../../src/core/cpuid.ts'
import { type Query, walkLeaves } from '../../../src/core/cpuid-walk.ts'
import { type AskAll, walkInRounds } from '../../../src/host/cpu/routes.ts'
import { registersOf } from '../../notation.ts'

const word = fc.oneof(fc.nat(0x30), fc.integer({ min: 0, max: 0xffff_ffff }))
const query = fc.func(fc.record({ eax: word, ebx: word, ecx: word, edx: word })) as fc.Arbitrary<Query>

/** Asks each CPU its own, and none that is undefined. */
const asking =
  (cpus: readonly (Query | undefined)[]): AskAll =>
  wanted =>
    new Map(
      [...wanted].map(([cpu, questions]): [number, CpuidRegisters[] | undefined] => {
        const ask = cpus[cpu]
        return [cpu, ask && questions.map(question => ask(...question))]
      }),
    )

test('rounds come to what a walk comes to, for each CPU that can be asked', () => {
  fc.assert(
    fc.property(fc.array(fc.option(query, { nil: undefined }), { maxLength: 3 }), cpus => {
      const found = walkInRounds([...cpus.keys()], asking(cpus))
      for (const [cpu, ask] of cpus.entries())
        expect(found.get(cpu)?.rows()).toEqual(ask && walkLeaves(ask).rows())
    }),
    { numRuns: 20 },
  )
})

test('a CPU as most are takes one round', () => {
  let rounds = 0
  const ask = asking([
    (leaf, subleaf) => {
      if (leaf === 0) return registersOf(0x16)
      if (leaf === 4) return registersOf(subleaf < 4 ? 1 : 0)
      return leaf === 0xd && subleaf === 0 ? registersOf(0xe7) : registersOf()
    },
  ])
  walkInRounds([0], wanted => {
    rounds++
    return ask(wanted)
  })
  expect(rounds).toBe(1)
})
