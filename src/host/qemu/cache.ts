import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { basename, join } from 'node:path'
import type { Conversation } from '../../qemu/qmp/conversation.ts'
import type { Exchange } from '../../qemu/qmp/exchange.ts'

/** Where a user's caches are. @see XDG Base Directory Specification */
export const cacheDirectory = (): string =>
  join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'virt-cpu', 'qemu')

const digest = (text: string): string => createHash('sha256').update(text).digest('hex')

/** One file a binary, so that what is outdated does not pile up. */
const fileOf = (directory: string, binary: string): string =>
  join(directory, `${basename(binary)}-${digest(binary).slice(0, 16)}.replies`)

/**
 * The conversation kept of a binary. Undefined where there is none, where something that its answers depend on has
 * changed since, and where the file is damaged.
 */
export function readCache(directory: string, binary: string, identity: string): Conversation | undefined {
  try {
    const text = readFileSync(fileOf(directory, binary), 'utf8')
    const end = text.indexOf('\n')
    const body = text.slice(end + 1)
    return text.slice(0, end) === headOf(identity, body) ? conversationOf(body, binary) : undefined
  } catch {
    return undefined // absent, unreadable, or not ours: it is asked anew
  }
}

/**
 * Keeps a conversation. The file is a recording like any other: a greeting that says what it holds for, then commands
 * and replies, a line each. Whoever reads it meanwhile sees the old one or the new one, whole.
 */
export function writeCache(directory: string, identity: string, conversation: Conversation): void {
  const file = fileOf(directory, conversation.source)
  const body = conversation.runs.flatMap(run => run.map(lineOf)).join('')
  const fresh = `${file}.${process.pid}`
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    writeFileSync(fresh, `${headOf(identity, body)}\n${body}`, { mode: 0o600, flag: 'wx' })
    renameSync(fresh, file)
  } catch {
    remove(fresh) // a full disk or a read-only home: the next call asks again
  }
}

function remove(file: string): void {
  try {
    rmSync(file, { force: true })
  } catch {
    // It never was: its directory is a file.
  }
}

const headOf = (identity: string, body: string): string =>
  JSON.stringify({ QMP: { keptBy: 'virt-cpu', for: JSON.parse(identity), sha256: digest(body) } })

const lineOf = ({ command, reply }: Exchange): string =>
  `${JSON.stringify(command)}\n${JSON.stringify(reply)}\n`

function conversationOf(body: string, source: string): Conversation {
  const lines = body.trimEnd().split('\n')
  const runs: Exchange[][] = []
  for (let i = 0; i + 1 < lines.length; i += 2) {
    const command = JSON.parse(lines[i] ?? '')
    if (command.execute === 'qmp_capabilities') runs.push([])
    runs.at(-1)?.push({ command, reply: JSON.parse(lines[i + 1] ?? ''), line: 2 * i + 3 })
  }
  return { source, runs, bare: false }
}
