import { readFileSync } from 'node:fs'
import { machine } from 'node:os'
import { join, resolve } from 'node:path'
import { ParseError } from '../../core/parse-error.ts'
import { parseCpuList } from '../../core/text.ts'
import type { RouteFailure } from '../../formats/host/host-facts.ts'
import { codeOf, FileError, fileError, ProbeError, wordOf } from '../files/file-error.ts'

/** What Linux tells of its CPUs in files below a root directory: this machine's, `/`, or a recorded one's. */
export class LinuxSystem {
  readonly root: string

  constructor(root: string) {
    this.root = resolve(root)
  }

  /** Whether it is this machine. */
  get isHere(): boolean {
    return this.root === '/'
  }

  /** Of a recorded machine nothing says it; of those that may be recorded nearly all are. */
  get arch(): string {
    return this.isHere ? machine() : 'x86_64'
  }

  /** The CPUs that run. Where the system does not say: the first. */
  get online(): readonly number[] {
    return this.#list('online') ?? [0]
  }

  get offline(): readonly number[] {
    const online = new Set(this.online)
    return (this.#list('present') ?? []).filter(cpu => !online.has(cpu))
  }

  /** Whether cores run several threads: `on`, `off`, `forceoff`, `notsupported`; undefined where nothing says so. */
  get smt(): string | undefined {
    return this.text(CPUS, 'smt/control')?.trim()
  }

  path(...parts: string[]): string {
    return join(this.root, ...parts)
  }

  /** A file's text. @throws FileError */
  read(...parts: string[]): string {
    const path = this.path(...parts)
    try {
      return readFileSync(path, 'utf8')
    } catch (error) {
      throw fileError('open', path, error)
    }
  }

  /** A file's text; undefined where there is none to be read. */
  text(...parts: string[]): string | undefined {
    try {
      return this.read(...parts)
    } catch {
      return undefined
    }
  }

  /** @throws RouteError where it is not this machine, which alone can run programs for us */
  requireHere(): void {
    if (!this.isHere) throw new RouteError('these are the files of another machine')
  }

  /** @throws ProbeError where it is this machine, and nothing of ours can be there */
  requireLinuxOnX86(): void {
    const { platform, arch } = process
    if (!this.isHere || (platform === 'linux' && (arch === 'x64' || arch === 'ia32'))) return
    const name = SYSTEMS[platform] ?? platform
    throw new ProbeError(`only x86 machines that run Linux can be probed, and this is ${name} on ${arch}`)
  }

  #list(name: string): number[] | undefined {
    const text = this.text(CPUS, name)
    return text === undefined ? undefined : parseCpuList(text)
  }
}

const SYSTEMS: Readonly<Record<string, string>> = { linux: 'Linux', darwin: 'macOS', win32: 'Windows' }

const CPUS = 'sys/devices/system/cpu'

/** A way to read CPUs that is not there on this machine, and why. */
export class RouteError extends Error {
  override readonly name = 'RouteError'
}

/** What came of trying. */
type Attempt<T> =
  | { readonly value: T; readonly failure?: undefined }
  | { readonly failure: RouteFailure; readonly value?: undefined }

/** What `read` answers, or why this way is not there; faults of ours are thrown. */
export function tryRoute<T>(tried: string, read: () => T): Attempt<T> {
  try {
    return { value: read() }
  } catch (error) {
    return { failure: { tried, why: describeFailure(error) } }
  }
}

function describeFailure(error: unknown): string {
  if (error instanceof FileError) return wordOf(codeOf(error.cause)) || error.message
  if (error instanceof RouteError || error instanceof ParseError) return error.message
  throw error
}
