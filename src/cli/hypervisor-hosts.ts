import { LibvirtError } from '../core/libvirt-error.ts'
import { filesOf, type InputFile } from '../host/files/files.ts'
import { readWholeText } from '../host/files/read-found.ts'
import type { Context } from '../questions/context.ts'
import { type HypervisorHost, hypervisorHost } from '../questions/input/hypervisor-host.ts'
import { recordedHosts, requireHosts } from '../questions/input/recorded-hypervisor.ts'
import type { Note } from '../questions/words/note.ts'
import { type HypervisorRequest, openHypervisor } from './hypervisor.ts'
import { CommandError } from './spec.ts'

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
  for (const file of filesOf(paths)) {
    const found = readHosts(context, file, request)
    hosts.push(...found)
    if (found.length === 0)
      notes.push({ kind: 'dump', source: file.path, text: 'passed over: tells of no hypervisor' })
  }
  const arches = new Set(hosts.map(({ arch }) => arch))
  if (arches.size > 1) throw new CommandError([`hosts of several architectures: ${[...arches].join(', ')}`])
  if (hosts.length === 0) throw new CommandError([`${paths.join(', ')}: no hypervisor is recorded there`])
  return { hosts, notes }
}

/** Empty for a file of a directory that describes no hypervisor. @throws FileError, ParseError, CommandError */
function readHosts(
  context: Context,
  { path, named }: InputFile,
  request: HypervisorRequest,
): HypervisorHost[] {
  const text = readWholeText(path)
  try {
    return (named ? requireHosts : recordedHosts)(context, text, path, request)
  } catch (error) {
    throw error instanceof LibvirtError
      ? new CommandError([`Failed to use the hypervisor of '${path}'`, error.message], { cause: error })
      : error
  }
}
