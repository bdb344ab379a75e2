import { expect, test } from 'vitest'
import { readText } from '../../../src/formats/dialects.ts'
import { dumpsOf } from '../corpus.ts'
import { sample, statementsIn } from './samples.ts'

const text = sample('node-exporter.prom')

test('a host’s own metrics: its flags as the kernel shows them, microcode, mitigations', () => {
  const [dump, ...more] = dumpsOf(text)
  expect(more).toEqual([])
  expect(dump).toMatchObject({ layer: 'kernel', vocabulary: 'linux', name: 'node-17' })
  const word = (leaf: number, register: 'ebx' | 'edx') => dump?.data.word(leaf, 0, register) ?? 0
  expect([(word(7, 'ebx') >>> 5) & 1, (word(7, 'edx') >>> 26) & 1]).toEqual([1, 1])
  expect(dump?.facts).toEqual({
    microcode: 0x5003604,
    cpus: 2,
    kernel: '6.1.0-18-amd64',
    vulnerabilities: {
      meltdown: 'Not affected',
      retbleed: 'Mitigation: Enhanced IBRS',
      tsx_async_abort: 'Vulnerable',
    },
  })
  expect(statementsIn(text)).toEqual([])
})

test('the answer to a query: a host for each instance; a part of the flags makes none absent', () => {
  const found = readText(sample('prometheus-query.json'))
  expect(found).toMatchObject([
    {
      kind: 'statement',
      name: '10.0.0.21',
      vendor: 'AMD',
      present: ['avx2'],
      complete: false,
      signature: { family: 25, model: 1, stepping: 1 },
      notes: ['its CPUs run different microcode: 0xa0011d1, 0xa0011ce'],
    },
    { kind: 'statement', name: 'node-22', kernel: '6.8.0-31-generic', microcode: 0x2b000590, cpus: 1 },
  ])
})

test('a text that is cut is refused in the middle of a line, and makes no flag absent at its end', () => {
  const at = text.indexOf('flag="mtrr"')
  expect(() => readText(text.slice(0, at + 6), 'n.prom')).toThrow(/^n\.prom:\d+: this metric is cut/)
  const lines = text.slice(0, text.lastIndexOf('\n', at) + 1)
  expect(dumpsOf(lines)).toEqual([])
  expect(statementsIn(lines)).toMatchObject([{ complete: false, name: undefined }])
})
