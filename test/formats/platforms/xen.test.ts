import { expect, test } from 'vitest'
import { readText } from '../../../src/formats/dialects.ts'
import { coverageOfWords } from '../../../src/formats/platforms/register-words.ts'
import { decode } from '../../../src/index.ts'
import { builtin } from '../../built-in.ts'
import { dumpsOf } from '../corpus.ts'
import { guestsIn, sample, shownGuest } from './samples.ts'

const covers = (text: string, name: string): boolean => {
  const known = dumpsOf(text)[0]?.known
  return (
    builtin()
      .features.get(name)
      ?.bits.leq(known ? coverageOfWords(builtin(), known) : builtin().features.all) ?? false
  )
}

test('features_hvm is what guests can have', () => {
  const text = sample('xen-host.txt')
  const [dump] = dumpsOf(text)
  expect(dump).toMatchObject({ layer: 'offered' })
  expect(dump?.data.word(7, 0, 'ebx')).toBe(0x7ab)
  expect(decode({ text }).model).toMatch(/^Haswell/)
})

test('topology, and the bit that the toolstack sets on Intel for old guests, are unknown', () => {
  const text = sample('xen-host.txt')
  expect(['ht', 'cmp_legacy', 'ibs', 'avx2', 'rdctl-no'].map(name => covers(text, name))).toEqual([
    false,
    false,
    false,
    true,
    false,
  ])
  expect(dumpsOf(text)[0]?.data.word(0x8000_0001, 0, 'ecx')).toBe(0x121)
})

test('a list of hosts; an old one has four words, of what its CPU has', () => {
  const [amd, old] = dumpsOf(sample('xen-hosts.txt'))
  expect(amd).toMatchObject({ name: 'xcp-1', layer: 'offered' })
  expect(amd?.data.word(1, 0, 'eax')).toBe(0x830f10)
  expect(old).toMatchObject({ name: 'old-1', layer: 'hardware' })
  expect(old?.data.word(1, 0, 'ecx')).toBe(0x98e3fd)
  expect(old?.data.word(0x8000_0001, 0, 'edx')).toBe(0x28100800)
})

test('without a set for HVM guests, because VT-x is off, that of PV guests counts', () => {
  const [dump] = dumpsOf(sample('xen-objects.json'))
  expect(dump).toMatchObject({ name: 'xcp-3', layer: 'offered' })
  expect(dump?.notes).toContain('no set for HVM guests: what PV guests can have is used')
  expect(dump?.data.word(7, 0, 'ebx')).toBe(0xd19f0729)
})

test('a VM has what it was last started with', () => {
  const [guest] = guestsIn(sample('xen-objects.json'))
  expect(guest).toMatchObject({ layer: 'running', name: 'app01', vcpus: 2 })
  const names = guest?.cpu.features.map(({ name }) => name)
  expect(names).toEqual(expect.arrayContaining(['ssse3', 'sse4.2', 'lm']))
  expect(names).not.toContain('avx')
})

test('a set that is cut is refused', () => {
  const cut = sample('xen-host.txt').trimEnd().slice(0, -3)
  expect(() => readText(cut, 'host')).toThrow(/host: features_hvm: groups of eight hexadecimal digits/)
})

test('xl: words are xl’s, Xen’s or libvirt’s; numbers are no features', () => {
  const [guest] = guestsIn(sample('xl-guest.cfg'))
  expect(guest).toMatchObject({ layer: 'defined', name: 'web', vcpus: 2 })
  expect(guest && shownGuest(guest)).toBe(
    'host-passthrough force pni disable avx disable xsave disable npt disable later',
  )
  expect(guest?.notes).toEqual(['`clflush=8` sets a number, which is not compared'])
})

test('xl: masks name bits, the most significant first', () => {
  const [guest] = guestsIn(sample('xl-masks.cfg'))
  expect(guest && shownGuest(guest)).toBe('host-passthrough disable f16c force pbe disable avx2')
  expect(() => readText('cpuid = ["0x1:ecx=xx0x"]', 'vm.cfg')).toThrow('vm.cfg: cpuid: `ecx=xx0x`')
})

/** What `xl info` says of the CPU, in the order of its Xen. */
const xlInfo = (caps: string, version = ''): string =>
  `host                   : xen01\nnr_cpus                : 32\nhw_caps                : ${caps}\n${version}`

const NEW_ORDER = 'bfebfbff:77fef3ff:2c100800:00000121:0000000f:d19ffffb:00000008:00000100'
const OLD_ORDER = 'bfebfbff:28100800:00000000:00003f40:009ce3bd:00000000:00000001:00000000'

test.each([
  ['a whole version', NEW_ORDER, 'xen_version            : 4.17.4\n', 'Xen 4.17'],
  ['its two parts', NEW_ORDER, 'xen_major              : 4\nxen_minor              : 17\n', 'Xen 4.17'],
  ['no version', NEW_ORDER, '', 'Xen'],
])('the words of xl info, with %s', (_, caps, version, hypervisor) => {
  const [dump] = dumpsOf(xlInfo(caps, version))
  expect(dump).toMatchObject({ name: 'xen01', layer: 'hardware', facts: { hypervisor } })
  expect(dump?.data.word(1, 0, 'ecx')).toBe(0x77fef3ff)
  expect(dump?.data.word(7, 0, 'ebx')).toBe(0xd19ffffb)
})

test.each(['', 'xen_version            : 4.4.1\n'])(
  'the words of an old xl info have the order of Linux %j',
  version => {
    const [dump] = dumpsOf(xlInfo(OLD_ORDER, version))
    expect(dump?.data.word(1, 0, 'ecx')).toBe(0x9ce3bd)
    expect(dump?.data.word(0x8000_0001, 0, 'edx')).toBe(0x28100800)
  },
)
