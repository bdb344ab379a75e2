import { aida64, libcpuid } from './dumps/aida64.ts'
import { cpuidR } from './dumps/cpuid-r.ts'
import { cpuinfo } from './dumps/cpuinfo.ts'
import { ldSo } from './dumps/ld-so.ts'
import { lscpu, withCore } from './dumps/lscpu.ts'
import { cpuidJson, namedRegisters } from './dumps/registers.ts'
import { inText, type Part, splitEnvelope } from './envelope.ts'
import type { Dialect, Found, ReadOptions } from './found.ts'
import { libvirtXml } from './libvirt/document-reader.ts'
import { incusGroup, incusResources, openNebula } from './platforms/clusters.ts'
import { collected } from './platforms/collected.ts'
import { cloudHypervisor, firecracker } from './platforms/firecracker.ts'
import { flagsLine, flagsList, ldSoHelp, lscpuPart } from './platforms/flag-lists.ts'
import { cloudStack, ganeti, vmx, xlCpuid } from './platforms/guest-configs.ts'
import { resolveOwnModels } from './platforms/guest-cpu.ts'
import { osquery, spectreMeltdownChecker } from './platforms/host-reports.ts'
import { kubectlText, kubernetes } from './platforms/kubernetes.ts'
import { vulnerabilityFiles } from './platforms/linux-host.ts'
import { nova } from './platforms/nova.ts'
import { novaConf } from './platforms/nova-conf.ts'
import { ovirtApi, ovirtTypes, vdsm } from './platforms/ovirt.ts'
import { cpuidDecoded, freebsd } from './platforms/printed-registers.ts'
import { prometheus } from './platforms/prometheus.ts'
import { proxmoxGuest, proxmoxModels } from './platforms/proxmox.ts'
import { proxmoxApi } from './platforms/proxmox-api.ts'
import { qemuCommand, qemuCpuHelp } from './platforms/qemu-command.ts'
import { qmp, qmpReplies } from './platforms/qmp-replies.ts'
import { terraform, vagrant } from './platforms/terraform.ts'
import { vsphere } from './platforms/vsphere.ts'
import { xapi } from './platforms/xen.ts'
import { beginsAsManifest, beginsAsYaml, jsonOfYaml, loadYaml } from './yaml.ts'

/**
 * Every input dialect: a file and a line here add one, and then every command, batch, HTTP and the page read it.
 * The first whose `sniff` accepts a text reads it.
 */
export const DIALECTS: readonly Dialect[] = [
  libvirtXml,
  cpuidR,
  collected,
  vulnerabilityFiles,
  lscpu,
  cpuidJson,
  qmpReplies,
  qmp,
  cpuidDecoded,
  libcpuid,
  aida64,
  ldSo,
  namedRegisters,
  flagsLine,
  cpuinfo,
  kubernetes,
  kubectlText,
  nova,
  novaConf,
  osquery,
  ovirtApi,
  ovirtTypes,
  prometheus,
  proxmoxApi,
  proxmoxGuest,
  proxmoxModels,
  qemuCommand,
  spectreMeltdownChecker,
  vdsm,
  lscpuPart,
  ldSoHelp,
  flagsList,
  qemuCpuHelp,
  vsphere,
  vmx,
  xapi,
  xlCpuid,
  firecracker,
  cloudHypervisor,
  incusResources,
  incusGroup,
  openNebula,
  cloudStack,
  freebsd,
  ganeti,
  terraform,
  vagrant,
]

/** What says what hosts give that were read from these documents, where no libvirt runs there; undefined: libvirt does. */
export const platformCommand = (documents: readonly string[]): string | undefined =>
  DIALECTS.find(({ name, withoutLibvirt }) => withoutLibvirt && documents.includes(name))?.hostsBy

const sniff = (text: string): Dialect | undefined => DIALECTS.find(dialect => dialect.sniff(text))

