import { describe, expect, test } from 'vitest'
import { readCpuid } from '../../src/arch/x86/cpuid.ts'
import { describeWithoutCpu } from '../../src/formats/dialects.ts'
import { contextOf } from '../../src/questions/context.ts'
import { answerDecode, type DecodeOptions, meetData } from '../../src/questions/decode/compute.ts'
import { builtin } from '../built-in.ts'
import { cpuid, cpuidOf, fs, modelOf, names, refusal, together } from '../notation.ts'

const db = builtin()
const penryn = together(
  cpuid('vendor=GenuineIntel, sig=6.23.10'),
  cpuidOf(modelOf('Penryn').features.join(fs('vmx'))),
)
const decoded = (options: DecodeOptions = {}) => answerDecode(contextOf(), penryn, options)

test('a host is printed with model, vendor and signature', () => {
  expect(decoded()).toEqual({
    xml: `<cpu>
  <arch>x86_64</arch>
  <model>Penryn-v1</model>
  <vendor>Intel</vendor>
  <signature family='6' model='23' stepping='10'/>
  <feature name='vmx'/>
</cpu>
`,
    model: 'Penryn-v1',
    vendor: 'Intel',
    signature: { family: 6, model: 23, stepping: 10 },
    notes: [{ kind: 'no-msrs' }],
  })
})

test('a guest, with fallback forbidden', () => {
  expect(decoded({ as: 'guest' }).xml).toBe(`<cpu mode='custom' match='exact'>
  <model fallback='forbid'>Penryn</model>
  <vendor>Intel</vendor>
  <feature policy='require' name='vmx'/>
</cpu>
`)
})

describe('allowed models', () => {
  test.each([
    [{}, 'Penryn', ''],
    [{ models: ['Nehalem', 'Foo'] }, 'Nehalem', 'sse4.2 popcnt'],
    [
      { models: ['Nehalem', 'Penryn'], blockers: { Penryn: ['sse4.1'], Nehalem: ['sse4.1'] } },
      'Penryn',
      'sse4.1',
    ],
    // Without a list of models those of the blockers are the list.
    [{ blockers: { Nehalem: [] } }, 'Nehalem', 'sse4.2 popcnt'],
    [{ models: ['Penryn'], blockers: { Nehalem: [] } }, 'Penryn', ''],
  ] as const)('%o: %s', (options, model, disabled) => {
    const { xml, ...rest } = decoded({ as: 'guest', ...options })
    expect(rest.model).toBe(model)
    expect([...xml.matchAll(/policy='disable' name='([^']*)'/g)].map(match => match[1]).join(' ')).toBe(
      disabled,
    )
  })

  test('none that fits', () => {
    const message = 'internal error: Cannot find suitable CPU model for given data'
    expect(refusal(() => decoded({ models: [] }))).toBe(message)
    expect(refusal(() => decoded({ models: ['Penryn'] }))).toBe('no refusal')
    expect(refusal(() => decoded({ as: 'guest', models: ['Penryn-v1'] }))).toBe(message)
    expect(refusal(() => answerDecode(contextOf(), cpuid('')))).toBe(message)
  })
})

test('unknown vendor and signature are null; notes say whose they are', () => {
  const answer = answerDecode(
    contextOf(),
    together(cpuidOf(modelOf('486').features), cpuid('1.ecx=80000000')),
    {
      source: 'host7',
    },
  )
  expect([answer.vendor, answer.signature]).toEqual([null, null])
  expect(answer.notes).toEqual([{ kind: 'hypervisor-present', source: 'host7' }])
})

describe('several CPUs met', () => {
  const read = (text: string) => readCpuid(db, cpuid(text))
  test.each([
    [
      ['vendor=GenuineIntel, sig=6.1.1, 1.ecx=7', 'vendor=GenuineIntel, sig=6.1.1, 1.ecx=5'],
      'pni dtes64',
      'Intel',
      6,
    ],
    [['vendor=GenuineIntel, sig=6.1.1', 'vendor=GenuineIntel, sig=6.1.2'], '', 'Intel', undefined],
    [['vendor=GenuineIntel, sig=6.1.1', 'sig=6.1.1'], '', undefined, 6],
    [['vendor=AuthenticAMD, 1.ecx=1'], 'pni', 'AMD', undefined],
  ])('%o: %s', (all, features, vendor, family) => {
    const met = meetData(all.map(read))
    expect(met && names(met.features)).toBe(features)
    expect([met?.vendor?.name, met?.signature?.family]).toEqual([vendor, family])
  })

  test('none is nothing', () => {
    expect(meetData([])).toBeUndefined()
  })
})

test.each([
  [
    { kind: 'conversation', messages: [], dialect: 'qmp' },
    /^this is .*, which describes a hypervisor: `virt-cpu models`/,
  ],
  [
    { kind: 'document', element: { name: 'domain', attributes: {}, content: [] } },
    /`virt-cpu guest check` reads it$/,
  ],
  [{ kind: 'document', element: { name: 'network', attributes: {}, content: [] } }, undefined],
] as const)('of a text without a CPU is said what it is and which command reads it', (found, words) => {
  const text = describeWithoutCpu([found])
  if (words) expect(text).toMatch(words)
  else expect(text).toBeUndefined()
})
