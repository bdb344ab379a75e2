import { describe, expect, test } from 'vitest'
import type { Cpu } from '../../src/core/cpu.ts'
import { cpu, refusal, show } from '../notation.ts'

/** A fault: where it is (`@` an attribute; elements of one name exclude each other), what it looks like, its message. */
type Fault = readonly [place: string, xml: string, message: string]

const BOTH: readonly Fault[] = [
  ['topology', '<topology/>', "'sockets'"],
  ['feature', '<feature/>', 'Invalid CPU feature name'],
  ['cache', '<cache/>', "'mode' in element 'cache'"],
  ['maxphysaddr', '<maxphysaddr/>', "'mode' in element 'maxphysaddr'"],
]

/** In the order in which libvirt meets them. */
const GUEST: readonly Fault[] = [
  ['@mode', `mode='x'`, 'Invalid mode attribute'],
  ['@migratable', `migratable='x'`, "attribute 'migratable'"],
  ['@match', `match='x'`, "attribute 'match'"],
  ['@check', `check='x'`, "attribute 'check'"],
  ['@deprecated', `deprecated_features='x'`, "attribute 'deprecated_features'"],
  ['model', `<model fallback='x'>P</model>`, 'Invalid fallback'],
  ['model', `<model vendor_id='x'>P</model>`, 'exactly 12'],
  ['model', '<vendor>Intel</vendor>', 'vendor specified without CPU model'],
  ...BOTH,
]

const HOST: readonly Fault[] = [
  ['@mode', `mode='x'`, 'Attribute mode is only'],
  ['@migratable', `migratable='on'`, 'Attribute migratable is only'],
  ['arch', '<arch>x87</arch>', 'Unknown architecture'],
  ['microcode', `<microcode version='x'/>`, 'invalid microcode'],
  ['signature', '<signature/>', "'family'"],
  ['counter', `<counter name='tsc'/>`, "'frequency'"],
  ['model', '<vendor>Intel</vendor>', 'Missing CPU model name'],
  ...BOTH,
]

/** A sound document but for these faults, the later ones written first. */
function document(faults: readonly Fault[], base: Readonly<Record<string, string>>): string {
  const parts: Record<string, string> = { ...base }
  for (const [place, xml] of [...faults].reverse()) parts[place] = xml
  const pick = (attributes: boolean) =>
    Object.keys(parts)
      .filter(place => place.startsWith('@') === attributes)
      .map(place => parts[place])
  return `<cpu ${pick(true).join(' ')}>${pick(false).reverse().join('')}</cpu>`
}

const pairs = (faults: readonly Fault[]): [string, string, Fault, Fault][] =>
  faults.flatMap((a, i) =>
    faults
      .slice(i + 1)
      .flatMap((b): [string, string, Fault, Fault][] => (a[0] === b[0] ? [] : [[a[2], b[2], a, b]])),
  )

describe('of two faults libvirt’s first is told', () => {
  test.each(pairs(GUEST))('guest: %s before %s', (message, _, a, b) => {
    expect(refusal(() => cpu(document([a, b], { model: '<model>P</model>' })))).toContain(message)
  })

  test.each(pairs(HOST))('host: %s before %s', (message, _, a, b) => {
    const base = { arch: '<arch>i686</arch>', model: '<model>P</model>' }
    expect(refusal(() => cpu(document([a, b], base)))).toContain(message)
  })

  test.each([
    [`<cpu match='x' mode='x'><arch>x87</arch></cpu>`, "'arch' element cannot be used"],
    [`<cpu mode='custom' migratable='on' match='x'/>`, 'Attribute migratable is only'],
    [`<model fallback='x' vendor_id='x'/>`, 'Invalid fallback'],
    [`<model vendor_id=',x'/>`, 'exactly 12'],
    ['<feature/><topology/>', "'sockets'"],
    [`<vendor>I</vendor><feature name='x'/>`, 'vendor specified without'],
    [`<feature policy='x'/>`, 'feature list specified without'],
    [`<model>P</model><feature policy='x'/>`, 'Invalid CPU feature policy'],
    [
      `<model>P</model><feature name='a'/><feature name='a' policy='x'/><feature/>`,
      'Invalid CPU feature policy',
    ],
    [`<model>P</model><feature name='a'/><feature name='a'/><feature/>`, 'more than once'],
    [`<cache level='9'/><cache/>`, 'at most one'],
    [`<topology sockets='x' cores='0'/>`, "'sockets'"],
    [`<topology sockets='1' dies='0' clusters='x'/>`, "'dies'|'cores'"],
    [`<maxphysaddr mode='emulate' bits='x' limit='0'/>`, "'bits'"],
    [`<maxphysaddr mode='emulate' limit='0'/>`, 'Zero is not permitted'],
  ])('%s: %s', (xml, message) => {
    expect(refusal(() => cpu(xml))).toMatch(new RegExp(message))
  })
})

describe('what is read', () => {
  test.each([
    ['<model>Penryn</model>', 'exact Penryn'],
    [`<cpu mode='host-model' match='strict'/>`, 'host-model'],
    [
      `<cpu match='minimum' check='full'><model fallback='forbid'> P </model><vendor>I</vendor></cpu>`,
      'minimum  P  I check:full fallback:forbid',
    ],
    [`<cpu mode='maximum'><model fallback='forbid' vendor_id='x'>P</model></cpu>`, 'maximum P'],
    [`<model vendor_id='GenuineIotel'/>`, 'exact vendor_id:GenuineIotel'],
    [
      `<model>P</model><model>Q</model><feature name='b'/><feature policy='forbid' name='a'/>`,
      'exact P require:b forbid:a',
    ],
    [`<arch>i686</arch><model>P</model><feature policy='disable' name='b'/>`, 'P +b'],
    [`<arch>i686</arch><model>P</model><signature family='6' model='15' stepping='0'/>`, 'P sig:6.15.0'],
    ['<model>P<!-- x -->Q</model>', 'exact PQ'],
  ])('%s: %s', (xml, expected) => {
    expect(show(cpu(xml))).toBe(expected)
  })

  test.each([
    [
      `<cpu mode='maximum' migratable='off' deprecated_features='on'/>`,
      { migratable: false, deprecatedFeatures: true },
    ],
    [
      `<topology sockets='2' dies='3' cores='4' threads='5'/>`,
      { topology: { sockets: 2, dies: 3, clusters: 1, cores: 4, threads: 5 } },
    ],
    [`<cache mode='disable'/>`, { cache: { mode: 'disable' } }],
    [`<cache level=' +3' mode='emulate'/>`, { cache: { level: 3, mode: 'emulate' } }],
    [`<maxphysaddr mode='passthrough' limit='40'/>`, { maxphysaddr: { mode: 'passthrough', limit: 40 } }],
    [`<arch>i686</arch><model>P</model><microcode version='4294967295'/>`, { microcode: 0xffff_ffff }],
    [
      `<arch>i686</arch><model>P</model><counter name='hpet'/><counter name='tsc' frequency='18446744073709551615' scaling='no'/>`,
      { tsc: { frequency: 0xffff_ffff_ffff_ffffn, scaling: false } },
    ],
  ] as [string, Partial<Cpu>][])('%s: %o', (xml, expected) => {
    expect(cpu(xml)).toMatchObject(expected)
  })

  test('a host has no mode, match, check or fallback', () => {
    const host = cpu(`<cpu check='full'><arch>i686</arch><model fallback='forbid'>P</model></cpu>`)
    expect(Object.keys(host)).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/^(mode|match|check|fallback)$/)]),
    )
  })
})
