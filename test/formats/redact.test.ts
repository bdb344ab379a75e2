import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ParseError } from '../../src/core/parse-error.ts'
import { type Pseudonym, redact } from '../../src/formats/redact.ts'
import { contextOf } from '../../src/questions/context.ts'
import { decodeText } from '../../src/questions/decode/question.ts'
import { fleetOfInput } from '../../src/questions/input/fleet/open-fleet.ts'
import { runs } from '../effort.ts'
import { reportOf, type SampleSection, sample } from './platforms/samples.ts'

const corpus = (path: string): string => readFileSync(new URL(`../corpus/${path}`, import.meta.url), 'utf8')

const pseudonym: Pseudonym = (kind, name) => {
  const digest = createHash('sha256').update(`${kind} ${name}`).digest('hex')
  return kind === 'uuid'
    ? digest.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5')
    : `${kind}-${digest.slice(0, 10)}`
}

const context = contextOf()

/** All that a fleet is compared by, with the place of each guest, but no name. */
function factsOf(text: string) {
  const { hosts, guests } = fleetOfInput(context, { documents: [{ path: 'a.txt', text }] }).fleet
  const plain = ({ name, called, uuid, path, documentHash, host, ...rest }: Record<string, unknown>) =>
    JSON.stringify(rest, (_, value) =>
      value instanceof Map ? [...value] : typeof value === 'bigint' ? String(value) : value,
    )
  const at = (host: string | undefined) => hosts.findIndex(({ name }) => name === host)
  return {
    hosts: hosts.map(host => plain({ ...host })).sort(),
    features: hosts.map(({ features, evidence }) => [String(features), String(evidence?.present)]).sort(),
    guests: guests.map(guest => [plain({ ...guest }), at(guest.host) >= 0, String(guest.features)]).sort(),
  }
}

const DOMAIN = `<domain type='kvm' id='3'>
  <name>payroll-db</name>
  <uuid>0d8f1a4e-9f3f-4a58-9f0b-7a2b7f1f0b11</uuid>
  <title>Mrs Smith's machine</title>
  <metadata><x:owner xmlns:x='urn:x'>smith@example.org</x:owner></metadata>
  <memory unit='KiB'>1048576</memory>
  <vcpu>4</vcpu>
  <sysinfo type='smbios'><system><entry name='serial'>SN-0042</entry></system></sysinfo>
  <os><type arch='x86_64' machine='pc-q35-9.2'>hvm</type><kernel>/srv/payroll/vmlinuz</kernel></os>
  <cpu mode='custom' match='exact'><model>EPYC-Rome</model><feature policy='disable' name='sha-ni'/></cpu>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <disk type='file'><source file='/srv/payroll/disk.qcow2'/></disk>
    <interface type='bridge'><mac address='52:54:00:12:34:56'/></interface>
    <graphics type='vnc' listen='192.0.2.17' passwd='secret'/>
  </devices>
</domain>`

const SECTIONS: readonly SampleSection[] = [
  ['capabilities', corpus('xml/capabilities.xml')],
  ['domcapabilities', corpus('xml/domain-capabilities.xml')],
  ['cpuid', corpus('machine/cpuid-r.txt')],
  ['cpuinfo', corpus('machine/proc-cpuinfo.txt')],
  ['lscpu', corpus('machine/lscpu.txt')],
  ['guest', DOMAIN],
  ['vdsm', sample('vdsm-capabilities.json')],
  ['incus', sample('incus-resources.json')],
  ['pve-status', sample('proxmox-status.json')],
  ['pve-guest', sample('proxmox-vm.conf')],
  ['xe', sample('xen-host.txt')],
  ['libvirt', '', 1, ['error: cannot connect to vault.example.org (192.0.2.18)']],
  ['weather', 'payroll is sunny'],
]

/** Sections that hold what names a machine in places of their own. */
const SERIALS: readonly SampleSection[] = [
  ['cpuinfo', `${corpus('machine/proc-cpuinfo.txt')}\nSerial\t\t: SN-0042\n`],
  [
    'cpuinfo',
    'vendor_id       : IBM/S390\nprocessor 0: version = FF,  identification = 0A0042,  machine = 8561',
  ],
  ['cpuid', corpus('machine/cpuid-r.txt').replace(/^(\s+0x00000003 0x00: eax=)0x\w+/gm, '$10x0A0042ff')],
  [
    'domcapabilities',
    corpus('xml/domain-capabilities.xml').replace(
      /<sev [\s\S]*?(\/>|<\/sev>)|(?=<\/features>)/,
      "<sev supported='yes'><cbitpos>47</cbitpos><cpu0Id>SN-0042==</cpu0Id></sev>",
    ),
  ],
  [
    'guest',
    DOMAIN.replace(
      '<os>',
      "<launchSecurity type='sev'><policy>0x1</policy><session>secret</session></launchSecurity><os>",
    ),
  ],
  ['guest', DOMAIN.slice(0, 300)],
  [
    'vdsm',
    sample('vdsm-capabilities.json').replace(
      '{',
      '{ "kernelArgs": "ip=192.0.2.17 root=/dev/payroll", "ISCSIInitiatorName": "iqn.1994-05.org.example.vault",',
    ),
  ],
  [
    'incus',
    `{"metadata": ${sample('incus-resources.json').replace('{', '{"system": {"serial": "SN-0042"}, "network": {"cards": [{"address": "52:54:00:12:34:56"}]},')}}`,
  ],
  [
    'pve-status',
    sample('proxmox-status.json').replace('{', '{ "boot-info": {"owner": "smith"}, "ip": "192.0.2.17",'),
  ],
  ['xe', `${sample('xen-host.txt')}\n  address ( RO): 192.0.2.17\n  iqn: vault.example.org\n`],
]

