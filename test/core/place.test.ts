import { expect, test } from 'vitest'
import { type Feature, type Place, placeKey, placeOf, printPlace } from '../../src/core/feature.ts'
import { builtin } from '../built-in.ts'

const db = builtin()

/** `7.0.ebx`, `1.ecx`, `msr.10a.low`. */
function place(text: string): Place {
  const [first = '', ...rest] = text.split('.')
  const hex = (digits: string | undefined) => Number.parseInt(digits ?? '0', 16)
  if (first === 'msr') return { kind: 'msr', index: hex(rest[0]), half: rest[1] as 'low' | 'high' }
  const register = rest.at(-1) as 'eax'
  return {
    kind: 'cpuid',
    leaf: hex(first),
    subleaf: rest.length > 1 ? hex(rest[0]) : 0,
    register,
    indexed: rest.length > 1,
  }
}

test.each([
  ['7.0.ebx', 5, 'CPUID.07H.0:EBX[5]'],
  ['7.1.eax', 31, 'CPUID.07H.1:EAX[31]'],
  ['1.ecx', 0, 'CPUID.01H:ECX[0]'],
  ['14.0.ecx', 2, 'CPUID.14H.0:ECX[2]'],
  ['80000001.edx', 29, 'CPUID.80000001H:EDX[29]'],
  ['d.1.eax', 3, 'CPUID.0DH.1:EAX[3]'],
  ['msr.10a.low', 0, 'MSR.10AH[0]'],
  ['msr.10a.high', 30, 'MSR.10AH[62]'],
  ['msr.cf.low', 5, 'MSR.CFH[5]'],
])('%s bit %i: %s', (at, bit, expected) => {
  expect(printPlace(place(at), bit)).toBe(expected)
})

test.each([
  ['avx2', 'CPUID.07H.0:EBX[5]'],
  ['monitor', 'CPUID.01H:ECX[3]'],
  ['lm', 'CPUID.80000001H:EDX[29]'],
  ['its-no', 'MSR.10AH[62]'],
])('%s is at %s', (name, expected) => {
  expect(placeOf(db.features.get(name) as Feature)).toBe(expected)
})

test('every feature has a place of its own', () => {
  const all = db.features.list
  expect(new Set(all.map(placeOf)).size).toBe(all.length)
})

test('a key does not tell whether the leaf is indexed, but everything else', () => {
  expect(placeKey(place('1.ecx'))).toBe(placeKey(place('1.0.ecx')))
  const keys = ['1.0.ecx', '1.1.ecx', '11.0.ecx', '1.0.edx', 'msr.1.low', 'msr.1.high', 'msr.11.low']
  expect(new Set(keys.map(text => placeKey(place(text)))).size).toBe(keys.length)
})
