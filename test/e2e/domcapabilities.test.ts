import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import { runProcess } from '../cli/virt-cpu.ts'
import { besideLibvirtd } from './qemus.ts'

besideLibvirtd(({ daemon, ours }) => {
  const theirs = (args: readonly string[]) =>
    runProcess('virsh', ['-q', '-c', daemon().uri, 'domcapabilities', ...args])

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

  test.each(['', ...guests])('x86_64 %s', same)

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
  ])('guests of another architecture: %s', same)

  test.each([
    '--xpath //cpu/mode/@supported',
    "--xpath //cpu/mode[@name='custom']/model[@usable='no'] --wrap",
    '--xpath count(//mode)',
  ])('--arch s390x %s', line => same(`--arch s390x ${line}`))

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
  ])('refused as virsh does: %s', same)
})
