import { describe, expect, test } from 'vitest'
import { listModelNames } from '../../src/arch/operations.ts'
import { CpuMap } from '../../src/map/cpu-map.ts'
import { builtin } from '../built-in.ts'
import { refusal } from '../notation.ts'
import { SMALL, smallMap } from '../small-map.ts'

const map = CpuMap.builtIn()

test('all models in map order, those that are never chosen too', () => {
  expect(listModelNames(CpuMap.with({ x86: smallMap(SMALL) }), 'x86_64')).toEqual([
    'base',
    'mid',
    'mid-v1',
    'top',
  ])
  const names = listModelNames(map, 'x86_64') ?? []
  expect(names.slice(0, 2)).toEqual(['486', '486-v1'])
  expect(names).toContain('cpu64-rhel5')
  expect(names).toHaveLength(builtin().models.length)
  expect(listModelNames(map, 'i686')).toEqual(names)
})

describe('other architectures', () => {
  test.each(['aarch64', 's390x', 'riscv64', 'loongarch64'])('%s takes any name', arch => {
    expect(listModelNames(map, arch)).toBeUndefined()
  })

  test.each([
    ['x86', 'invalid argument: cannot find architecture x86'],
    ['', 'invalid argument: cannot find architecture '],
    [
      'mips',
      "this function is not supported by the connection driver: 'mips' architecture is not supported by CPU driver",
    ],
  ])('%s: %s', (arch, message) => {
    expect(refusal(() => listModelNames(map, arch))).toBe(message)
  })
})