/** The dialect of a text; undefined for a text in none. */
export function dialectOf(text: string): Dialect | undefined {
  const known = sniff(text)
  if (known) return known
  // The reader says where it stops being JSON.
  if (/^\s*(?:\{|\[\s*[[{"\d\]-])/.test(text)) return cpuidJson
  return /^\s*</.test(text) ? libvirtXml : undefined
}

/** Whether the YAML reader is needed: a manifest, or YAML that no dialect knows as it stands. */
const mayBeYaml = (text: string): boolean =>
  beginsAsManifest(text) || (beginsAsYaml(text) && dialectsOf(text).every(([, dialect]) => !dialect))

/** Loads the YAML reader where a text needs it. */
export async function loadYamlFor(text: string): Promise<void> {
  if (mayBeYaml(text)) await loadYaml()
}

/** YAML that no dialect knows, as the same in JSON; undefined where no dialect knows that either. */
function asJson(part: Part): readonly [Part, Dialect] | undefined {
  const text = jsonOfYaml(part.text)
  const known = text === undefined ? undefined : sniff(text)
  return text !== undefined && known ? [{ ...part, text }, known] : undefined
}

/**
 * The parts of a text, each with its dialect: one machine's each, or the whole. Without a byte order mark.
 * @see splitEnvelope
 */
export function dialectsOf(text: string): readonly (readonly [Part, Dialect | undefined])[] {
  const sniffed = new Map<string, Dialect | undefined>()
  const isReadable = (part: string) => {
    if (!sniffed.has(part)) sniffed.set(part, sniff(part))
    return sniffed.get(part) !== undefined
  }
  return splitEnvelope(text.startsWith('\ufeff') ? text.slice(1) : text, isReadable).map(part => {
    const dialect = sniffed.get(part.text) ?? dialectOf(part.text)
    return (dialect ? undefined : asJson(part)) ?? [part, dialect]
  })
}

/**
 * Everything that a text holds, in whatever dialect it is, with or without a byte order mark, prompts, fences, and
 * prefixes or heads that tell several machines apart; empty for a text in none.
 * @param source what errors call the text
 * @throws ParseError, LibvirtError
 */
export function readText(text: string, source = '', options?: ReadOptions): Found[] {
  const parts = dialectsOf(text)
  const all = parts.flatMap(([part, dialect]) => readPart(part, dialect, source, options))
  const read = all.some(one => one.kind === 'guest' && one.isModel) ? resolveOwnModels(all) : all
  const found = read.map(one => (one.kind === 'guest' && mayBeCut(text) ? withNote(one, CUT) : one))
  const unread = parts.flatMap(([{ called }, dialect]) => (dialect || called === undefined ? [] : called))
  const [first, ...more] = found
  if (!first || unread.length === 0) return found
  const told = `what stands under ${unread.join(', ')} is in no format that is read, and left out`
  return [withNote(first, told), ...more]
}

const withNote = (one: Found, note: string): Found => ({ ...one, notes: [...(one.notes ?? []), note] })

const CUT = 'the text ends in the middle of its last line: it may have been cut off, and more have followed'

/** Whether the last of several lines lacks its end. XML and JSON that are cut are refused. */
function mayBeCut(text: string): boolean {
  const end = text.lastIndexOf('\n')
  return end >= 0 && /[^\s>}\]]/.test(text.slice(end)) && !text.endsWith('\r')
}

function readPart(part: Part, dialect: Dialect | undefined, source: string, options?: ReadOptions): Found[] {
  try {
    const found = dialect?.read(part.text, source, options) ?? []
    const { called } = part
    if (called === undefined && dialect === libvirtXml) return found
    const about = {
      ...(called === undefined ? {} : { called }),
      ...(dialect === libvirtXml ? {} : { dialect: dialect?.name }),
    }
    return found.map(one => ({ ...about, ...withCore(one) }))
  } catch (error) {
    throw inText(error, part)
  }
}

/** What a text may hold instead of CPUs, and which commands read it. */
const INSTEAD = {
  conversation: 'describes a hypervisor: `virt-cpu models` reads it, and --replies of other commands',
  domain: 'defines a guest without <cpu>: `virt-cpu guest check` reads it',
  domainCapabilities: 'describes a hypervisor without a host-model: `virt-cpu models` reads it',
} as const

/**
 * Describes a text without a CPU: what it is, and which command reads it. Undefined where it holds nothing, or nothing
 * that any command reads.
 */
export function describeWithoutCpu([first]: readonly Found[]): string | undefined {
  if (!first) return undefined
  const kind = first.kind === 'document' ? first.element.name : first.kind
  const what = Object.entries(INSTEAD).find(([name]) => name === kind)?.[1]
  const { title = `<${kind}>` } = DIALECTS.find(({ name }) => name === first.dialect) ?? {}
  return what && `this is ${title}, which ${what}`
}
