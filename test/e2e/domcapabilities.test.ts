import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import { besideLibvirtd } from './qemus.ts'

const TARGETS = ['aarch64', 'loongarch64', 'ppc64', 'riscv64', 's390x', 'x86_64']

besideLibvirtd(TARGETS, ({ daemon, ours }) => {
  const theirs = (args: readonly string[]) => {
    const command = ['-q', '-c', daemon().uri, 'domcapabilities', ...args]
    const { status, stdout, stderr } = spawnSync('virsh', command, { encoding: 'utf8', timeout: 120_000 })
    return { status, stdout, stderr }
  }

  /** Nothing is left out: there is no line that may differ. */
  const same = (line: string) => {
    const args = line.split(' ').filter(Boolean)
    const { status, stdout, stderr } = ours('domcapabilities', ...args)
    expect({ status, stdout, stderr }).toEqual(theirs(args))
  }

  const kvm = existsSync('/dev/kvm') ? ['--virttype kvm'] : []
  const guests = [...kvm, '--virttype qemu'].flatMap(virttype =>
    ['--machine q35', '--machine pc', '--machine microvm'].map(machine => `${virttype} ${machine}`),
  )

  test.each(['', ...guests])('x86_64 %s', same, 120_000)

  test.each([
    '--arch i686',
    '--arch aarch64',
    '--arch aarch64 --machine raspi3b',
    '--arch armv7l --emulatorbin /usr/bin/qemu-system-aarch64',
    '--arch s390x',
    '--arch s390x --disable-deprecated-features',
    '--arch ppc64',
    '--arch ppc64le',
    '--arch riscv64',
    '--arch loongarch64',
  ])('guests of another architecture: %s', same, 120_000)

  test.each([
    '--xpath //cpu/mode/@supported',
    "--xpath //cpu/mode[@name='custom']/model[@usable='no'] --wrap",
    '--xpath count(//mode)',
  ])('--arch s390x %s', line => same(`--arch s390x ${line}`), 120_000)

  test.each([
    '--virttype foo',
    '--virttype xen --arch aarch64',
    '--virttype xen --machine foo --arch aarch64',
    '--virttype hvf --arch aarch64',
    '--virttype kvm --arch aarch64',
    '--arch bogus',
    '--arch mips',
    '--machine none --arch aarch64',
    '--machine foo --arch aarch64',
    '--emulatorbin /nonexistent',
    '--emulatorbin /usr/bin/qemu-system-s390x',
    '--arch ppc64 --emulatorbin /usr/bin/qemu-system-x86_64',
  ])('refused as virsh does: %s', same, 120_000)
})
