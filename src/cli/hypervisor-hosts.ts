import { LibvirtError } from '../core/libvirt-error.ts'
import { ParseError } from '../core/parse-error.ts'
import { decodeText } from '../formats/decode-text.ts'
import { domainCapabilitiesOf } from '../formats/domain-capabilities.ts'
import { parseCpu } from '../formats/parse-cpu.ts'
import { filesOf, type InputFile } from '../node/files.ts'
import { readWhole } from '../node/read-bytes.ts'
import type { Context } from '../verbs/context.ts'
import { type HypervisorHost, hypervisorHost } from '../verbs/hypervisor-host.ts'
import type { Note } from '../verbs/note.ts'
import { child, type Element, textOf } from '../xml/element.ts'
import { parseXml } from '../xml/reader.ts'
import { type HypervisorRequest, openConversation, openHypervisor } from './hypervisor.ts'
import { CommandError } from './spec.ts'

export interface HypervisorHosts {
  readonly hosts: readonly HypervisorHost[]
  readonly notes: readonly Note[]
}

/**
 * The hosts that recordings tell of, each from a conversation with its QEMU or from its domain capabilities; this
 * host where there is no recording.
 * @throws LibvirtError, ProbeError, FileError, CommandError
 */
export async function openHosts(
  context: Context,
  paths: readonly string[],
  request: HypervisorRequest,
): Promise<HypervisorHosts> {
  if (paths.length === 0) {
    const hypervisor = await openHypervisor(request)
    return { hosts: [hypervisorHost(context, hypervisor, hypervisor.choice.binary)], notes: [] }
  }
  const hosts: HypervisorHost[] = []
  const notes: Note[] = []
  for (const file of filesOf(paths)) {
    const host = readHost(context, file, request)
    if (host) hosts.push(host)
    else notes.push({ kind: 'dump', source: file.path, text: 'passed over: tells of no hypervisor' })
  }
  const arches = new Set(hosts.map(({ arch }) => arch))
  if (arches.size > 1) throw new CommandError([`hosts of several architectures: ${[...arches].join(', ')}`])
  if (hosts.length === 0) throw new CommandError([`${paths.join(', ')}: no hypervisor is recorded there`])
  return { hosts, notes }
}

/** More than any conversation. */
const LIMIT = 64 * 2 ** 20

/** Undefined for a file of a directory that tells of none. @throws FileError, CommandError */
function readHost(context: Context, { path, named }: InputFile, request: HypervisorRequest) {
  const bytes = readWhole(path, LIMIT)
  if (!bytes) throw new ParseError(`too long: more than ${LIMIT} bytes`, path)
  const text = decodeText(bytes)
  try {
    if (/^\s*\{/.test(text)) return hypervisorHost(context, openConversation(text, path, request), path)
    const root = /^\s*</.test(text) ? parseXml(text, path) : undefined
    if (root?.name === 'domainCapabilities') return hostOf(root, path)
  } catch (error) {
    throw error instanceof LibvirtError
      ? new CommandError([`Failed to use the hypervisor of '${path}'`, error.message], { cause: error })
      : error
  }
  if (!named) return undefined
  throw new ParseError('neither domain capabilities nor a conversation with QEMU', path)
}

/** A host as its domain capabilities tell it. An old libvirt does not say what blocks a model. */
function hostOf(capabilities: Element, source: string): HypervisorHost {
  const { hostModel, models } = domainCapabilitiesOf(capabilities)
  const arch = child(capabilities, 'arch')
  const blockers = [...models].map(([name, known]) => [name, known.includes('?') ? 'untold' : known] as const)
  return {
    source,
    arch: arch ? textOf(arch) : 'x86_64',
    allowance: { models: new Map(blockers) },
    reported: hostModel && parseCpu(hostModel, 'guest'),
  }
}
