import { describe, expect, test } from 'vitest'
import { findCpus } from '../../src/formats/libvirt/find-cpus.ts'
import { parseCpu } from '../../src/formats/libvirt/parse-cpu.ts'
import { textOf } from '../../src/xml/element.ts'
import { parseXml } from '../../src/xml/reader.ts'
import { show } from '../notation.ts'

const named = (name: string) => `<cpu><model>${name}</model></cpu>`
const found = (xml: string): string =>
  findCpus(parseXml(xml))
    .map(({ origin, element }) => `${origin}:${textOf(element)}`)
    .join(' ')

describe('where CPUs are looked for', () => {
  test.each([
    [named('A'), 'cpu:A'],
    // What people cut out of domain capabilities is a host of fleets (read-members.ts), and for virsh no CPU.
    ["<mode name='host-model' supported='yes'><model>A</model></mode>", ''],
    [`<domain>${named('A')}</domain>`, 'domain:A'],
    [`<domain>${named('A')}<x/>${named('B')}</domain>`, 'domain:A domain:B'],
    [
      `<capabilities><host>${named('A')}</host><guest/><host>${named('B')}${named('C')}</host></capabilities>`,
      'capabilities:A capabilities:B capabilities:C',
    ],
    // Nowhere deeper, and not in a namespace.
    [`<domain><os>${named('A')}</os></domain>`, ''],
    [`<capabilities>${named('A')}</capabilities>`, ''],
    [`<capabilities><guest>${named('A')}</guest></capabilities>`, ''],
    [`<cpuTest>${named('A')}</cpuTest>`, ''],
    [`<domain><cpu xmlns='urn:x'/></domain>`, ''],
    [`<cpu xmlns='urn:x'/>`, ''],
    ['<cpus/>', ''],
  ])('%s: %s', (xml, expected) => {
    expect(found(xml)).toBe(expected)
  })
})

describe('domain capabilities', () => {
  const modes = (...list: string[]) => `<domainCapabilities><cpu>${list.join('')}</cpu></domainCapabilities>`
  const mode = (name: string, supported: string, model: string) =>
    `<mode name='${name}' supported='${supported}'><model fallback='forbid'>${model}</model></mode>`

  test.each([
    [
      modes(mode('host-passthrough', 'yes', 'A'), mode('host-model', 'yes', 'B'), mode('custom', 'yes', 'C')),
      'domainCapabilities:B',
    ],
    [modes(mode('host-model', 'no', 'B')), ''],
    [`<domainCapabilities>${mode('host-model', 'yes', 'B')}</domainCapabilities>`, ''],
    ['<domainCapabilities/>', ''],
  ])('%s: %s', (xml, expected) => {
    expect(found(xml)).toBe(expected)
  })

  test('the mode becomes a plain guest CPU without attributes', () => {
    const [cpu] = findCpus(parseXml(modes(mode('host-model', 'yes', 'B'))))
    expect(cpu?.element.name).toBe('cpu')
    expect(show(parseCpu(cpu?.element, 'auto'))).toBe('exact B fallback:forbid')
  })
})
