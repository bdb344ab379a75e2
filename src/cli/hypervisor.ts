import type { Dialogue } from '../arch/dialogue.ts'
import { ARCH_NAMES } from '../core/cpu.ts'
import { LibvirtError } from '../core/libvirt-error.ts'
import { isBadFile, keepBadFile, throwAll } from '../host/files/file-error.ts'
import { filesOf, type InputFile, noteOfFile, readWholeText } from '../host/files/files.ts'
import { checkQemuRequest, makeNoEmulatorError } from '../qemu/choice.ts'
import { parseRecording } from '../qemu/qmp/conversation.ts'
import type { Context } from '../questions/context.ts'
import {
  type Hypervisor,
  type HypervisorHost,
  hypervisorHost,
  hypervisorOf,
  type RecordedRequest,
  recordedHosts,
  requireHosts,
} from '../questions/input/hypervisor.ts'
import type { Note } from '../questions/words/note.ts'
import type { Arguments } from './arguments.ts'
import type { Session } from './globals.ts'
import { CommandError, type OptionSpec } from './spec.ts'

/** Which hypervisor is asked, as virsh has it. */
export const HYPERVISOR: readonly OptionSpec[] = [
  { name: 'virttype', value: 'string', help: 'virtualization type (/domain/@type)', words: ['kvm', 'qemu'] },
  { name: 'emulator', value: 'string', help: 'path to emulator binary (/domain/devices/emulator)' },
  { name: 'arch', value: 'string', help: 'CPU architecture (/domain/os/type/@arch)' },
  { name: 'machine', value: 'string', help: 'machine type (/domain/os/type/@machine)' },
]

export const REPLIES = {
  name: 'replies',
  value: 'file',
  ours: true,
  help: "a recorded conversation with a host's QEMU instead of asking this one's",
} as const

export const NO_CACHE = {
  name: 'no-cache',
  ours: true,
  help: 'ask QEMU even if its last answers are known',
} as const

/** How it is asked. */
export const PROBE: readonly OptionSpec[] = [REPLIES, NO_CACHE]

/** How several may be asked at once. */
export const PROBES: readonly OptionSpec[] = [
  {
    ...REPLIES,
    repeats: true,
    help: 'recorded hosts instead of this one: conversations with QEMU, domain capabilities, directories of them',
  },
  NO_CACHE,
]

/** What of a QEMU is asked for, and where it is looked for. */
export interface HypervisorRequest extends RecordedRequest {
  /** A recorded conversation; absent: this host's QEMU is asked. */
  readonly replies?: string | undefined
  readonly noCache?: boolean
}

export const hypervisorRequest = (args: Arguments): HypervisorRequest => ({
  virttype: args.get('virttype'),
  emulator: args.get('emulator'),
  arch: args.get('arch'),
  machine: args.get('machine'),
  replies: args.all('replies')[0],
  noCache: args.has('no-cache'),
})

/**
 * The hypervisor that is asked: this host's, or a recorded one.
 * @throws LibvirtError as libvirt refuses; ProbeError, FileError, ParseError
 */
export async function openHypervisor(request: HypervisorRequest): Promise<Hypervisor> {
  checkQemuRequest(request, name => ARCH_NAMES.has(name))
  return request.replies === undefined ? probed(request) : recorded(request, request.replies)
}

async function probed(request: HypervisorRequest): Promise<Hypervisor> {
  const { findEmulator, readHostArch } = await import('../host/qemu/emulator.ts')
  const { probeQemu } = await import('../host/qemu/probe.ts')
  const host = readHostArch()
  const arch = request.arch ?? host
  const binary = request.emulator ?? findEmulator(arch, { host })
  if (binary === undefined) throw makeNoEmulatorError(arch, request.isDomain)
  const conversation = await probeQemu({ binary, cache: request.noCache ? 'none' : undefined })
  return hypervisorOf(conversation, { ...request, emulator: binary }, host)
}

/** @throws FileError, ParseError, LibvirtError */
const recorded = (request: HypervisorRequest, path: string): Hypervisor =>
  hypervisorOf(parseRecording(readWholeText(path), path), request)

/**
 * What an inquiry comes to; where it asks anything, a QEMU of this host answers.
 * @throws LibvirtError, ProbeError
 */
export async function inquireQemu<T>(
  inquiry: Dialogue<T>,
  arch: string,
  { emulator, virttype, replies }: HypervisorRequest,
): Promise<T> {
  const { findEmulator } = await import('../host/qemu/emulator.ts')
  const { answerFromQemu } = await import('../host/qemu/interview.ts')
  const binary = () => {
    const found = replies === undefined ? (emulator ?? findEmulator(arch)) : findEmulator(arch)
    if (found === undefined) throw makeNoEmulatorError(arch)
    return found
  }
  return answerFromQemu(inquiry, binary, { accelerator: virttype === 'qemu' ? 'tcg' : 'kvm:tcg' })
}

/**
 * The hypervisor's commands need more than reading. libvirt's test driver has no hypervisor, but answers for domain capabilities.
 * @param call libvirt's function, without its beginning
 * @throws CommandError, LibvirtError
 */
export function refuseReadOnly({ readOnly, driver }: Session, call: string): void {
  const name = `virConnect${call}`
  if (readOnly) throw new CommandError([`operation forbidden: read only access prevents ${name}`])
  if (driver === 'test' && call !== 'GetDomainCapabilities') throw new LibvirtError('no-support', name)
}

interface HypervisorHosts {
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
  const errors: unknown[] = []
  for (const file of filesOf(paths)) {
    try {
      const { found, skipped } = await readHosts(context, file, request)
      hosts.push(...found)
      if (skipped) notes.push(skipped)
    } catch (error) {
      if (error instanceof CommandError) errors.push(error)
      else keepBadFile(errors, error)
    }
  }
  throwAll(errors)
  const arches = new Set(hosts.map(({ arch }) => arch))
  if (arches.size > 1) throw new CommandError([`hosts of several architectures: ${[...arches].join(', ')}`])
  if (hosts.length === 0) throw new CommandError([`${paths.join(', ')}: no hypervisor is recorded there`])
  return { hosts, notes }
}

interface ReadHosts {
  readonly found: readonly HypervisorHost[]
  /** Why a file of a directory was left out. */
  readonly skipped?: Note
}

/** @throws FileError, ParseError, CommandError for a file that was named */
async function readHosts(
  context: Context,
  { path, named }: InputFile,
  request: HypervisorRequest,
): Promise<ReadHosts> {
  try {
    const text = readWholeText(path)
    const found = (named ? requireHosts : recordedHosts)(context, text, path, request)
    if (found.length > 0) return { found }
    const note = { kind: 'dump', source: path, text: 'passed over: tells of no hypervisor' } as const
    return { found, skipped: note }
  } catch (error) {
    if (!named && isBadFile(error)) return { found: [], skipped: await noteOfFile(path, error) }
    throw error instanceof LibvirtError
      ? new CommandError([`Failed to use the hypervisor of '${path}'`, error.message], { cause: error })
      : error
  }
}
