import { expect, test } from 'vitest'
import { Cpuid, type CpuidRow } from '../../src/core/cpuid.ts'
import { distinctDumps } from '../../src/formats/dumps/dump.ts'

const dump = (label: string, ...leaves: CpuidRow[]) => ({ label, data: Cpuid.of(leaves), notes: [] })
const groups = (...dumps: ReturnType<typeof dump>[]) => distinctDumps(dumps).map(found => found.cpus)

test('APIC ids do not make a CPU another', () => {
  const a = dump(
    'a',
    [1, 0, 0x306c4, 0x0010_0800, 1, 2],
    [0xb, 0, 1, 2, 0x100, 0],
    [0x8000_001e, 0, 0, 0x100, 0, 0],
  )
  const b = dump(
    'b',
    [1, 0, 0x306c4, 0x0310_0800, 1, 2],
    [0xb, 0, 1, 2, 0x100, 3],
    [0x8000_001e, 0, 3, 0x101, 0, 0],
  )
  expect(groups(a, b)).toEqual([['a', 'b']])
})

test('features and signature do, and groups keep the order of the text', () => {
  const row = (ecx: number): CpuidRow => [1, 0, 0x306c4, 0, ecx, 0]
  expect(groups(dump('a', row(1)), dump('b', row(2)), dump('', row(1)))).toEqual([['a', '2'], ['b']])
  expect(groups(dump('a', [1, 0, 0x306c4, 0, 0, 0]), dump('b', [1, 0, 0x306c3, 0, 0, 0]))).toEqual([
    ['a'],
    ['b'],
  ])
})

test('an MSR does, too', () => {
  const data = (low: number) => Cpuid.of([], [[0x10a, low, 0]])
  expect(distinctDumps([0, 1].map(low => ({ label: '', data: data(low), notes: [] })))).toHaveLength(2)
})
