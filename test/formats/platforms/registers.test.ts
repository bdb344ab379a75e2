import { expect, test } from 'vitest'
import { placeKey } from '../../../src/core/feature.ts'
import { coverageOfWords } from '../../../src/formats/platforms/register-words.ts'
import { decode } from '../../../src/index.ts'
import { contextOf } from '../../../src/questions/context.ts'
import { fleetOfInput } from '../../../src/questions/input/fleet/open-fleet.ts'
import { builtin } from '../../built-in.ts'
import { dumpCorpus, dumpsOf } from '../corpus.ts'
import { sample } from './samples.ts'

/** Words by place: `1.0.ecx 7ffa3203`, those of 0 left out. */
const wordsOf = (text: string): string[] =>
  dumpsOf(text).flatMap(({ data }) =>
    [...data.words()].flatMap(([place, word]) => (word ? `${placeKey(place)} ${word.toString(16)}` : [])),
  )

const covers = (text: string, name: string): boolean => {
  const [dump] = dumpsOf(text)
  const feature = builtin().features.get(name)
  return feature !== undefined && dump?.known !== undefined
    ? feature.bits.leq(coverageOfWords(builtin(), dump.known))
    : false
}

const raw = dumpCorpus().get('cpuid-r-1') ?? ''

test('cpuid decoded: every bit that is known is as cpuid -r has it', () => {
  const [decoded, whole] = [dumpsOf(sample('cpuid-decoded.txt'))[0], dumpsOf(raw)[0]]
  const known = [...(decoded?.known?.words() ?? [])].filter(([, mask]) => mask !== 0)
  expect(known.length).toBeGreaterThan(10)
  for (const [place, mask] of known) {
    if (place.kind !== 'cpuid') continue
    const word = (dump: typeof whole) => dump?.data.word(place.leaf, place.subleaf, place.register) ?? 0
    expect([placeKey(place), word(decoded) & mask]).toEqual([placeKey(place), word(whole) & mask])
  }
  const rows = '   0x00000011 0x00: eax=0x00000000 ebx=0x00000000 ecx=0x00000000 edx=0x00000000\n'
  expect(decode({ text: sample('cpuid-decoded.txt') + rows }).model).toBe(decode({ text: raw }).model)
  expect(decode({ text: sample('cpuid-decoded.txt') }).model).toBe(decode({ text: raw }).model)
})

test('cpuid decoded: CPUs that differ in what varies only are one', () => {
  expect(dumpsOf(sample('cpuid-decoded-two.txt')).map(({ cpus }) => cpus)).toEqual([['CPU 0', 'CPU 1']])
})

test('cpuid decoded: nothing is known of features that it has no line for', () => {
  const text = sample('cpuid-decoded.txt')
  expect(['avx2', 'avx512f', 'avx10', 'rdctl-no'].map(name => covers(text, name))).toEqual([
    true,
    true,
    false,
    false,
  ])
  expect(() => dumpsOf(text.replace(/^ {6}\S.*= (?:true|false)$/gm, '      x = true'), 'cut')).toThrow(
    'cut:1: no feature of CPUID',
  )
})

test('FreeBSD prints registers; those that it does not print are unknown', () => {
  const text = sample('freebsd-dmesg.txt')
  expect(wordsOf(text)).toEqual(
    expect.arrayContaining([
      '1.0.eax 306c3',
      '1.0.ecx 7ffafbff',
      '7.0.ebx 27ab',
      '80000007.0.edx 100',
      'd.1.eax 1',
    ]),
  )
  expect(['avx2', 'avx512f', 'md-clear', 'invtsc'].map(name => covers(text, name))).toEqual([
    true,
    true,
    false,
    true,
  ])
  expect(decode({ text }).model).toMatch(/^Haswell/)
})

test('a fleet knows of a host what its source tells', () => {
  const documents = [{ path: 'pf', text: sample('freebsd-dmesg.txt') }]
  const [host] = fleetOfInput(contextOf(), { documents }).fleet.hosts
  const presence = (name: string) => {
    const bits = builtin().features.get(name)?.bits
    return bits && host?.evidence?.presenceOf(bits)
  }
  expect(['avx512f', 'md-clear', 'amx-tile'].map(presence)).toEqual(['absent', 'unknown', 'unknown'])
})
