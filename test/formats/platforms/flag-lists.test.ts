import { expect, test } from 'vitest'
import { decode } from '../../../src/index.ts'
import { dumpsOf } from '../corpus.ts'
import { sample, statementsIn } from './samples.ts'

const ofLinux = { layer: 'kernel', vocabulary: 'linux' }

test.each(['flags-line.txt', 'flags-line-model.txt', 'flags-list.txt', 'lscpu-part.txt'])(
  '%s: what the kernel lets programs use, of an AMD CPU',
  name => {
    const [dump, ...others] = dumpsOf(sample(name))
    expect(dump).toMatchObject(ofLinux)
    expect(others).toEqual([])
    const { xml } = decode({ text: sample(name), best: true })
    expect(xml).toContain('<vendor>AMD</vendor>')
    expect(xml).toContain('EPYC')
  },
)

test('a flags line that a terminal folded is one line', () => {
  const line = sample('flags-line.txt')
  const folded = line.replace(/(.{1,78}) /g, '$1\n')
  expect(dumpsOf(folded)[0]?.data.rows()).toEqual(dumpsOf(line)[0]?.data.rows())
})

test('a short list says nothing of what is not in it', () => {
  expect(statementsIn(sample('flags-list.json'))).toMatchObject([
    {
      layer: 'hardware',
      vocabulary: 'libvirt',
      complete: false,
      present: expect.arrayContaining(['pclmuldq']),
    },
  ])
  expect(statementsIn('fpu,tsc,cx8,sse,sse2,pclmulqdq,sse4_1')).toMatchObject([
    { ...ofLinux, complete: false },
  ])
  expect(statementsIn('fpu tsc cx8 sse sse2 pclmulqdq sse4.1')).toMatchObject([{ vocabulary: 'qemu' }])
  expect(statementsIn('the fpu, tsc, cx8, sse and sse2 are features; others too')).toEqual([])
})

test('the loader tells the level, and that the next one is not reached', () => {
  const [v3] = statementsIn(sample('ld-so-help.txt'))
  expect(v3).toMatchObject({ layer: 'kernel', complete: false })
  expect(v3?.present).toEqual(expect.arrayContaining(['avx2', 'sse4.2', 'lm']))
  expect(v3?.present).not.toContain('avx512f')
  const [v1] = statementsIn(sample('ld-so-help-v1.txt'))
  expect(v1?.present).toContain('sse2')
  expect(v1?.present).not.toContain('ssse3')
})
