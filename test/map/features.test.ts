import { describe, expect, test } from 'vitest'
import { placeOf } from '../../src/core/feature.ts'
import { loadDatabase } from '../../src/map/database.ts'
import { refusal } from '../notation.ts'

/** The grammar of `features.txt`, `deps.txt` and `names.txt`. */

const load = (features: string, more: { names?: string; deps?: string } = {}) =>
  loadDatabase({ features, models: {}, walk: '', ...more })

const db = load(`# a comment
word 1.ecx = First [k1; k2]
    0  pni     &  p    Title with a # in it, and "##"
   # an indented comment
   31  guest.  .  vhx  Not of libvirt

word 7.0.ebx = Second
    3  b  |  sm  Not migratable

word msr.10a = Third
    1  low   ~  -  In the low half
   62  high  =  w  In the high half
`)

describe('features', () => {
  test('each is where it is said to be', () => {
    expect(db.features.list.map(placeOf)).toEqual([
      'CPUID.01H:ECX[0]',
      'CPUID.07H.0:EBX[3]',
      'MSR.10AH[1]',
      'MSR.10AH[62]',
    ])
    expect(db.features.list.map(feature => feature.bits.toString())).toEqual([
      '00000001',
      '00000000-00000008',
      '00000000-00000000-00000002',
      '00000000-00000000-00000000-40000000',
    ])
  })

  test('with title, order, class and whether it migrates', () => {
    expect(db.features.get('pni')).toMatchObject({
      title: 'Title with a # in it, and "##"',
      order: '&',
      class: 'performance',
    })
    expect(db.features.get('b')).toMatchObject({ order: '|', class: 'security', migratable: false })
    expect(db.features.get('low')).not.toHaveProperty('class')
  })

  test('those libvirt does not know are in a table of their own', () => {
    expect(db.features.get('guest.')).toBeUndefined()
    expect(db.beyond.map(feature => feature.name)).toEqual(['guest.'])
    expect(db.beyondTable.in(db.beyondTable.all)).toEqual(db.beyond)
  })

  test('sets and lists agree', () => expect(db.features.in(db.features.all)).toEqual(db.features.list))
})

/** Each fault, its line, and the words that say it. */
const FAULTS: readonly [features: string, line: number, what: string][] = [
  ['    0  a  &  p  x', 1, 'no word is above'],
  ['word 1.ecx = x\n    0  a  ?  p  x', 2, 'expected an order'],
  ['word 1.ecx = x\n    0  a  &  pq  x', 2, 'flags are'],
  ['word 1.ecx = x\n    0  a  &  p  x\n    0  b  &  p  x', 3, 'bits ascend'],
  ['word 1.ecx = x\n   32  a  &  p  x', 2, 'has bits 0 to 31'],
  ['word 1.ecx = x\n    0  a  &  p  x\n    1  a  &  p  x', 3, '`a` is above already'],
  ['word 1.fcx = x', 1, 'a place is'],
  ['word g.ecx = x', 1, 'in hexadecimal'],
  ['nonsense', 1, 'expected `word'],
]

test.each(FAULTS)('%j', (features, line, what) => {
  const message = refusal(() => load(features))
  expect(message).toContain(what)
  expect(message).toMatch(new RegExp(`^features.txt:${line}:`))
})

describe('names and needs', () => {
  const features = `word 1.ecx = x
    0  sse3    &  p  x
    1  vmx     &  p  y
    2  vmx-a   &  p  z
    3  vmx-b   &  p  w
`
  const names = `sse3  qemu:pni,sse3 linux:(pni) xen:-
      vmware:SSE3
vmx-*  xen:-
`
  const deps = 'vmx-* : vmx   # all of them\nvmx-b : vmx-a sse3 libvirt-breaks 2\n'
  const own = load(features, { names, deps })

  test('a tool may have several names, hide them, or have none', () => {
    expect(own.names({ name: 'sse3' })).toEqual([
      { tool: 'qemu', names: ['pni', 'sse3'], hidden: false },
      { tool: 'linux', names: ['pni'], hidden: true },
      { tool: 'xen', names: [], hidden: false },
      { tool: 'vmware', names: ['SSE3'], hidden: false },
    ])
    expect(own.names({ name: 'vmx-a' })).toEqual([{ tool: 'xen', names: [], hidden: false }])
    expect(own.names({ name: 'vmx' })).toEqual([])
  })

  test('any spelling finds the feature', () => {
    expect(own.called('PNI').map(feature => feature.name)).toEqual(['sse3'])
    expect(own.called('VMX-A').map(feature => feature.name)).toEqual(['vmx-a'])
    expect(own.called('nonesuch')).toEqual([])
  })

  test('needs go both ways', () => {
    expect(own.dependencies.needs('vmx-b')).toEqual(['vmx', 'vmx-a', 'sse3'])
    expect(own.dependencies.neededBy('vmx')).toEqual(['vmx-a', 'vmx-b'])
    expect(own.dependencies.rules.map(rule => rule.broken)).toEqual([0, 2])
  })

  test('a need that all CPUs have and nothing stands on is never unmet', () => {
    const loose = load(features, { deps: 'vmx-b ~ sse3\nvmx-b : vmx\n' }).dependencies
    expect(loose.needs('vmx-b')).toEqual(['sse3', 'vmx'])
    expect([...loose.unmet(new Set(['vmx-b']))]).toEqual([['vmx', ['vmx-b']]])
  })

  test('unknown names are found when they are first needed', () => {
    expect(refusal(() => load(features, { names: 'zz qemu:a' }).called('a'))).toContain(
      'no feature is called `zz`',
    )
    expect(refusal(() => load(features, { names: 'vmx qemu' }).called('a'))).toContain('expected `tool:NAME`')
    expect(refusal(() => load(features, { deps: 'vmx : zz' }).dependencies)).toMatch(
      /^deps.txt:1:7: no feature/,
    )
    expect(refusal(() => load(features, { deps: 'vmx zz' }).dependencies)).toContain('expected `FEATURE … :')
    expect(refusal(() => load(features, { deps: 'vmx : sse3 libvirt-breaks' }).dependencies)).toContain(
      'number of models',
    )
  })
})
