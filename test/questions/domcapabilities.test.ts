import { describe, expect, test } from 'vitest'
import { checkDomainType, chooseQemu } from '../../src/qemu/choice.ts'
import { parseQemuCapabilities } from '../../src/qemu/qmp/read-capabilities.ts'
import { children } from '../../src/xml/element.ts'
import { parseXml } from '../../src/xml/reader.ts'
import { askNow } from '../ask-now.ts'
import { refusal } from '../notation.ts'

const said = (execute: string, value: unknown) => [{ execute }, { return: value }]
const machines = (text: string) =>
  text.split(' ').map((word, i) => {
    const [name, alias] = word.split('=')
    return { name, ...(alias && { alias }), 'cpu-max': 8, 'is-default': i === 0 }
  })

/** A conversation with an x86_64 QEMU that has KVM. */
const x86 = (more: readonly unknown[] = []) => [
  ...said('query-version', { qemu: { major: 10, minor: 0, micro: 0 } }),
  ...said('query-target', { arch: 'x86_64' }),
  ...said('query-kvm', { enabled: true, present: true }),
  ...said('query-machines', machines('pc-i440fx-10.0=pc pc-q35-10.0=q35')),
  ...said('query-cpu-definitions', [{ name: '486', 'unavailable-features': [] }]),
  ...more,
]

const request = (parts: object = {}) =>
  askNow({ verb: 'domcapabilities', replies: x86(), ...parts }) as unknown as {
    readonly xml: string
    readonly notes: readonly { readonly text: string }[]
  }
const part = (xml: string, name: string): string | undefined =>
  new RegExp(`<${name}>(.*)</${name}>`).exec(xml)?.[1]

test('the document, as libvirt prints it', () => {
  const { xml, notes } = request({ machine: 'q35', host: { sev: { maxGuests: 1, maxEsGuests: 2 } } })
  expect(notes).toEqual([])
  expect(xml.split('\n').slice(0, 8)).toEqual([
    '<domainCapabilities>',
    '  <path>/usr/bin/qemu-system-x86_64</path>',
    '  <domain>kvm</domain>',
    '  <machine>pc-q35-10.0</machine>',
    '  <arch>x86_64</arch>',
    "  <vcpu max='8'/>",
    "  <iothreads supported='yes'/>",
    "  <os supported='yes'>",
  ])
  const root = parseXml(xml)
  expect(children(root).map(({ name }) => name)).toEqual(
    'path domain machine arch vcpu iothreads os cpu memoryBacking devices features'.split(' '),
  )
  expect(xml).toContain(`    <mode name='custom' supported='yes'>
      <model usable='yes' vendor='unknown' canonical='486-v1'>486</model>
    </mode>
  </cpu>
`)
})

test('replies may be text, single replies and all', () => {
  const text = x86()
    .map(message => JSON.stringify(message))
    .join('\n')
  expect(request({ replies: text }).xml).toBe(request().xml)
})

test('encryption and enclaves are told in QEMU’s and the host’s figures', () => {
  const replies = x86([
    ...said('query-sev-capabilities', { cbitpos: 51, 'reduced-phys-bits': 1, 'cpu0-id': 'QQ==' }),
    ...said('query-sgx-capabilities', { sgx: true, flc: true, sections: [{ node: 0, size: 4096 }] }),
  ])
  const { xml } = request({ replies, host: { sev: { maxGuests: 59, maxEsGuests: 450 } } })
  expect(xml).toContain(`    <sev supported='yes'>
      <cbitpos>51</cbitpos>
      <reducedPhysBits>1</reducedPhysBits>
      <maxGuests>59</maxGuests>
      <maxESGuests>450</maxESGuests>
      <cpu0Id>QQ==</cpu0Id>
    </sev>
    <sgx supported='yes'>
      <flc>yes</flc>
      <sgx1>no</sgx1>
      <sgx2>no</sgx2>
      <section_size unit='KiB'>4</section_size>
      <sections>
        <section node='0' size='4' unit='KiB'/>
      </sections>
    </sgx>
`)
})

