import { describe, expect, test } from 'vitest'
import { nearest } from '../../src/core/text.ts'
import { CpuMap } from '../../src/map/cpu-map.ts'
import { contextOf } from '../../src/questions/context.ts'
import { answerName } from '../../src/questions/name/compute.ts'
import { printName } from '../../src/questions/name/report.ts'
import { builtin } from '../built-in.ts'
import { SMALL, smallMap } from '../small-map.ts'

const real = contextOf()
const found = (text: string) => answerName(real, text).features.map(facts => facts.name)

test.each([
  ['avx512_vnni', 'avx512vnni'],
  ['AVX512-VNNI', 'avx512vnni'],
  ['sse3', 'pni'],
  ['CPUID.07H.0:ECX[11]', 'avx512vnni'],
  ['msr.10ah[62]', 'its-no'],
  ['ida', 'ida'],
])('%s is %s', (text, feature) => expect(found(text)).toContain(feature))

test('all there is to know', () => {
  const [facts] = answerName(real, 'avx512_vnni').features
  expect(facts).toMatchObject({
    name: 'avx512vnni',
    place: 'CPUID.07H.0:ECX[11]',
    order: '&',
    class: 'performance',
    migratable: true,
    libvirt: true,
    needs: ['avx512f'],
  })
  expect(facts?.models.find(({ vendor }) => vendor === 'AMD')?.families.at(-1)).toEqual({
    family: 'EPYC-Turin',
    versions: ['v1'],
    all: true,
  })
})

describe('as text', () => {
  const text = (word: string, width?: number) => printName(answerName(real, word), width)

  test('a feature', () => {
    const lines = text('xsaves').split('\n')
    expect(lines[0]).toBe('xsaves  CPUID.0DH.1:EAX[3]')
    expect(lines).toContain('  class      performance; guests with it cannot migrate')
    expect(lines).toContain('  needs      xsave')
    expect(lines).toContain('             AMD: since EPYC (v3-v5); in part EPYC-Rome (v2-v3)')
  })

  test('since when models have it', () => {
    expect(text('avx512_vnni')).toContain('AMD: since EPYC-Genoa')
    expect(text('fpu')).toContain('any vendor: all models')
    expect(text('svm')).toContain('AMD: since phenom, but not Opteron_G1')
    expect(text('md-clear')).toContain('Intel: DiamondRapids')
  })

  test('one that libvirt does not know', () => {
    expect(text('hybrid')).toContain('platform; libvirt does not know it')
    expect(text('hybrid')).toContain('linux hybrid_cpu (never shown)')
    expect(text('hybrid')).not.toContain('models')
  })

  test('a word nobody uses', () => {
    expect(text('avx52vnni')).toContain('no tool calls a feature avx52vnni; did you mean avx512vnni')
    expect(text('quite-something')).toBe('no tool calls a feature quite-something')
  })

  test('no line is too long', () => {
    for (const width of [60, 80, 100]) {
      const lines = builtin().features.list.flatMap(feature => text(feature.name, width).split('\n'))
      expect(lines.filter(line => line.length > width)).toEqual([])
    }
  })
})

test('an installed map knows places and nothing more', () => {
  expect(printName(answerName(contextOf(CpuMap.with({ x86: smallMap(SMALL) })), 'e'))).toBe(
    'e  CPUID.07H.0:EBX[4]\n  class      guests with it cannot migrate\n  names      libvirt e; qemu e',
  )
})

test('nearest', () => {
  expect(nearest(['avx', 'avx2', 'sse4.1', 'sse4.2'], 'sse41')).toEqual(['sse4.1', 'sse4.2'])
  expect(nearest(['avx', 'avx2'], 'avx3')).toEqual(['avx', 'avx2'])
  expect(nearest(['avx', 'avx2'], 'something')).toEqual([])
})
