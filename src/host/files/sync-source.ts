import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { type FSWatcher, statSync, watch } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Context } from '../../questions/context.ts'
import { FileError, wordOf } from './file-error.ts'
import { filesOf, isDirectory, readWhole } from './files.ts'
import { type FilesLook, SyncedFiles } from './synced-files.ts'
import { makeFolder } from './write.ts'

/** Where the files of a fleet are. */
export interface FileSource {
  /** What it is called, without what is secret. */
  readonly name: string
  /**
   * What changed since a position, oldest first; nothing: it is as it was.
   * @throws FileError where it cannot be read now
   */
  readonly look: (position: string | undefined, signal: AbortSignal) => AsyncIterable<FilesLook>
  /** Calls back when something may have changed; where nothing tells, it never does. Returns what ends that. */
  readonly watch: (wake: () => void) => () => void
}

/** A folder, or a repository of git's: `git+https://host/fleet.git#branch:folder`. @throws FileError */
export function openSyncSource(text: string, context: Context, cache: string | undefined): FileSource {
  const files = new SyncedFiles(context)
  if (isRepository(text)) return new GitSource(readRepository(text), files, cache ?? usualCache())
  return new FolderSource(resolve(text), files)
}

/** As git itself tells them from paths; a folder with a repository is named by `git+file://`. */
const isRepository = (text: string): boolean => /^(?:git\+)?\w+:\/\/|^[\w.-]+@[\w.-]+:/.test(text)

const usualCache = (): string => join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'virt-cpu')

/** A file that changed so lately may still be written, in ms. */
const SETTLES = 2_000

/** How often, a second apart, others are waited for that are still written. */
const PATIENCE = 10

/** As many folders are watched: others are found when all are looked at. */
const MOST_WATCHED = 1_000

class FolderSource implements FileSource {
  readonly name: string
  readonly #files: SyncedFiles
  /** What was seen of each file: a later look that sees the same finds it settled. */
  #seen = new Map<string, string>()
  #applied = ''
  #folders: readonly string[] = []

  constructor(name: string, files: SyncedFiles) {
    this.name = name
    this.#files = files
  }