const SECRETS =
  /payroll|smith|owner|SN-0042|52:54:00|192\.0\.2|secret|n1\.example|example\.org|0d8f1a4e|0A0042/i

test('names go, and every answer stays, whatever a report has', () => {
  fc.assert(
    fc.property(fc.subarray([...SECTIONS], { minLength: 1 }), sections => {
      const text = reportOf('n1.example.org', [['cpuinfo', corpus('machine/proc-cpuinfo.txt')], ...sections])
      const redacted = redact(text, pseudonym)
      expect(redacted).not.toMatch(SECRETS)
      expect(factsOf(redacted)).toEqual(factsOf(text))
      expect(decodeText(context, redacted).xml).toBe(decodeText(context, text).xml)
    }),
    { numRuns: runs(200) },
  )
})

test('nothing of serial numbers, and nothing around a report or beyond its cut, is left', () => {
  const sections = fc.subarray([...SECTIONS, ...SERIALS], { minLength: 1 })
  fc.assert(
    fc.property(
      sections,
      fc.nat(100),
      fc.constantFrom('', '  ', '\t'),
      fc.boolean(),
      (given, part, indent, isDos) => {
        const whole = reportOf('vault.example.org', [...given, ['lscpu', corpus('machine/lscpu.txt')]])
        const cut = whole.slice(0, Math.max(40, (whole.length * part) / 100))
        const text = `Welcome to vault.example.org (192.0.2.17)\n${cut.replace(/^/gm, indent)}\nsmith@vault$\n`
        const redacted = redact(isDos ? text.replaceAll('\n', '\r\n') : text, pseudonym)
        expect(redacted).not.toMatch(SECRETS)
        expect(redacted).not.toMatch(/vault/)
        expect(redacted.split('\n')[0]).toBe('[virt-cpu-collect] 1')
      },
    ),
    { numRuns: runs(200) },
  )
})

test('what a section of its own says of options stays', () => {
  const text = reportOf('n1', [['cpuinfo', corpus('machine/proc-cpuinfo.txt')]])
  const redacted = redact(text.replace('|arch:', '|mitigations: auto,nosmt\n|arch:'), pseudonym)
  expect(redacted).toContain('|mitigations: auto,nosmt\n')
})

test('a name has one pseudonym everywhere, with or without a domain', () => {
  const nameIn = (text: string) => /^\|name: (.*)$/m.exec(redact(text, pseudonym))?.[1]
  const cpuinfo: SampleSection = ['cpuinfo', corpus('machine/proc-cpuinfo.txt')]
  const [long = '', short = ''] = ['n1.example.org', 'n1'].map(name => nameIn(reportOf(name, [cpuinfo])))
  expect(long).toMatch(/^host-\w{10}\.domain-\w{10}$/)
  expect(long.split('.')[0]).toBe(short)
})

test('objects of Kubernetes keep what is read of them', () => {
  const nodes = JSON.parse(sample('kubevirt-nodes.json'))
  nodes.items[0].metadata.annotations = { owner: 'smith@example.org' }
  nodes.items[0].status = {
    ...nodes.items[0].status,
    addresses: [{ type: 'InternalIP', address: '192.0.2.17' }],
  }
  nodes.items.push({
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachineInstance',
    metadata: { name: 'payroll-db', namespace: 'payroll' },
    spec: { domain: { cpu: { model: 'Haswell-noTSX', cores: 2 }, devices: { disks: [{ name: 'secret' }] } } },
    status: { nodeName: nodes.items[0].metadata.name, interfaces: [{ mac: '52:54:00:12:34:56' }] },
  })
  const text = JSON.stringify(nodes)
  const redacted = redact(text, pseudonym)
  expect(redacted).not.toMatch(SECRETS)
  for (const name of nodes.items.map((item: { metadata: { name: string } }) => item.metadata.name))
    expect(redacted).not.toContain(`"${name}"`)
  expect(factsOf(redacted)).toEqual(factsOf(text))
})

test.each(['<cpu/>', '{"cpu": 1}', 'vendor_id : GenuineIntel'])('%j is not redacted by guesswork', text => {
  expect(() => redact(text, pseudonym, 'a.txt')).toThrow(ParseError)
})
