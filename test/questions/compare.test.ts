import { describe, expect, test } from 'vitest'
import type { Cpu } from '../../src/core/cpu.ts'
import { answerCompare } from '../../src/questions/compare/compute.ts'
import { contextOf } from '../../src/questions/context.ts'
import { guest, host, refusal } from '../notation.ts'

const context = contextOf()
const penryn = host('Penryn Intel +vmx +dca')

/** `result | message | missing | forbidden | extra` */
function answer(text: string, on: Cpu = penryn): string {
  const found = answerCompare(context, on, guest(text))
  const list = (kind: 'missing' | 'forbidden' | 'extra') =>
    found[kind].map(({ feature }) => feature).join(' ')
  return [found.result, found.message ?? '', list('missing'), list('forbidden'), list('extra')].join('|')
}

const INCOMPATIBLE = 'the CPU is incompatible with host CPU: '

test.each([
  ['exact Penryn', 'superset||||vmx dca'],
  ['exact Penryn require:vmx require:dca', 'identical||||'],
  [
    'exact Nehalem',
    `incompatible|${INCOMPATIBLE}Host CPU does not provide required features: sse4.2, popcnt|sse4.2 popcnt||`,
  ],
  ['exact Penryn forbid:vmx', `incompatible|${INCOMPATIBLE}Host CPU provides forbidden features: vmx||vmx|`],
  [
    'strict Penryn',
    `incompatible|${INCOMPATIBLE}Host CPU does not strictly match guest CPU: Extra features: vmx, dca|||vmx dca`,
  ],
  [
    'exact Penryn AMD',
    `incompatible|${INCOMPATIBLE}host CPU vendor does not match required CPU vendor AMD|||`,
  ],
])('%s: %s', (text, expected) => {
  expect(answer(text)).toBe(expected)
})

test('reasons have coordinates', () => {
  expect(answerCompare(context, penryn, guest('exact Penryn require:avx2')).missing).toEqual([
    { feature: 'avx2', place: 'CPUID.07H.0:EBX[5]', title: expect.stringMatching(/./) },
  ])
})

describe('the host’s architecture chooses who answers', () => {
  test.each([
    ['Penryn arch:i686', 'no refusal'],
    [
      'Penryn arch:mips',
      "this function is not supported by the connection driver: 'mips' architecture is not supported by CPU driver",
    ],
    ['Foo arch:x86_64', 'internal error: Unknown CPU model Foo'],
    ['Foo arch:aarch64', 'no refusal'],
    ['Foo arch:ppc64', 'internal error: Unknown CPU model Foo'],
  ])('%s: %s', (text, message) => {
    expect(refusal(() => answer('exact kvm32', host(text)))).toBe(message)
  })

  test('a guest as host has none', () => {
    expect(refusal(() => answer('exact kvm32', guest('exact Penryn')))).toBe(
      'internal error: undefined hardware architecture',
    )
  })
})
