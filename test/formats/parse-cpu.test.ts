import { describe, expect, test } from 'vitest'
import { parseCpu } from '../../src/formats/libvirt/parse-cpu.ts'
import { parseXml } from '../../src/xml/reader.ts'
import { cpu, refusal } from '../notation.ts'

const ARCH = '<arch>x86_64</arch>'
const NAMED = '<model>Penryn</model>'
const HOST = ARCH + NAMED

/** Error texts by the start of their line below. */
const [XML, UNSUPPORTED] = ['XML error: ', 'unsupported configuration: ']
const attribute = (name: string, element: string, tail: string) =>
  `${XML}Invalid value for attribute '${name}' in element '${element}': ${tail}`
const missing = (name: string, element: string) =>
  `${XML}Missing required attribute '${name}' in element '${element}'`
const refused = (xml: string, expected: 'auto' | 'host' | 'guest' = 'auto') =>
  refusal(() => cpu(xml, expected))

test('no document, and another document', () => {
  expect(refusal(() => parseCpu(undefined, 'auto'))).toBe('invalid argument: missing CPU definition')
  expect(refusal(() => parseCpu(parseXml('<domain/>'), 'auto'))).toBe(
    `${XML}XML does not contain expected 'cpu' element`,
  )
})

describe('host or guest', () => {
  test.each([
    [HOST, 'auto', 'host'],
    [NAMED, 'auto', 'guest'],
    ['<cpu/>', 'auto', 'guest'],
    [HOST, 'host', 'host'],
    // An <arch> in a domain's CPU means nothing.
    [HOST, 'guest', 'guest'],
    [`<cpu match='exact'>${HOST}</cpu>`, 'host', 'host'],
    [`<cpu match='exact'>${HOST}</cpu>`, 'guest', 'guest'],
  ] as const)('%s read as %s: %s', (xml, expected, type) => {
    expect(cpu(xml, expected).type).toBe(type)
  })
})

describe('refusals of a host', () => {
  test.each([
    [
      `<cpu match='exact'>${HOST}</cpu>`,
      `${XML}'arch' element cannot be used inside 'cpu' element with 'match' attribute'`,
    ],
    [`<cpu mode='custom'>${HOST}</cpu>`, `${UNSUPPORTED}Attribute mode is only allowed for guest CPU`],
    [
      `<cpu migratable='on'>${HOST}</cpu>`,
      `${UNSUPPORTED}Attribute migratable is only allowed for 'host-passthrough' / 'maximum' CPU mode`,
    ],
    [`<cpu migratable='yes'>${HOST}</cpu>`, attribute('migratable', 'cpu', "'yes'.")],
    ['<arch/>', `${XML}Missing CPU architecture`],
    ['<arch>x87</arch>', `${UNSUPPORTED}Unknown architecture x87`],
    ['<arch> x86_64</arch>', `${UNSUPPORTED}Unknown architecture  x86_64`],
    [`${HOST}<microcode version='x'/>`, `${UNSUPPORTED}invalid microcode version`],
    [`${HOST}<microcode version='4294967296'/>`, `${UNSUPPORTED}invalid microcode version`],
    [`${HOST}<signature model='1' stepping='1'/>`, missing('family', 'signature')],
    [
      `${HOST}<signature family='0' model='1' stepping='1'/>`,
      attribute('family', 'signature', 'Zero is not permitted'),
    ],
    [`${HOST}<signature family='6' stepping='1'/>`, missing('model', 'signature')],
    [`${HOST}<signature family='6' model='0'/>`, missing('stepping', 'signature')],
    [`${HOST}<microcode version=''/>`, `${UNSUPPORTED}invalid microcode version`],
    [`${HOST}<microcode/>`, 'no refusal'],
    [`${HOST}<counter name='tsc'/>`, missing('frequency', 'counter')],
    [
      `${HOST}<counter name='tsc' frequency='-1'/>`,
      attribute('frequency', 'counter', "'-1'. Expected non-negative integer value"),
    ],
    [`${HOST}<counter name='tsc' frequency='1' scaling='on'/>`, attribute('scaling', 'counter', "'on'.")],
    [`${HOST}<counter name='hpet'/>`, 'no refusal'],
    [ARCH, `${XML}Missing CPU model name`],
    [`${ARCH}<model/>${NAMED}`, `${XML}Missing CPU model name`],
    // Attributes of guests are not looked at.
    [
      `<cpu check='x' deprecated_features='x'>${ARCH}<model fallback='x' vendor_id='x'>Penryn</model></cpu>`,
      'no refusal',
    ],
    [`${HOST}<feature policy='x' name='vmx'/>`, 'no refusal'],
  ])('%s: %s', (xml, message) => {
    expect(refused(xml)).toBe(message)
  })

  test('expected as a host, a guest has no architecture', () => {
    expect(refused(NAMED, 'host')).toBe(`${XML}Missing CPU architecture`)
    expect(refused(`<cpu mode='x' match='x'/>`, 'host')).toBe(
      `${UNSUPPORTED}Attribute mode is only allowed for guest CPU`,
    )
  })
})

