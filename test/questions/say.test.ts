import { describe, expect, test } from 'vitest'
import { count, fewNames } from '../../src/core/text.ts'
import { answerCompare } from '../../src/questions/compare/compute.ts'
import { contextOf } from '../../src/questions/context.ts'
import {
  describeComparison,
  describeModel,
  describeNote,
  printNote,
} from '../../src/questions/words/describe.ts'
import type { Note } from '../../src/questions/words/note.ts'
import { guest, host } from '../notation.ts'

const LOST = { place: '', title: '' }

/** One of each kind; the type insists that none is forgotten. */
const NOTES: { readonly [K in Note['kind']]: readonly [Extract<Note, { kind: K }>, RegExp] } = {
  'syscall-lost': [{ kind: 'syscall-lost' }, /^the dump has lm \(64-bit mode\) without syscall/],
  'no-xsave-subleaf': [{ kind: 'no-xsave-subleaf' }, /^the dump has no leaf 0DH subleaf 1/],
  'hypervisor-present': [{ kind: 'hypervisor-present' }, /^read inside a virtual machine/],
  'no-msrs': [{ kind: 'no-msrs' }, /^no MSRs: /],
  'core-unnamed': [
    { kind: 'core-unnamed', best: 'cortex-a76' },
    /^the core is cortex-a76, of which libvirt has no model: .*--best tells the CPU$/,
  ],
  'cores-differ': [
    { kind: 'cores-differ', groups: [['0'], ['1', '2']] },
    /^the machine has several kinds of cores \(0 \| 1, 2\); the first is told$/,
  ],
  'cpus-differ': [
    { kind: 'cpus-differ', groups: [['0', '1'], ['2']] },
    /^the logical CPUs differ \(0, 1 \| 2\); /,
  ],
  'security-dropped': [
    {
      kind: 'security-dropped',
      features: [
        { ...LOST, feature: 'ssbd', hosts: ['a'] },
        { ...LOST, feature: 'mds-no', hosts: ['a', 'b'] },
      ],
    },
    /: ssbd \(not on a\); mds-no \(not on a, b\)$/,
  ],
  'model-lacks': [
    { kind: 'model-lacks', model: 'Haswell', features: [{ feature: 'aes', place: '', title: '' }] },
    /^the CPU lacks aes of its model Haswell, /,
  ],
  'known-in-part': [
    { kind: 'known-in-part', model: 'Haswell', isNamed: false, features: [{ ...LOST, feature: 'aes' }] },
    /^known in part: its model is the closest to what is known, .* the model's aes$/,
  ],
  'model-unknown': [{ kind: 'model-unknown', model: 'Foo' }, /calls its model Foo, which is not known$/],
  'cross-vendor': [{ kind: 'cross-vendor', vendors: ['AMD', 'Intel'] }, /^the hosts are of AMD and Intel: /],
  'not-compared': [
    { kind: 'not-compared', arch: 's390x', missing: [{ ...LOST, feature: 'vx' }], newer: 'z14' },
    /^libvirt does not look at features of s390x, .*: the host lacks vx; z14 is a newer machine than the host$/,
  ],
  'beyond-libvirt': [
    {
      kind: 'beyond-libvirt',
      arch: 'aarch64',
      hideWith: ['sve=off'],
      fixed: [],
      conflicts: [],
      models: ['a64fx'],
    },
    /^beyond libvirt, which has no such answer for aarch64: QEMU hides what .* with sve=off; guests may move$/,
  ],
  'first-only': [{ kind: 'first-only' }, /^libvirt's answer is the first CPU's model, /],
  'order-matters': [{ kind: 'order-matters' }, /depends on the order of the inputs$/],
  caveat: [
    { kind: 'caveat', arch: 's390x', text: 'libvirt compares none' },
    /^s390x: libvirt compares none$/,
  ],
  'feature-skipped': [{ kind: 'feature-skipped', feature: 'foo' }, /^unknown feature foo is left out$/],
  'host-skipped': [{ kind: 'host-skipped', model: 'Foo' }, /its model Foo is unknown$/],
  'guest-default-cpu': [
    { kind: 'guest-default-cpu', model: 'qemu64' },
    /^its definition has no <cpu>: counted as qemu64/,
  ],
  'guest-model-unknown': [
    { kind: 'guest-model-unknown', model: 'custom-x' },
    /^its model custom-x is unknown/,
  ],
  'guest-cpu-unknown': [
    { kind: 'guest-cpu-unknown', mode: 'host-passthrough' },
    /^its CPU is host-passthrough and its host is not known/,
  ],
  'accelerator-not-probed': [
    { kind: 'accelerator-not-probed', virttype: 'kvm' },
    /^QEMU was not probed with kvm: .* no CPU models/,
  ],
  'conversation-alone': [{ kind: 'conversation-alone' }, /^a conversation tells of QEMU alone: /],
  'needs-missing': [
    { kind: 'needs-missing', features: ['avx', 'avx2'], needed: ['xsave'] },
    /^avx, avx2 cannot be used without xsave, .*: add xsave/,
  ],
  'emulators-differ': [
    {
      kind: 'emulators-differ',
      lists: [
        { emulators: ['/usr/bin/kvm'], hosts: ['a'] },
        { emulators: ['/usr/bin/kvm-spice'], hosts: ['b', 'c'] },
      ],
    },
    /^emulators differ: .usr.bin.kvm on a; .usr.bin.kvm-spice on b, c: a guest whose /,
  ],
  'guest-model-newer': [
    { kind: 'guest-model-newer', qemu: '10.0', model: 'EPYC-Turin', guests: ['a', 'b'] },
    /^QEMU 10\.0, .* does not know EPYC-Turin: a, b cannot start there; /,
  ],
  'hypervisor-only': [{ kind: 'hypervisor-only' }, /^known by its hypervisor alone: add /],
  'file-without-cpu': [{ kind: 'file-without-cpu' }, /^passed over: holds no CPU$/],
  'recorded-again': [
    { kind: 'recorded-again', other: 'b' },
    /^recorded again in b, which says something else and does not count$/,
  ],
  'half-hidden': [
    { kind: 'half-hidden', features: ['f16c'], needed: ['avx'] },
    /^f16c cannot work without avx, which it lacks: a hypervisor, /,
  ],
  'called-otherwise': [
    {
      kind: 'called-otherwise',
      brand: 'Intel(R) Xeon(R) Gold 5120',
      title: 'Skylake-SP',
      signature: '15.6.1',
    },
    /^called Intel\(R\) Xeon\(R\) Gold 5120, which is Skylake-SP, but its family, .* are 15\.6\.1: /,
  ],
  'hosts-alike': [{ kind: 'hosts-alike', other: 'b' }, /^may be the same machine as b, in another form: /],
  'hosts-not-joined': [
    { kind: 'hosts-not-joined', what: 'uuid', others: ['b', 'c'], against: 'signature' },
    /^has the uuid of b, c, but not the same signature: they count as 3 hosts$/,
  ],
  'file-skipped': [
    { kind: 'file-skipped', fault: 'line 3: no end', looksLike: '<cpu>' },
    /^skipped: line 3: no end \(looks like <cpu>\)$/,
  ],
  probed: [
    {
      kind: 'probed',
      route: 'device',
      cpus: '0-3',
      failed: [
        { tried: 'executing CPUID', why: 'no temporary file can be executed (/tmp: Permission denied)' },
      ],
    },
    /^CPU 0-3 read by the cpuid driver .* \(executing CPUID: no temporary file can be executed \(\/tmp: /,
  ],
  'cpus-unseen': [
    { kind: 'cpus-unseen', cpus: '2,7-8', because: 'offline' },
    /^CPU 2,7-8: offline, and not looked at$/,
  ],
  smt: [{ kind: 'smt', state: 'forceoff' }, /off until the next boot$/],
  hybrid: [
    {
      kind: 'hybrid',
      cores: [
        { name: 'Core', cpus: '0-15' },
        { name: 'Atom', cpus: '16-23' },
      ],
    },
    /^cores of several kinds: Core \(CPU 0-15\), Atom \(CPU 16-23\)$/,
  ],
  'microcode-differs': [
    {
      kind: 'microcode-differs',
      versions: [
        { name: '0x12', cpus: '0' },
        { name: '0x13', cpus: '1' },
      ],
    },
    /: 0x12 \(CPU 0\), 0x13 \(CPU 1\)$/,
  ],
  'msrs-unseen': [
    {
      kind: 'msrs-unseen',
      failed: [
        { tried: '/dev/cpu/0/msr', why: 'Permission denied' },
        { tried: '/dev/kvm', why: 'No such file or directory' },
      ],
    },
    /^MSRs could not be read \(\/dev\/cpu\/0\/msr: Permission denied; \/dev\/kvm: No such .*\), so what only they tell/,
  ],
  'msrs-of-kvm': [
    { kind: 'msrs-of-kvm', failed: [{ tried: '/dev/cpu/0/msr', why: 'Permission denied' }], msrs: [0x10a] },
    /^MSRs are those that KVM offers guests/,
  ],
  'tsc-unseen': [
    { kind: 'tsc-unseen', failed: [{ tried: '/dev/kvm', why: 'Permission denied' }] },
    /^the frequency of the time stamp counter is not known \(\/dev\/kvm: Permission denied\)$/,
  ],
  'part-left-out': [
    { kind: 'part-left-out', part: 'cache', because: 'internal error: x' },
    /^the cache is left out, as libvirt does: internal error: x$/,
  ],
  'files-denied': [
    { kind: 'files-denied', paths: ['/sys/class/dmi/id/product_uuid', '/x'] },
    /^root could read more: \/sys\/class\/dmi\/id\/product_uuid \(the host's UUID\), \/x$/,
  ],
  'no-host-uuid': [{ kind: 'no-host-uuid' }, /^the host has no UUID that can be read; libvirt makes one up/],
  'recorded-host': [{ kind: 'recorded-host' }, /^a recorded host: /],
  'in-container': [{ kind: 'in-container' }, /^this seems to be a container/],
  'cpu-unread': [{ kind: 'cpu-unread', because: 'no way' }, /^the CPU has no model: no way$/],
  'no-emulators': [{ kind: 'no-emulators' }, /^no QEMU is installed/],
  'emulator-failed': [
    { kind: 'emulator-failed', path: '/q', because: 'too old' },
    /^guests of \/q are left out: too old$/,
  ],
  'guests-unasked': [{ kind: 'guests-unasked' }, /^a recorded host's QEMU cannot be asked/],
  'offer-assumed': [
    { kind: 'offer-assumed', hostCount: 2, such: 'n1, n2' },
    /assumed from the CPU on 2 hosts \(n1, n2\)/,
  ],
  'guest-contradicts': [
    { kind: 'guest-contradicts', guest: 'web', host: 'n1', features: ['hle', 'rtm'], isLive: false },
    /web has hle, rtm, which its host n1 is recorded to miss/,
  ],
  'words-unknown': [
    { kind: 'words-unknown', words: ['foo', 'bar'], vocabulary: 'linux' },
    /2 unknown words of linux: foo, bar/,
  ],
  'written-for': [{ kind: 'written-for', qemu: '11.1' }, /written for QEMU 11\.1, the newest known/],
  dump: [{ kind: 'dump', text: 'as its reader says' }, /^as its reader says$/],
}

describe('notes', () => {
  test.each(Object.entries(NOTES))('%s', (_, [note, sentence]) => {
    expect(describeNote(note)).toMatch(sentence)
    expect(describeNote(note)).not.toMatch(/\.$|\n|undefined/)
    expect(describeNote({ ...note, source: 'host7' })).toBe(`host7: ${describeNote(note)}`)
    expect(printNote(note)).toEqual({ ...note, text: describeNote(note) })
  })
})

test.each([
  [[], ''],
  [['a'], 'a'],
  [['a', 'b', 'c', 'd'], 'a, b, c, d'],
  [['a', 'b', 'c', 'd', 'e'], 'a, b, c and 2 more'],
])('few names of %o: %s', (names, expected) => {
  expect(fewNames(names)).toBe(expected)
})

test('one feature, two features', () => {
  expect([count(0, 'feature'), count(1, 'feature'), count(2, 'feature')]).toEqual([
    '0 features',
    '1 feature',
    '2 features',
  ])
})

test.each([
  ['asked', 2, ['A', 'B'], 'M, as asked; 1 feature beyond it, 2 disabled'],
  ['shared', 1, ['M'], 'M, the model of the one host; 1 feature beyond it, 2 disabled'],
  ['shared', 3, ['M'], 'M, the model of all 3 hosts; 1 feature beyond it, 2 disabled'],
  [
    'own',
    2,
    ['M', 'B'],
    'M, closest to what the hosts share and the model of some of them; 1 feature beyond it, 2 disabled',
  ],
  [
    'closest',
    2,
    ['A', 'B'],
    'M, closest to what the hosts share and the model of none of them (A, B); 1 feature beyond it, 2 disabled',
  ],
] as const)('a model because %s', (because, hosts, of, expected) => {
  expect(
    describeModel({
      hostCount: hosts,
      modelChoice: { name: 'M', of, because, addedCount: 1, disabledCount: 2 },
      lost: [],
    }),
  ).toBe(expected)
})

describe('comparisons', () => {
  const said = (text: string) =>
    describeComparison(answerCompare(contextOf(), host('Penryn Intel +vmx'), guest(text)), 'G', 'H').map(
      ({ text, features }) => `${text} ${features.map(({ feature }) => feature).join(' ')}`.trim(),
    )

  test.each([
    ['exact Penryn require:vmx', ['H has what G asks for and nothing else']],
    ['exact Penryn', ['H has 1 feature more than G asks for']],
    ['exact Nehalem', ['G needs 2 features that H lacks: sse4.2 popcnt']],
    ['exact Penryn forbid:vmx', ['G forbids 1 feature that H has: vmx']],
    ['strict Penryn', ['G asks for a strict match, and H has 1 feature more than G asks for: vmx']],
    [
      'exact Penryn AMD',
      ['the CPU is incompatible with host CPU: host CPU vendor does not match required CPU vendor AMD'],
    ],
  ])('%s', (text, expected) => {
    expect(said(text)).toEqual(expected)
  })
})
