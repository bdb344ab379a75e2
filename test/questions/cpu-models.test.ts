import { describe, expect, test } from 'vitest'
import { CpuMap } from '../../src/map/cpu-map.ts'
import { contextOf } from '../../src/questions/context.ts'
import { answerCpuModels } from '../../src/questions/cpu-models/compute.ts'
import { builtin } from '../built-in.ts'
import { refusal } from '../notation.ts'
import { SMALL, smallMap } from '../small-map.ts'

const context = contextOf()

test('all models in map order, those that are never chosen too', () => {
  expect(answerCpuModels(contextOf(CpuMap.with({ x86: smallMap(SMALL) })), 'x86_64')).toEqual([
    'base',
    'mid',
    'mid-v1',
    'top',
  ])
  const names = answerCpuModels(context, 'x86_64') ?? []
  expect(names.slice(0, 2)).toEqual(['486', '486-v1'])
  expect(names).toContain('cpu64-rhel5')
  expect(names).toHaveLength(builtin().models.length)
  expect(answerCpuModels(context, 'i686')).toEqual(names)
})

describe('other architectures', () => {
  test.each(['aarch64', 's390x', 'riscv64', 'loongarch64'])('%s takes any name', arch => {
    expect(answerCpuModels(context, arch)).toBeUndefined()
  })

  test.each([
    ['x86', 'invalid argument: cannot find architecture x86'],
    ['', 'invalid argument: cannot find architecture '],
    [
      'mips',
      "this function is not supported by the connection driver: 'mips' architecture is not supported by CPU driver",
    ],
  ])('%s: %s', (arch, message) => {
    expect(refusal(() => answerCpuModels(context, arch))).toBe(message)
  })
})