describe('refusals of a guest', () => {
  test.each([
    [`<cpu mode='x'/>`, `${UNSUPPORTED}Invalid mode attribute 'x'`],
    [`<cpu mode=''/>`, `${UNSUPPORTED}Invalid mode attribute ''`],
    [
      `<cpu mode='host-model' migratable='on'/>`,
      `${UNSUPPORTED}Attribute migratable is only allowed for 'host-passthrough' / 'maximum' CPU mode`,
    ],
    [`<cpu mode='maximum' migratable='off'/>`, 'no refusal'],
    [`<cpu match='Exact'/>`, attribute('match', 'cpu', "'Exact'.")],
    [`<cpu check='some'/>`, attribute('check', 'cpu', "'some'.")],
    [`<cpu check='default'/>`, 'no refusal'],
    [`<cpu deprecated_features='yes'/>`, attribute('deprecated_features', 'cpu', "'yes'.")],
    [`<model fallback='x'>Penryn</model>`, `${UNSUPPORTED}Invalid fallback attribute`],
    [`<model fallback='' vendor_id=''>Penryn</model>`, 'no refusal'],
    [`<model vendor_id='GenuineInte'/>`, `${XML}vendor_id must be exactly 12 characters long`],
    [`<model vendor_id='GenuineInté'/>`, 'no refusal'],
    [`<model vendor_id='GenuineIntél'/>`, `${XML}vendor_id must be exactly 12 characters long`],
    [`<model vendor_id='Genuine,ntel'/>`, `${XML}vendor id is invalid`],
    [`<cpu mode='host-passthrough'><model fallback='x' vendor_id='x'/></cpu>`, 'no refusal'],
    ['<vendor>Intel</vendor>', `${XML}CPU vendor specified without CPU model`],
    [`<cpu mode='host-model'><vendor>Intel</vendor></cpu>`, `${XML}CPU vendor specified without CPU model`],
    [`${NAMED}<vendor>Nobody</vendor>`, 'no refusal'],
    [`<feature name='vmx'/>`, `${XML}Non-empty feature list specified without CPU model`],
    [`<cpu mode='host-model'><feature name='vmx'/></cpu>`, 'no refusal'],
    [`${NAMED}<feature policy='x'/>`, `${UNSUPPORTED}Invalid CPU feature policy`],
    [`${NAMED}<feature policy='force'/>`, `${XML}Invalid CPU feature name`],
    [`${NAMED}<feature name=''/>`, `${XML}Invalid CPU feature name`],
    [
      `${NAMED}<feature name='vmx'/><feature policy='forbid' name='vmx'/>`,
      `${XML}CPU feature 'vmx' specified more than once`,
    ],
    [`${NAMED}<feature name='no such thing'/>`, 'no refusal'],
  ])('%s: %s', (xml, message) => {
    expect(refused(xml)).toBe(message)
  })
})

describe('refusals of both', () => {
  const threads = `cores='1' threads='1'`
  test.each([
    [`<topology ${threads}/>`, missing('sockets', 'topology')],
    [`<topology sockets='1' threads='1'/>`, missing('cores', 'topology')],
    [`<topology sockets='1' cores='1'/>`, missing('threads', 'topology')],
    [`<topology sockets='0' ${threads}/>`, attribute('sockets', 'topology', 'Zero is not permitted')],
    [`<topology sockets='1' dies='0' ${threads}/>`, attribute('dies', 'topology', 'Zero is not permitted')],
    [
      `<topology sockets='1x' ${threads}/>`,
      attribute('sockets', 'topology', "'1x'. Expected non-negative integer value"),
    ],
    [
      `<topology sockets='4294967296' ${threads}/>`,
      attribute('sockets', 'topology', "'4294967296'. Expected non-negative integer value"),
    ],
    [`<topology sockets=' +4294967295' ${threads}/>`, 'no refusal'],
    [`<cache mode='emulate'/><cache/>`, `${XML}at most one CPU cache element may be specified`],
    ['<cache/>', missing('mode', 'cache')],
    [`<cache mode='x'/>`, attribute('mode', 'cache', "'x'.")],
    [`<cache level='x' mode='x'/>`, attribute('level', 'cache', "'x'. Expected integer value")],
    [`<cache level='-1'/>`, attribute('level', 'cache', "'-1'. Expected non-negative value")],
    [
      `<cache level='-2147483648'/>`,
      attribute('level', 'cache', "'-2147483648'. Expected non-negative value"),
    ],
    [`<cache level='-2147483649'/>`, attribute('level', 'cache', "'-2147483649'. Expected integer value")],
    [`<cache level='2147483647'/>`, `${XML}invalid CPU cache level, must be in range [1,3]`],
    [`<cache level='2147483648'/>`, attribute('level', 'cache', "'2147483648'. Expected integer value")],
    [`<cache level='0'/>`, `${XML}invalid CPU cache level, must be in range [1,3]`],
    [`<cache level='4' mode='x'/>`, `${XML}invalid CPU cache level, must be in range [1,3]`],
    ['<maxphysaddr/>', missing('mode', 'maxphysaddr')],
    [`<maxphysaddr mode='host'/>`, attribute('mode', 'maxphysaddr', "'host'.")],
    [
      `<maxphysaddr mode='emulate' bits='-1'/>`,
      attribute('bits', 'maxphysaddr', "'-1'. Expected non-negative value"),
    ],
    [
      `<maxphysaddr mode='passthrough' limit='0'/>`,
      attribute('limit', 'maxphysaddr', 'Zero is not permitted'),
    ],
    [
      `<maxphysaddr mode='emulate' limit='40'/>`,
      `${UNSUPPORTED}attribute 'limit' is only supported for maxphysaddr mode 'passthrough'`,
    ],
    [`<maxphysaddr mode='passthrough' bits='0' limit='40'/>`, 'no refusal'],
    ['<pages/><numa/><nonsense/>', 'no refusal'],
  ])('%s: %s', (xml, message) => {
    expect(refused(NAMED + xml)).toBe(message)
    expect(refused(HOST + xml)).toBe(message)
  })
})
