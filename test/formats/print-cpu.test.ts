import { describe, expect, test } from 'vitest'
import type { Cpu, HostCpu } from '../../src/core/cpu.ts'
import { printCpu } from '../../src/formats/libvirt/print-cpu.ts'
import { cpu, guest, host } from '../notation.ts'

/** Without indentation and line ends. */
const line = (text: string): string => text.replace(/\n */g, '')

const FULL: HostCpu = {
  ...host('Penryn Intel +vmx +dca'),
  microcode: 17,
  signature: { family: 6, model: 23, stepping: 10 },
  tsc: { frequency: 2_999_999_999_999n, scaling: true },
  topology: { sockets: 1, dies: 1, clusters: 1, cores: 2, threads: 1 },
  cache: { level: 3, mode: 'emulate' },
  maxphysaddr: { mode: 'passthrough', limit: 40 },
}

test('a host, whole', () => {
  expect(printCpu(FULL)).toBe(`<cpu>
  <arch>x86_64</arch>
  <model>Penryn</model>
  <vendor>Intel</vendor>
  <microcode version='17'/>
  <signature family='6' model='23' stepping='10'/>
  <counter name='tsc' frequency='2999999999999' scaling='yes'/>
  <topology sockets='1' dies='1' clusters='1' cores='2' threads='1'/>
  <cache level='3' mode='emulate'/>
  <maxphysaddr mode='passthrough' limit='40'/>
  <feature name='vmx'/>
  <feature name='dca'/>
</cpu>
`)
})

test('a guest, whole: what is a host’s alone is left out', () => {
  const whole = {
    ...FULL,
    ...guest('strict Penryn Intel force:vmx forbid:dca fallback:forbid check:partial vendor_id:GenuineIotel'),
  }
  expect(
    printCpu({ ...whole, deprecatedFeatures: false, migratable: true }),
  ).toBe(`<cpu mode='custom' match='strict' check='partial' deprecated_features='off'>
  <model fallback='forbid' vendor_id='GenuineIotel'>Penryn</model>
  <vendor>Intel</vendor>
  <topology sockets='1' dies='1' clusters='1' cores='2' threads='1'/>
  <cache level='3' mode='emulate'/>
  <maxphysaddr mode='passthrough' limit='40'/>
  <feature policy='force' name='vmx'/>
  <feature policy='forbid' name='dca'/>
</cpu>
`)
})

