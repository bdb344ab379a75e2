import { expect, test } from 'vitest'
import { readText } from '../../../src/formats/dialects.ts'
import { dumpCorpus, dumpsOf } from '../corpus.ts'
import { guestsIn, sample, shownGuest, statementsIn } from './samples.ts'

test('a fingerprint is the whole CPU that guests get', () => {
  const [dump] = dumpsOf(sample('firecracker-fingerprint.json'))
  const [raw] = dumpsOf(dumpCorpus().get('cpuid-r-1') ?? '')
  expect(dump).toMatchObject({ layer: 'offered', notes: ['kernel 6.1.100, microcode 0x49'] })
  expect(dump?.known).toBeUndefined()
  expect(dump?.data.rows()).toEqual(raw?.data.rows())
  expect(dump?.data.msrs()).toEqual([[0x10a, 0xc000000, 0]])
})

test('a template sets and clears bits of the host’s CPU', () => {
  const [guest] = guestsIn(sample('firecracker-template.json'))
  expect(guest && shownGuest(guest)).toBe(
    'host-passthrough disable avx512f force erms disable vmx disable rdctl-no',
  )
})

test('of ARM the ID registers are read', () => {
  const [found] = readText(sample('firecracker-arm.json'))
  expect(found).toMatchObject({ kind: 'registers' })
  if (found?.kind !== 'registers') return
  expect([...(found.dumps[0]?.registers ?? [])]).toEqual([
    ['MIDR_EL1', 0x410fd0c1n],
    ['ID_AA64PFR0_EL1', 0x111111n],
  ])
})

test('what is no bitmap is refused', () => {
  const bad = sample('firecracker-template.json').replace('0b0_xxxxx', '0b2')
  expect(() => readText(bad, 't2.json')).toThrow('t2.json: `0b2`: a bitmap is 0b and up to 32 of 0, 1 and x')
})

test('Cloud Hypervisor: the guest needs a bit that the destination lacks', () => {
  const text = sample('cloud-hypervisor.log')
  const needed = guestsIn(text).flatMap(({ cpu }) => cpu.features.map(({ name }) => name))
  const [destination] = statementsIn(text)
  expect(needed.filter(name => destination?.absent?.includes(name))).toEqual(['tsc_adjust'])
  expect(destination?.present).toContain('rtm')
})
