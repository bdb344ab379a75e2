import { createHash } from 'node:crypto'
import {
  accessSync,
  closeSync,
  constants,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from 'node:fs'
import { homedir, release } from 'node:os'
import { basename, join } from 'node:path'
import type { QmpRecording } from '../../qemu/qmp/conversation.ts'
import type { QmpExchange } from '../../qemu/qmp/reply.ts'
import { ProbeError } from '../files/file-error.ts'
import { makeFolder } from '../files/write.ts'
import { askFirstRun, askSecondRun, type FirstRunFindings, REVISION } from './interview.ts'
import { Qemu } from './qemu.ts'

/**
 * Everything that a binary's answers depend on, as JSON: the same text, the same answers.
 * @param version virt-cpu's own
 * @throws ProbeError in libvirt's words where there is no such program
 */
function computeIdentity(binary: string, version: string): string {
  const { ctimeMs, size } = checkBinary(binary)
  return JSON.stringify({
    virtCpu: version,
    revision: REVISION,
    binary,
    changed: ctimeMs,
    size,
    kernel: release(),
    cpu: readHostCpuLines(),
    kvm: mayAccess('/dev/kvm', constants.R_OK | constants.W_OK),
    modules: MODULES.map(path => readBeginning(path).trim()),
  })
}

/** Whether guests may have guests, and encrypted memory. */
const MODULES = ['nested', 'sev', 'sev_es', 'sev_snp'].flatMap(name =>
  ['intel', 'amd'].map(vendor => `/sys/module/kvm_${vendor}/parameters/${name}`),
)

function checkBinary(binary: string): Stats {
  const stats = statSync(binary, { throwIfNoEntry: false })
  if (!stats) throw new ProbeError(`Cannot check QEMU binary ${binary}: No such file or directory`)
  const why = stats.isDirectory() ? 'Is a directory' : 'Permission denied'
  if (stats.isDirectory() || !mayAccess(binary, constants.X_OK)) {
    throw new ProbeError(`QEMU binary ${binary} is not executable: ${why}`)
  }
  return stats
}

function mayAccess(path: string, mode: number): boolean {
  try {
    accessSync(path, mode)
    return true
  } catch {
    return false
  }
}

/** What the kernel writes of the first CPU and does not change while it runs: vendor, signature, microcode, flags. */
function readHostCpuLines(): string[] {
  const [first = ''] = readBeginning('/proc/cpuinfo').split('\n\n', 1)
  return first
    .split('\n')
    .filter(line => /^(vendor|cpu family|model|stepping|microcode|flags|Features|CPU )/.test(line))
}

/** Long enough for one CPU of `/proc/cpuinfo`, which takes its time on a host of hundreds. */
const BEGINNING = 8192

/** Empty where the host has no such file. */
function readBeginning(path: string): string {
  try {
    const file = openSync(path, 'r')
    try {
      const bytes = Buffer.alloc(BEGINNING)
      return bytes.toString('utf8', 0, readSync(file, bytes))
    } finally {
      closeSync(file)
    }
  } catch {
    return ''
  }
}

/** Where a user's caches are. @see XDG Base Directory Specification */
const findCacheDirectory = (): string =>
  join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'virt-cpu', 'qemu')

const hashText = (text: string): string => createHash('sha256').update(text).digest('hex')

/** One file a binary, so that what is outdated does not pile up. */
const cacheFile = (directory: string, binary: string): string =>
  join(directory, `${basename(binary)}-${hashText(binary).slice(0, 16)}.replies`)

/**
 * The conversation kept of a binary. Undefined where there is none, where something that its answers depend on has
 * changed since, and where the file is damaged.
 */
function readCache(directory: string, binary: string, identity: string): QmpRecording | undefined {
  try {
    const text = readFileSync(cacheFile(directory, binary), 'utf8')
    const end = text.indexOf('\n')
    const body = text.slice(end + 1)
    return text.slice(0, end) === printHead(identity, body) ? parseCache(body, binary) : undefined
  } catch {
    return undefined // absent, unreadable, or not ours: it is asked anew
  }
}

/**
 * Keeps a conversation. The file is a recording like any other: a greeting that says what it holds for, then commands
 * and replies, a line each. Whoever reads it meanwhile sees the old one or the new one, whole.
 */
function writeCache(directory: string, identity: string, conversation: QmpRecording): void {
  const file = cacheFile(directory, conversation.source)
  const body = conversation.runs.flatMap(run => run.map(printExchange)).join('')
  const fresh = `${file}.${process.pid}`
  try {
    makeFolder(directory, 0o700)
    writeFileSync(fresh, `${printHead(identity, body)}\n${body}`, { mode: 0o600, flag: 'wx' })
    renameSync(fresh, file)
  } catch {
    removeFile(fresh) // a full disk or a read-only home: the next call asks again
  }
}

function removeFile(file: string): void {
  try {
    rmSync(file, { force: true })
  } catch {
    // It never was: its directory is a file.
  }
}

const printHead = (identity: string, body: string): string =>
  JSON.stringify({ QMP: { keptBy: 'virt-cpu', for: JSON.parse(identity), sha256: hashText(body) } })

const printExchange = ({ command, reply }: QmpExchange): string =>
  `${JSON.stringify(command)}\n${JSON.stringify(reply)}\n`

function parseCache(body: string, source: string): QmpRecording {
  const lines = body.trimEnd().split('\n')
  const runs: QmpExchange[][] = []
  for (let i = 0; i + 1 < lines.length; i += 2) {
    const command = JSON.parse(lines[i] ?? '')
    if (command.execute === 'qmp_capabilities') runs.push([])
    runs.at(-1)?.push({ command, reply: JSON.parse(lines[i + 1] ?? ''), line: 2 * i + 3 })
  }
  return { source, runs, bare: false }
}

declare const __VERSION__: string

export interface ProbeQemuOptions {
  /** The path of a QEMU binary; `findEmulator` knows where one is. */
  readonly binary: string
  /** Where answers are kept; `none`: they are neither looked up nor kept. Absent: the user's cache directory. */
  readonly cache?: string | 'none' | undefined
  /** How long QEMU may say nothing, in milliseconds; absent: 120 s. */
  readonly timeout?: number | undefined
}

/**
 * What a QEMU binary can do on this host: asked once with KVM where that works and once emulating, or remembered
 * from the last time, as long as neither the binary nor the host has changed.
 * @throws ProbeError, LibvirtError where it cannot be started, is no QEMU, too old, or silent
 */
export async function probeQemu({ binary, cache, timeout }: ProbeQemuOptions): Promise<QmpRecording> {
  const identity = computeIdentity(binary, __VERSION__)
  if (cache === 'none') return recordRuns(binary, timeout)
  const directory = cache ?? findCacheDirectory()
  const known = readCache(directory, binary, identity)
  if (known) return known
  const asked = await recordRuns(binary, timeout)
  writeCache(directory, identity, asked)
  return asked
}

async function recordRuns(binary: string, timeout: number | undefined): Promise<QmpRecording> {
  const first = await Qemu.start(binary, { accelerator: 'kvm:tcg', timeout })
  const { found, said } = await first.run(askFirstRun()).finally(() => first.end())
  const runs = found.accelerator === 'tcg' ? [said] : [said, await recordEmulation(binary, found, timeout)]
  return { source: binary, runs, bare: false }
}

async function recordEmulation(
  binary: string,
  found: FirstRunFindings,
  timeout?: number,
): Promise<readonly QmpExchange[]> {
  const second = await Qemu.start(binary, { accelerator: 'tcg', timeout })
  const { said } = await second.run(askSecondRun(found)).finally(() => second.end())
  return said
}
