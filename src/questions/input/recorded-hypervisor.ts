import { ParseError } from '../../core/parse-error.ts'
import { ARCH_NAMES } from '../../formats/arch-names.ts'
import { parseDocuments } from '../../formats/json/json-documents.ts'
import { domainCapabilitiesOf } from '../../formats/libvirt/domain-capabilities.ts'
import { parseCpu } from '../../formats/libvirt/parse-cpu.ts'
import { checkQemuRequest, chooseQemu, type QemuRequest } from '../../qemu/choice.ts'
import { type Conversation, conversationOf } from '../../qemu/qmp/conversation.ts'
import { qemuCapabilities } from '../../qemu/qmp/read-capabilities.ts'
import { child, type Element, textOf } from '../../xml/element.ts'
import { parseXml } from '../../xml/reader.ts'
import type { Context } from '../context.ts'
import type { Hypervisor } from './hypervisor.ts'
import { type HypervisorHost, hypervisorHost } from './hypervisor-host.ts'

/** Where QEMU is when nobody says. */
export const emulatorPath = (arch: string): string => `/usr/bin/qemu-system-${arch}`

/** How a recorded QEMU is to be used; absent: libvirt's default. */
export interface RecordedRequest extends QemuRequest {
  /** Its path. */
  readonly emulator?: string | undefined
}

/** A recorded conversation as text, or as the list of its messages. @throws ParseError */
export const readReplies = (replies: string | readonly object[], source = 'replies'): Conversation =>
  conversationOf(
    typeof replies === 'string'
      ? parseDocuments(replies, source)
      : replies.map((value, i) => ({ value, line: i + 1 })),
    source,
  )

/**
 * The hypervisor that a conversation is with.
 * @param host libvirt's name of its host's architecture; absent: its guests', for a conversation does not tell
 * @throws ParseError; LibvirtError for a QEMU that is too old or does not serve the request
 */
export function hypervisorOf(
  conversation: Conversation,
  request: RecordedRequest,
  host?: string,
): Hypervisor {
  const capabilities = qemuCapabilities(conversation, request.arch)
  const binary = request.emulator ?? emulatorPath(capabilities.arch)
  const choice = chooseQemu(capabilities, { binary, host: host ?? capabilities.arch }, request)
  return { capabilities, choice }
}

/** As `hypervisorOf`, of a request that nobody looked at. @throws as `hypervisorOf` */
export function requestedHypervisor(conversation: Conversation, request: RecordedRequest): Hypervisor {
  checkQemuRequest(request, name => ARCH_NAMES.has(name))
  return hypervisorOf(conversation, request)
}

/**
 * A host as a recording tells it: a conversation with its QEMU, or its domain capabilities. Undefined for a text that
 * is neither.
 * @throws ParseError, LibvirtError
 */
export function recordedHost(
  context: Context,
  text: string,
  source: string,
  request: RecordedRequest,
): HypervisorHost | undefined {
  if (/^\s*[{[]/.test(text)) {
    return hypervisorHost(context, hypervisorOf(readReplies(text, source), request), source)
  }
  const root = /^\s*</.test(text) ? parseXml(text, source) : undefined
  return root?.name === 'domainCapabilities' ? hostOfCapabilities(root, source) : undefined
}

/** As `recordedHost`. @throws ParseError for a text that tells of no hypervisor, too */
export function requireHost(
  context: Context,
  text: string,
  source: string,
  request: RecordedRequest,
): HypervisorHost {
  const host = recordedHost(context, text, source, request)
  if (host) return host
  throw new ParseError('neither domain capabilities nor a conversation with QEMU', source)
}

/** An old libvirt does not say what blocks a model. */
function hostOfCapabilities(capabilities: Element, source: string): HypervisorHost {
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
