import { gunzipSync } from 'node:zlib'
import type { Cpu } from '../src/core/cpu.ts'
import { parseCpu } from '../src/formats/libvirt/parse-cpu.ts'
import { checkQemuVersion, chooseQemu } from '../src/qemu/choice.ts'
import type { DomainHost, DomainOptions, Firmware } from '../src/qemu/domain-capabilities/request.ts'
import { parseQemuCapabilities } from '../src/qemu/qmp/read-capabilities.ts'
import type { Context } from '../src/questions/context.ts'
import { answerDomcapabilities } from '../src/questions/domcapabilities/question.ts'
import { child } from '../src/xml/element.ts'
import { parseXml } from '../src/xml/reader.ts'
import type { DataFolder } from './data.ts'
import { outcome } from './outcome.ts'
import { Family } from './report.ts'

/** Recorded on macOS, replayed on Linux: there libvirt never looks for hvf and takes its run for that of TCG. */
const MACOS = /\+hvf/

/** A document that a daemon wrote: whose QEMU it was, and what was asked. */
interface Recorded {
  readonly name: string
  readonly expected: string
  readonly replies: string
  readonly source: string
  readonly host: DomainHost
  readonly options?: DomainOptions
}

/** Domain capabilities of real daemons of libvirt 12.8 and 12.9, from the QEMU that was recorded with them. */
export function libvirt12(context: Context, reference: DataFolder): Family[] {
  const documents = new Family('libvirt 12 domain capabilities')
  for (const recorded of [...liveOf(reference), ...replayedOf(reference)]) {
    if (MACOS.test(recorded.name)) {
      documents.skip()
      continue
    }
    documents.check(
      recorded.name,
      outcome(() => answer(context, recorded)),
      recorded.expected,
    )
  }
  return [documents]
}

function answer(context: Context, { expected, replies, source, host, options }: Recorded): string {
  const text = (name: string) => new RegExp(`<${name}>(.*)</${name}>`).exec(expected)?.[1]
  const binary = text('path') ?? /\/(?:usr|opt)\/[^': ]+/.exec(expected)?.[0] ?? ''
  const asked = {
    virttype: text('domain') ?? /accel '(\w+)'/.exec(expected)?.[1],
    arch: text('arch'),
    machine: text('machine') ?? /machine '(\w+)'/.exec(expected)?.[1],
  }
  const qemu = parseQemuCapabilities(replies, source)
  checkQemuVersion(qemu, binary, context.libvirt)
  const choice = chooseQemu(qemu, { binary, host: 'x86_64' }, { ...asked, arch: asked.arch ?? qemu.arch })
  return answerDomcapabilities(context, qemu, choice, host, options)
}

const LIVE = 'libvirt-12.8/live'

function liveOf(reference: DataFolder): Recorded[] {
  const cpu = hostCpuOf(reference.text(LIVE, 'capabilities.xml'))
  const replies = reference.text(LIVE, 'qemu-11.1.3-x86_64.replies')
  const bare: DomainHost = { cpu, physBits: 46 }
  const full: DomainHost = { ...bare, ...NEWER_HOST }
  const x86 = (folder: string, name: string, host: DomainHost): Recorded => ({
    name: `${folder}/${name}`,
    expected: tidy(reference.text(folder, name)),
    replies,
    source: 'qemu-11.1.3-x86_64.replies',
    host,
    options: {
      expandFeatures: name.includes('--expand') || name.includes('-expand-cpu'),
      supportedFeatures: name.includes('-supported-cpu'),
    },
  })
  return [
    ...reference
      .names(LIVE)
      .filter(name => /^domcaps-(qemu|kvm)/.test(name))
      .map(name => x86(LIVE, name, bare)),
    ...reference
      .names('libvirt-12.9')
      .filter(name => name.startsWith('domcaps-opt'))
      .map(name => x86('libvirt-12.9', name, full)),
    ...reference
      .names('libvirt-12.9/qemu-11.1.3')
      .filter(name => /^domcapabilities_--virttype/.test(name))
      .map(name => x86('libvirt-12.9/qemu-11.1.3', name, full)),
  ]
}

const RECORDINGS = 'libvirt-11.3/tests/qemucapabilitiesdata'

function replayedOf(reference: DataFolder): Recorded[] {
  const folder = 'libvirt-12.9/replayed-qemu'
  const cpu = hostCpuOf(reference.text(LIVE, 'capabilities.xml'))
  return reference.names(folder).flatMap((name): Recorded[] => {
    const replies = `${name.replace(/-(kvm|qemu|hvf)\.out\.gz$/, '')}.replies`
    if (!reference.has(RECORDINGS, replies)) return []
    const expected = tidy(gunzipSync(reference.bytes(folder, name)).toString())
    return [
      {
        name: `${folder}/${name}`,
        expected,
        replies: reference.text(RECORDINGS, replies),
        source: replies,
        host: { cpu, physBits: 46, ...NEWER_HOST },
      },
    ]
  })
}

/** virsh's blank line behind a document, and its head before an error, are no part of them. */
const tidy = (text: string): string =>
  text
    .replace(/^error: failed to get emulator capabilities\nerror: /, '')
    .replace(/\n\n?$/, text.startsWith('<') ? '\n' : '')

function hostCpuOf(capabilities: string): Cpu | undefined {
  const host = child(parseXml(capabilities), 'host')
  const cpu = host && child(host, 'cpu')
  return cpu && parseCpu(cpu, 'host')
}

const firmware = (
  path: string,
  architecture: string,
  machines: string[],
  features: string[] = [],
): Firmware => ({
  path,
  interfaces: ['uefi'],
  targets: [{ architecture, machines }],
  features,
})

const SECURE = ['secure-boot', 'requires-smm']

/** What was installed where 12.9 was recorded. */
const NEWER_HOST: DomainHost = {
  kvmMaxVcpus: 1024,
  swtpm: ['1.2', '2.0'],
  defaultLoaders: ['/usr/share/AAVMF/AAVMF_CODE.fd'],
  firmware: [
    firmware('/usr/share/AAVMF/AAVMF_CODE.ms.fd', 'aarch64', ['virt-*'], ['secure-boot', 'enrolled-keys']),
    firmware('/usr/share/AAVMF/AAVMF_CODE.secboot.fd', 'aarch64', ['virt-*'], ['secure-boot']),
    firmware('/usr/share/AAVMF/AAVMF_CODE.no-secboot.fd', 'aarch64', ['virt-*']),
    firmware('/usr/share/OVMF/OVMF_CODE_4M.ms.fd', 'x86_64', ['pc-q35-*'], [...SECURE, 'enrolled-keys']),
    firmware('/usr/share/OVMF/OVMF_CODE_4M.secboot.fd', 'x86_64', ['pc-q35-*'], SECURE),
    firmware('/usr/share/ovmf/OVMF.amdsev.fd', 'x86_64', ['pc-q35-*']),
    firmware('/usr/share/ovmf/OVMF.inteltdx.ms.fd', 'x86_64', ['pc-q35-*'], ['secure-boot', 'enrolled-keys']),
    firmware('/usr/share/OVMF/OVMF_CODE_4M.fd', 'x86_64', ['pc-i440fx-*', 'pc-q35-*']),
    firmware('/usr/share/qemu-efi-loongarch64/QEMU_EFI.fd', 'loongarch64', ['virt*']),
    firmware('/usr/share/qemu-efi-riscv64/RISCV_VIRT_CODE.fd', 'riscv64', ['virt*']),
  ],
}
