import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { basename, join } from 'node:path'
import type { QmpRecording } from '../../qemu/qmp/conversation.ts'
import type { QmpExchange } from '../../qemu/qmp/exchange.ts'

/** Where a user's caches are. @see XDG Base Directory Specification */
export const findCacheDirectory = (): string =>
  join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'virt-cpu', 'qemu')

const hashText = (text: string): string => createHash('sha256').update(text).digest('hex')

/** One file a binary, so that what is outdated does not pile up. */
const cacheFile = (directory: string, binary: string): string =>
  join(directory, `${basename(binary)}-${hashText(binary).slice(0, 16)}.replies`)

/**
 * The conversation kept of a binary. Undefined where there is none, where something that its answers depend on has
 * changed since, and where the file is damaged.
 */
export function readCache(directory: string, binary: string, identity: string): QmpRecording | undefined {
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
export function writeCache(directory: string, identity: string, conversation: QmpRecording): void {
  const file = cacheFile(directory, conversation.source)
  const body = conversation.runs.flatMap(run => run.map(printExchange)).join('')
  const fresh = `${file}.${process.pid}`
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
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
