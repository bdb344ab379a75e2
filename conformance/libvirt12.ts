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
export const libvirt12 = (context: Context, reference: DataFolder): Family[] => [
  checkDocuments(context, 'libvirt 12 domain capabilities', [...liveOf(reference), ...replayedOf(reference)]),
]

/** Domain capabilities of a folder that `scripts/record-libvirt.sh` wrote. */
export const recordedDocuments = (context: Context, live: DataFolder): Family =>
  checkDocuments(context, 'recorded domain capabilities', documentsOf(live))

function checkDocuments(context: Context, name: string, all: readonly Recorded[]): Family {
  const documents = new Family(name)
  for (const recorded of all) {
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
  return documents
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

/** The name of the conversation with QEMU that was recorded there. */
export function repliesIn(live: DataFolder): string {
  const name = live.names().find(file => file.endsWith('-x86_64.replies'))
  if (name === undefined) throw new RangeError(`${live.path} has no conversation with QEMU: *-x86_64.replies`)
  return name
}

/** Domain capabilities of x86_64, from the QEMU and on the host of a recording. */
function documentOf(
  live: DataFolder,
  [folder, name]: readonly [DataFolder, string],
  more: Partial<DomainHost>,
): Recorded {
  const expected = tidy(folder.text(name))
  const physBits = Number(/<maxphysaddr mode='passthrough' limit='(\d+)'/.exec(expected)?.[1] ?? 46)
  return {
    name: `${folder.path}/${name}`,
    expected,
    replies: live.text(repliesIn(live)),
    source: repliesIn(live),
    host: { cpu: hostCpuOf(live.text('capabilities.xml')), physBits, ...more },
    options: {
      expandFeatures: /-expand(?:-|$)/.test(name),
      supportedFeatures: name.includes('-supported-cpu'),
    },
  }
}

const documentsOf = (live: DataFolder): Recorded[] =>
  live
    .names()
    .filter(name => /^domcaps-(qemu|kvm)/.test(name) && !live.text(name).includes("doesn't support option"))
    .map(name => documentOf(live, [live, name], {}))

function liveOf(reference: DataFolder): Recorded[] {
  const live = reference.folder(LIVE)
  const newer = [
    [reference.folder('libvirt-12.9'), /^domcaps-opt/],
    [reference.folder('libvirt-12.9/qemu-11.1.3'), /^domcapabilities_--virttype/],
  ] as const
  return [
    ...documentsOf(live),
    ...newer.flatMap(([folder, names]) =>
      folder
        .names()
        .filter(name => names.test(name))
        .map(name => documentOf(live, [folder, name], NEWER_HOST)),
    ),
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
