import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { guestCheck } from '../../src/index.ts'
import { NO_REFERENCE, reference } from '../reference.ts'

/** Guests of other architectures, by recorded QEMUs; beside libvirt itself test/e2e/guest-elsewhere.test.ts holds them. */

const folder = reference('libvirt-11.3', 'tests', 'qemucapabilitiesdata')

const check = (arch: string, virttype: string, cpu: string, host?: string) => {
  const version = { aarch64: '8.2.0', s390x: '10.0.0', riscv64: '9.1.0', ppc64: '7.1.0' }[arch]
  const replies = readFileSync(join(folder ?? '', `caps_${version}_${arch}.replies`), 'utf8')
  const domain = `<domain type='${virttype}'><name>g</name><vcpu>1</vcpu><os><type arch='${arch}'>hvm</type></os>${cpu}</domain>`
  return guestCheck({ replies, domain, ...(host && { host }) })
}

describe.skipIf(!folder)(
  `guests of other architectures (${folder ? 'recorded replies' : NO_REFERENCE})`,
  () => {
    test("the machine's default", () => {
      expect(check('aarch64', 'qemu', '').argument).toBe('cortex-a15')
      expect(check('s390x', 'qemu', '').argument).toBe('qemu')
      expect(check('riscv64', 'qemu', '').argument).toBe('rv64')
      expect(check('ppc64', 'qemu', '').argument).toMatch(/^POWER\d+$/)
    })

    test('on s390x host-model is what QEMU tells, and a model that it cannot give does not start', () => {
      const { verdict, argument, live } = check('s390x', 'kvm', "<cpu mode='host-model'/>")
      expect(verdict).toBe('starts')
      expect(argument).toMatch(/^gen\d+\w*-base,/)
      expect(live).toContain("<cpu mode='custom' match='exact' check='partial'>")
      expect(check('s390x', 'qemu', '<cpu><model>gen15a</model></cpu>').message).toContain(
        'QEMU ends: it cannot give',
      )
    })

    test('what libvirt refuses, in its words', () => {
      const refused = (arch: string, cpu: string) => check(arch, 'qemu', cpu).message
      const bogus = "<cpu><model>max</model><feature name='nosuch' policy='require'/></cpu>"
      expect(refused('aarch64', bogus)).toBe('unsupported configuration: unknown CPU feature: nosuch')
      expect(refused('riscv64', '<cpu><model>nosuch</model></cpu>')).toContain(
        'cannot translate CPU model nosuch',
      )
      expect(refused('ppc64', "<cpu mode='maximum'/>")).toContain(
        'maximum CPU is not supported by QEMU binary',
      )
      expect(refused('s390x', "<cpu match='minimum'><model>qemu</model></cpu>")).toContain(
        'match mode minimum not supported',
      )
    })

    test('what only a start tells is not known', () => {
      const cpu = (arch: string, model: string, feature: string, policy = 'require', virttype = 'qemu') =>
        check(
          arch,
          virttype,
          `<cpu><model>${model}</model><feature name='${feature}' policy='${policy}'/></cpu>`,
        )
      expect(cpu('aarch64', 'max', 'sve256').verdict).toBe('unknown')
      expect(cpu('aarch64', 'max', 'sve256').remarks[0]).toContain('sve256')
      expect(cpu('riscv64', 'rv64', 'v').verdict).not.toBe('starts')
      expect(cpu('ppc64', 'POWER9', 'htm').verdict).not.toBe('starts')
      expect(cpu('s390x', 'gen15a', 'te', 'require', 'kvm').verdict).not.toBe('unknown')
      expect(check('aarch64', 'qemu', '<cpu><model>cortex-a57</model></cpu>').verdict).toBe('starts')
    })

    test("a partial check looks at the host's own CPU where it is given", () => {
      const host = '<cpu><arch>ppc64le</arch><model>POWER9</model><vendor>IBM</vendor></cpu>'
      const cpu = (model: string) => `<cpu check='partial'><model>${model}</model></cpu>`
      expect(check('ppc64', 'qemu', cpu('POWER9'), host).verdict).toBe('starts')
      expect(check('ppc64', 'qemu', cpu('POWER8'), host).message).toContain(
        'the CPU is incompatible with host CPU',
      )
    })
  },
)