  async *look(_: string | undefined, signal: AbortSignal): AsyncGenerator<FilesLook> {
    for (let tries = 1; ; tries++) {
      const { entries, restless, broken } = this.#list()
      if (restless.size > 0 && tries < PATIENCE) {
        await pause(1_000, undefined, { signal })
        continue
      }
      const state = JSON.stringify([[...this.#seen], [...restless]])
      if (state === this.#applied) return
      const read = [...entries].map(([path, key]) => ({ path, key, bytes: () => this.#bytes(path, key) }))
      const look = await this.#files.read(read, new Map([...restless, ...broken]))
      yield { ...look, position: undefined, change: undefined }
      this.#applied = state
      return
    }
  }

  /** The files with what tells that one changed; those that change now; and folders that cannot be read. */
  #list() {
    const before = this.#seen
    const entries = new Map<string, string>()
    const restless = new Map<string, string | undefined>()
    const broken = new Map<string, string>()
    this.#seen = new Map()
    if (!isDirectory(this.name))
      throw new FileError(this.name, `Failed to open folder '${this.name}': ${wordOf('ENOENT')}`)
    for (const { path: file } of filesOf([this.name])) {
      const path = file.slice(this.name.length + 1)
      const stat = statSync(file, { throwIfNoEntry: false })
      if (!stat?.isFile()) {
        if (stat) broken.set(path, 'cannot be read')
        continue
      }
      const key = `${stat.size} ${stat.mtimeMs} ${stat.ino}`
      this.#seen.set(path, key)
      const isNew = Math.abs(Date.now() - stat.mtimeMs) < SETTLES && before.get(path) !== key
      if (isNew) restless.set(path, undefined)
      else entries.set(path, key)
    }
    this.#folders = [
      ...new Set([this.name, ...[...this.#seen.keys()].map(path => dirname(join(this.name, path)))]),
    ]
    return { entries, restless, broken }
  }

  /** Undefined: it changed while it was read. */
  #bytes(path: string, key: string): Buffer | undefined {
    const file = join(this.name, path)
    const bytes = readWhole(file, LARGEST)
    const stat = statSync(file, { throwIfNoEntry: false })
    return stat && `${stat.size} ${stat.mtimeMs} ${stat.ino}` === key ? bytes : undefined
  }

  watch(wake: () => void): () => void {
    const watched = new Map<string, FSWatcher>()
    const update = () => {
      const wanted = new Set(this.#folders.slice(0, MOST_WATCHED))
      for (const [folder, watcher] of watched)
        if (!wanted.has(folder)) {
          watcher.close()
          watched.delete(folder)
        }
      for (const folder of wanted) if (!watched.has(folder)) this.#watchOne(folder, watched, wake)
    }
    const again = setInterval(update, 1_000)
    again.unref()
    return () => {
      clearInterval(again)
      for (const watcher of watched.values()) watcher.close()
    }
  }

  /** Where the system has no more to give, or tells nothing of the folder, it is only looked at. */
  #watchOne(folder: string, watched: Map<string, FSWatcher>, wake: () => void): void {
    try {
      const watcher = watch(folder, { persistent: false }, wake)
      watcher.on('error', () => watched.delete(folder))
      watched.set(folder, watcher)
    } catch {
      // Gone, or too many: looking at all of them finds it.
    }
  }
}

/** A file of a host may have so many bytes. */
const LARGEST = 16 * 2 ** 20

interface Repository {
  readonly url: string
  /** As it may be shown. */
  readonly name: string
  /** Absent: the one that the repository has as its own. */
  readonly branch: string | undefined
  readonly folder: string | undefined
}

function readRepository(text: string): Repository {
  const [, url = '', branch, folder] = /^(?:git\+)?([^#]+)(?:#([^:]*)(?::(.*))?)?$/.exec(text) ?? []
  const name = text.replace(/\/\/[^/@]*@/, '//')
  if (branch && !/^[\w][\w./-]*$/.test(branch))
    throw new FileError(name, `${name}: no such name for a branch`)
  return {
    url,
    name,
    branch: branch || undefined,
    folder: folder?.replace(/^\/+|(?<!\/)\/+$/g, '') || undefined,
  }
}

/** How long a command of git's may take, in ms. */
const GIT_LIMIT = 120_000

/** As many commits are looked at one by one; of more only the last counts. */
const MOST_COMMITS = 50

/** Bytes of files that are read at once. */
const PART = 32 * 2 ** 20

/** Where the commit is noted that was fetched. */
const HEAD = 'refs/sync/head'

class GitSource implements FileSource {
  readonly name: string
  readonly #repository: Repository
  readonly #files: SyncedFiles
  readonly #cache: string
  #isReady = false

  constructor(repository: Repository, files: SyncedFiles, cache: string) {
    this.name = repository.name
    this.#repository = repository
    this.#files = files
    const hash = createHash('sha256').update(`${repository.url} ${repository.branch}`).digest('hex')
    this.#cache = join(cache, 'sync', `${hash.slice(0, 16)}.git`)
  }

  watch(): () => void {
    return () => {}
  }

  async *look(position: string | undefined, signal: AbortSignal): AsyncGenerator<FilesLook> {
    await this.#fetch(signal)
    const head = (await this.#git(['rev-parse', '--verify', `${HEAD}^{commit}`], signal)).toString().trim()
    if (head === position && !this.#files.isEmpty) return
    for (const commit of await this.#commits(position, head, signal)) {
      const look = await this.#files.read(await this.#entries(commit, signal), new Map())
      yield { ...look, position: commit, change: await this.#about(commit, signal) }
    }
  }

  async #fetch(signal: AbortSignal): Promise<void> {
    const { branch } = this.#repository
    let isFirst = false
    if (!this.#isReady) {
      makeFolder(dirname(this.#cache), 0o700)
      await this.#git(['init', '--quiet', '--bare', '--template=', this.#cache], signal)
      this.#isReady = true
      isFirst = !(await this.#has(HEAD, signal))
    }
    const what = `+${branch === undefined ? 'HEAD' : `refs/heads/${branch}`}:${HEAD}`
    const depth = isFirst ? ['--depth=1'] : []
    const plain = ['--quiet', '--no-tags', '--no-write-fetch-head', '--no-auto-gc', '--no-recurse-submodules']
    await this.#git(['fetch', ...plain, ...depth, 'sync', what], signal)
  }

  readonly #has = (what: string, signal: AbortSignal): Promise<boolean> =>
    this.#git(['rev-parse', '--quiet', '--verify', `${what}^{commit}`], signal).then(
      () => true,
      () => false,
    )

  /** Those after a position, where it is one that the branch still has; else the last. */
  async #commits(position: string | undefined, head: string, signal: AbortSignal): Promise<string[]> {
    if (position === undefined || position === head || this.#files.isEmpty) return [head]
    const isBefore = await this.#git(['merge-base', '--is-ancestor', position, head], signal).then(
      () => true,
      () => false,
    )
    if (!isBefore) return [head]
    const list = await this.#git(['rev-list', '--first-parent', '--reverse', `${position}..${head}`], signal)
    const commits = list.toString().trim().split('\n')
    return commits.length > MOST_COMMITS ? [head] : commits
  }

  async #about(commit: string, signal: AbortSignal): Promise<FilesLook['change']> {
    const form = ['--no-show-signature', '--format=%an%x00%ae%x00%cI%x00%s', '--no-patch']
    const said = await this.#git(['show', ...form, commit], signal)
    const [name = '', address = '', at = '', subject = ''] = said.toString().trimEnd().split('\0')
    return { commit, author: address ? `${name} <${address}>` : name, at, subject }
  }

  /** The files of a commit. Links, modules and what a dot hides are left out. */
  async #entries(commit: string, signal: AbortSignal) {
    const { folder } = this.#repository
    const tree = folder === undefined ? commit : `${commit}:${folder}`
    const list = await this.#git(['ls-tree', '-r', '-l', '-z', tree], signal)
    const files = list
      .toString()
      .split('\0')
      .flatMap(line => {
        const [, id, size, path] = /^100\d{3} blob ([\da-f]+) +(\d+)\t([\s\S]+)$/.exec(line) ?? []
        const isOurs = id && path && Number(size) <= LARGEST && !/(?:^|\/)\./.test(path)
        return isOurs ? [{ path, key: id, size: Number(size) }] : []
      })
    const bytes = await this.#blobs(
      files.filter(({ path, key }) => !this.#files.has(path, key)),
      signal,
    )
    return files.map(({ path, key }) => ({ path, key, bytes: () => bytes.get(key) }))
  }

  async #blobs(files: readonly { readonly key: string; readonly size: number }[], signal: AbortSignal) {
    const blobs = new Map<string, Buffer>()
    let part: string[] = []
    let size = 0
    const end = async () => {
      const output = await this.#git(['cat-file', '--batch', '--buffer'], signal, `${part.join('\n')}\n`)
      for (let at = 0; at < output.length; ) {
        const line = output.indexOf(10, at)
        const [id = '', , length] = output.toString('latin1', at, line).split(' ')
        const stop = line + 1 + Number(length)
        if (!(stop < output.length)) break
        blobs.set(id, output.subarray(line + 1, stop))
        at = stop + 1
      }
      part = []
      size = 0
    }
    for (const file of files) {
      part.push(file.key)
      size += file.size
      if (size > PART) await end()
    }
    if (part.length > 0) await end()
    return blobs
  }

  /** What a command of git's prints. It asks nobody, runs no hooks and no programs of the repository's. @throws FileError */
  #git(args: readonly string[], signal: AbortSignal, input = ''): Promise<Buffer> {
    const settings = {
      'core.hooksPath': '/dev/null',
      'core.fsmonitor': 'false',
      'credential.interactive': 'false',
      // Not among the arguments, which others on this machine see.
      'remote.sync.url': this.#repository.url,
    }
    const given = Object.entries(settings).flatMap(([key, value], i) => [
      [`GIT_CONFIG_KEY_${i}`, key],
      [`GIT_CONFIG_VALUE_${i}`, value],
    ])
    const env = {
      ...process.env,
      ...Object.fromEntries(given),
      ...{ GIT_CONFIG_COUNT: String(Object.keys(settings).length), GIT_DIR: this.#cache },
      ...{ GIT_TERMINAL_PROMPT: '0', GIT_ASKPASS: 'true', LC_ALL: 'C', GIT_OPTIONAL_LOCKS: '0' },
      GIT_ALLOW_PROTOCOL: 'file:git:http:https:ssh',
      GIT_SSH_COMMAND: process.env.GIT_SSH_COMMAND ?? 'ssh -oBatchMode=yes',
    }
    return runGit(args, { env, input, signal }).catch(error => {
      throw new FileError(this.name, `${this.name}: ${this.#shown(error.message)}`)
    })
  }

  /** Without what is secret of the address. */
  #shown(text: string): string {
    return text.replaceAll(this.#repository.url, this.name).replace(/\/\/[^/@\s]*@/g, '//')
  }
}

interface GitRun {
  readonly env: NodeJS.ProcessEnv
  readonly input: string
  readonly signal: AbortSignal
}

/** It and what it started end after a time. */
function runGit(args: readonly string[], { env, input, signal }: GitRun): Promise<Buffer> {
  return new Promise((done, fail) => {
    const child = spawn('git', args, { env, stdio: 'pipe', detached: true })
    const end = (why: string) => () => {
      fail(new Error(why))
      if (child.pid !== undefined) killGroup(child.pid)
    }
    const late = setTimeout(end(`git ${args[0]} took longer than ${GIT_LIMIT / 1000} seconds`), GIT_LIMIT)
    const stop = end('the server stops')
    signal.addEventListener('abort', stop, { once: true })
    const [out, told]: [Buffer[], Buffer[]] = [[], []]
    child.stdout.on('data', chunk => out.push(chunk))
    child.stderr.on('data', chunk => told.push(chunk))
    child.stdin.on('error', () => {})
    child.on('error', error => {
      const isMissing = 'code' in error && error.code === 'ENOENT'
      fail(isMissing ? new Error('the program git is not installed') : error)
    })
    child.on('close', status => {
      clearTimeout(late)
      signal.removeEventListener('abort', stop)
      if (status === 0) done(Buffer.concat(out))
      else fail(new Error(faultIn(Buffer.concat(told).toString()) || `git ${args[0]} failed`))
    })
    child.stdin.end(input)
  })
}

/** The line that says what went wrong. */
function faultIn(text: string): string {
  const lines = text.split('\n').filter(line => line.trim() !== '')
  return (lines.find(line => /^(?:fatal|error): /.test(line)) ?? lines.at(-1) ?? '').replace(
    /^(?:fatal|error): /,
    '',
  )
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It ended by itself.
  }
}
