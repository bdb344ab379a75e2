import { expect, test } from 'vitest'
import type { Statement } from '../../src/formats/found.ts'
import { contextOf } from '../../src/questions/context.ts'
import { membersOf } from '../../src/questions/input/fleet/read-members.ts'

const context = contextOf()
const { features } = context.db

/** What becomes of a platform's statement: the names that the host has, and what is known of the others. */
function read(statement: Partial<Statement>) {
  const [member] = membersOf(
    context,
    {
      kind: 'statement',
      layer: 'hardware',
      arch: 'x86_64',
      vocabulary: 'linux',
      present: [],
      complete: false,
      ...statement,
    },
    'text',
  )
  if (member?.kind !== 'host' && member?.kind !== 'hypervisor') throw new RangeError('no host')
  const known = member.kind === 'host' ? member.facts.known : member.facts.offered.recorded
  const has = (name: string) => {
    const { bits } = features.get(name) ?? {}
    if (!bits) throw new RangeError(name)
    return bits.leq(member.facts.features) ? 'present' : known && bits.leq(known) ? 'absent' : 'unknown'
  }
  return { has, notes: member.notes }
}

test('what a list does not say is unknown, unless the list is complete', () => {
  expect(read({ present: ['aes'] }).has('avx512f')).toBe('unknown')
  expect(read({ present: ['aes'], complete: true }).has('avx512f')).toBe('absent')
  expect(read({ present: ['aes'], absent: ['avx512f'] }).has('avx512f')).toBe('absent')
  expect(read({ present: ['aes'], complete: true }).has('vmx-ept-uc')).toBe('unknown')
})

test('what follows from the architecture, from other features and from models is present', () => {
  expect(read({}).has('lm')).toBe('present')
  expect(read({ present: ['avx2'] }).has('sse4.2')).toBe('present')
  expect(read({ present: ['avx2'], absent: ['sse4_2'] }).has('sse4.2')).toBe('absent')
  expect(read({ model: 'Haswell-noTSX' }).has('avx2')).toBe('present')
  const offered = {
    layer: 'offered',
    models: new Map([
      ['Westmere', []],
      ['Haswell', ['rtm']],
    ]),
  } as const
  expect(read(offered).has('aes')).toBe('present')
  expect(read(offered).has('avx2')).toBe('unknown')
})

test('words that name no feature are counted and named', () => {
  expect(read({ present: ['aes', 'frobnicate', 'frobnicate'] }).notes).toEqual([
    { kind: 'words-unknown', words: ['frobnicate'], vocabulary: 'linux' },
  ])
})