describe('which guest is meant', () => {
  test.each([
    [{}, 'kvm', 'pc-i440fx-10.0', 'x86_64'],
    [{ virttype: 'qemu', machine: 'pc' }, 'qemu', 'pc-i440fx-10.0', 'x86_64'],
    [{ arch: 'i686', machine: 'pc-q35-10.0' }, 'kvm', 'pc-q35-10.0', 'i686'],
  ])('%o: %s, %s, %s', (parts, virttype, machine, arch) => {
    const { xml } = request(parts)
    expect([part(xml, 'domain'), part(xml, 'machine'), part(xml, 'arch')]).toEqual([virttype, machine, arch])
  })

  test.each([
    ['aarch64', 'raspi3b virt-9.0 virt-10.0=virt', 'virt-10.0'],
    ['riscv64', 'spike virt', 'virt'],
    ['s390x', 's390-ccw-virtio-10.0', 's390-ccw-virtio-10.0'],
    ['sparc', 'SS-5 virt', 'SS-5'],
  ])('the default machine on %s of %s: %s', (target, list, expected) => {
    const replies = x86().map(message => {
      const value = (message as { return?: unknown }).return
      if (Array.isArray(value) && 'cpu-max' in value[0]) return { return: machines(list) }
      return JSON.stringify(value)?.includes('x86_64') ? { return: { arch: target } } : message
    })
    expect(part(request({ replies }).xml, 'machine')).toBe(expected)
  })

  test.each([
    ['arm', 'armv6l', '/q', undefined],
    ['aarch64', 'armv7l', '/q', undefined],
    ['aarch64', 'armv6l', '/q', "Emulator '/q' does not support arch 'armv6l'"],
    ['ppc64', 'ppc64le', '/q', undefined],
    ['ppc64', 'ppc', '/q', "Emulator '/q' does not support arch 'ppc'"],
    ['ppc', 'ppc64', '/q', "Emulator '/q' does not support arch 'ppc64'"],
    ['ppc64', 's390x', '/q', "architecture from emulator 'ppc64' doesn't match given architecture 's390x'"],
  ])('an emulator of %s serves %s where libvirt says so', (target, arch, binary, refused) => {
    const capabilities = parseQemuCapabilities(
      x86()
        .map(message => JSON.stringify(message).replace('"arch":"x86_64"', `"arch":"${target}"`))
        .join('\n'),
    )
    const check = () =>
      checkDomainType(capabilities, chooseQemu(capabilities, { binary, host: 'x86_64' }, { arch }))
    if (refused === undefined) expect(check).not.toThrow()
    else expect(check).toThrow(refused)
  })

  test('an accelerator that was not probed is no error, and is said', () => {
    const { xml, notes } = request({ virttype: 'hvf' })
    expect(part(xml, 'domain')).toBe('hvf')
    expect(xml).not.toContain('<vcpu')
    expect(notes[0]?.text).toMatch(/^QEMU was not probed with hvf/)
  })

  test.each([
    [{ virttype: 'foo' }, 'invalid argument: unknown virttype: foo'],
    [
      { machine: 'foo' },
      "invalid argument: the machine 'foo' is not supported by emulator '/usr/bin/qemu-system-x86_64'",
    ],
    [
      { arch: 'ppc64', emulator: '/q' },
      "invalid argument: architecture from emulator 'x86_64' doesn't match given architecture 'ppc64'",
    ],
    [{ replies: '{' }, /^replies:1:2: the text ends where a name/],
    [
      { replies: [] },
      'replies: no QMP reply in it: give a recorded conversation with QEMU, or replies of it',
    ],
  ])('%o is refused: %s', (parts, message) => {
    expect(refusal(() => request(parts))).toMatch(message)
  })
})