describe('read and printed', () => {
  test.each([
    // A host read from XML was not detected, so model and vendor are not printed.
    ['<arch>x86_64</arch><model>Penryn</model><vendor>Intel</vendor>', `<cpu><arch>x86_64</arch></cpu>`],
    [
      `<arch>i686</arch><model>P</model><feature name='b'/>`,
      `<cpu><arch>i686</arch><feature name='b'/></cpu>`,
    ],
    [`<arch>i686</arch><model>P</model><microcode version='0'/>`, `<cpu><arch>i686</arch></cpu>`],
    // Neither attributes nor children: nothing.
    ['<cpu/>', ''],
    [`<cpu match='strict' check='full'/>`, ''],
    [
      `<cpu match='strict'><topology sockets='1' cores='2' threads='3'/></cpu>`,
      `<cpu><topology sockets='1' dies='1' clusters='1' cores='2' threads='3'/></cpu>`,
    ],
    [`<model vendor_id='GenuineIotel'/>`, `<cpu><model vendor_id='GenuineIotel'/></cpu>`],
    // Match belongs to custom, model and vendor to custom and host-model, migratable to passthrough modes.
    ['<model>P</model>', `<cpu mode='custom' match='exact'><model fallback='allow'>P</model></cpu>`],
    [
      `<cpu match='minimum' check='default'><model fallback='forbid'>P</model></cpu>`,
      `<cpu mode='custom' match='minimum'><model fallback='forbid'>P</model></cpu>`,
    ],
    [`<cpu mode='host-model' match='strict' check='none'/>`, `<cpu mode='host-model' check='none'/>`],
    [
      `<cpu mode='host-model'><model>P</model><vendor>V</vendor></cpu>`,
      `<cpu mode='host-model'><model fallback='allow'>P</model><vendor>V</vendor></cpu>`,
    ],
    [
      `<cpu mode='host-passthrough' migratable='off'><model>P</model><vendor>V</vendor></cpu>`,
      `<cpu mode='host-passthrough' migratable='off'/>`,
    ],
    [
      `<cpu mode='maximum' migratable='on' deprecated_features='on'><feature name='b'/></cpu>`,
      `<cpu mode='maximum' migratable='on' deprecated_features='on'><feature policy='require' name='b'/></cpu>`,
    ],
    [
      `<cache mode='disable'/><maxphysaddr mode='emulate' bits='0'/>`,
      `<cpu><cache mode='disable'/><maxphysaddr mode='emulate' bits='0'/></cpu>`,
    ],
    [
      `<cpu><numa><cell/></numa><pages/><model>P</model></cpu>`,
      `<cpu mode='custom' match='exact'><model fallback='allow'>P</model></cpu>`,
    ],
    // Escaped in model, vendor and vendor_id.
    [
      `<model vendor_id='&lt;&amp;&quot;&apos;&gt;1234567'>&lt;P&gt;</model><vendor>A&amp;B</vendor>`,
      `<cpu mode='custom' match='exact'><model fallback='allow' vendor_id='&lt;&amp;&quot;&apos;&gt;1234567'>&lt;P&gt;</model><vendor>A&amp;B</vendor></cpu>`,
    ],
  ])('%s: %s', (xml, expected) => {
    expect(line(printCpu(cpu(xml)))).toBe(expected)
  })
})

describe('what is left out of a host', () => {
  test.each([
    ['unknown microcode', { microcode: 0 }, /microcode/],
    ['an unknown signature', { signature: { family: 0, model: 3, stepping: 1 } }, /signature/],
    ['scaling that is not told', { tsc: { frequency: 5n } }, /scaling/],
    ['no limit', { maxphysaddr: { mode: 'passthrough', limit: 0 } }, /limit/],
    ['no model', { model: undefined }, /model>/],
  ] as [string, Partial<HostCpu>, RegExp][])('%s', (_, change, pattern) => {
    expect(printCpu(FULL)).toMatch(pattern)
    expect(printCpu({ ...FULL, ...change })).not.toMatch(pattern)
  })

  test('scaling is a word', () => {
    expect(printCpu({ ...FULL, tsc: { frequency: 5n, scaling: false } })).toContain(
      `frequency='5' scaling='no'/>`,
    )
  })
})

test.each([
  'exact Penryn',
  'strict Penryn Intel fallback:forbid require:vmx disable:avx',
  'minimum EPYC AMD check:full force:a.b optional:c forbid:d',
  'host-model check:none vendor_id:GenuineIotel',
])('%s comes back', text => {
  expect(cpu(printCpu(guest(text)))).toEqual(guest(text))
})

test('a limit of 2^31 bits or more prints with a sign, as libvirt prints it', () => {
  const limited = (limit: number) =>
    printCpu({ ...guest('exact 486'), maxphysaddr: { mode: 'passthrough', limit } })
  expect(limited(0x7fff_ffff)).toContain("limit='2147483647'")
  expect(limited(0xffff_ffff)).toContain("limit='-1'")
})

test('a guest with features of no model cannot be printed', () => {
  const nameless: Cpu = { type: 'guest', mode: 'custom', features: [{ name: 'vmx', policy: 'require' }] }
  expect(() => printCpu(nameless)).toThrow(
    'internal error: Non-empty feature list specified without CPU model',
  )
  expect(printCpu({ ...nameless, mode: 'host-model' })).toContain('vmx')
})
