import { describe, expect, test } from 'vitest'
import { ProgramReply } from '../../../src/host/cpu/requests.ts'
import {
  askLimits,
  readDefaultLoaders,
  readInstalledFirmware,
} from '../../../src/host/qemu/read-domain-host.ts'
import { treeOf } from '../machine/tree-of.ts'

const description = (filename: string, more: object = {}) =>
  JSON.stringify({
    'interface-types': ['uefi'],
    mapping: { device: 'flash', executable: { filename } },
    targets: [{ architecture: 'x86_64', machines: ['pc-q35-*'] }],
    features: ['secure-boot'],
    ...more,
  })

describe('firmware', () => {
  test('descriptions in the order of their names; the host’s own stand for the distribution’s', () => {
    const tree = treeOf({
      'usr/share/qemu/firmware/60-b.json': description('/fw/b'),
      'usr/share/qemu/firmware/50-a.json': description('/fw/a'),
      'usr/share/qemu/firmware/70-c.json': description('/fw/c'),
      'etc/qemu/firmware/60-b.json': description('/fw/own', { features: [] }),
      'etc/qemu/firmware/70-c.json': '',
      'etc/qemu/firmware/80-d.json': '{',
      'usr/share/qemu/firmware/90-gone.json': description('/fw/gone'),
      'usr/share/qemu/firmware/README': 'no description',
      ...Object.fromEntries(['a', 'b', 'c', 'own'].map(name => [`fw/${name}`, ''])),
    })
    expect(readInstalledFirmware(tree)).toEqual([
      {
        path: '/fw/a',
        interfaces: ['uefi'],
        targets: [{ architecture: 'x86_64', machines: ['pc-q35-*'] }],
        features: ['secure-boot'],
      },
      expect.objectContaining({ path: '/fw/own', features: [] }),
    ])
  })

  test('a BIOS is one file in memory', () => {
    const bios = { 'interface-types': ['bios'], mapping: { device: 'memory', filename: '/fw/bios' } }
    const tree = treeOf({
      'etc/qemu/firmware/1.json': description('', bios),
      'fw/bios': '',
    })
    expect(readInstalledFirmware(tree)).toEqual([
      expect.objectContaining({ path: '/fw/bios', interfaces: ['bios'] }),
    ])
  })

  test('images that libvirt knows by itself, if they are there', () => {
    expect(readDefaultLoaders(treeOf({ 'usr/share/AAVMF/AAVMF_CODE.fd': '' }))).toEqual([
      '/usr/share/AAVMF/AAVMF_CODE.fd',
    ])
    expect(readDefaultLoaders(treeOf({}))).toEqual([])
  })
})

describe('limits', () => {
  /** A system call's result, or the registers of CPUID. */
  const answer = (value: number | readonly number[]): ProgramReply => {
    const bytes = Buffer.alloc(64)
    if (typeof value === 'number') bytes.writeBigInt64LE(BigInt(value))
    else for (const [i, word] of value.entries()) bytes.writeUInt32LE(word, 32 + 4 * i)
    return new ProgramReply(bytes)
  }
  const none = [0, 0, 0, 0]
  const limits = (kvm: number, most: number, advised: number, extended = none, encryption = none) =>
    askLimits(() => [-9, kvm, most, advised, extended, encryption].map(answer))

  test.each([
    [3, 1024, 710, 1024],
    [3, 0, 160, 160],
    [3, 0, 0, 4],
    [-13, 0, 0, undefined],
  ])('KVM answers %s, %s, %s: %s vCPUs at most', (kvm, most, advised, expected) => {
    expect(limits(kvm, most, advised).kvmMaxVcpus).toBe(expected)
  })

  test('encrypted guests: of all that can be told apart those below the first without encrypted state', () => {
    const leaf = [0x0101_000f, 0x0000_4173, 509, 451]
    expect(limits(3, 1, 1, [0x8000_0021, 0, 0, 0], leaf).sev).toEqual({ maxGuests: 59, maxEsGuests: 450 })
    expect(limits(3, 1, 1, [0x8000_001e, 0, 0, 0], leaf).sev).toBeUndefined()
    expect(limits(3, 1, 1, [0x8000_0021, 0, 0, 0], none).sev).toBeUndefined()
  })
})
