import { ParseError } from '../../core/parse-error.ts'
import type { Found, FoundCpu, NamedCpu } from '../../formats/found.ts'
import { CpuJoiner } from '../../formats/libvirt/find-cpus.ts'
import type { Note } from '../../questions/words/note.ts'
import { FileError, isBadFile, throwAll } from './file-error.ts'
import {
  filesOf,
  type InputFile,
  isFile,
  LARGEST_OF_VIRSH,
  noteOfFile,
  readBytes,
  readFound,
  STDIN,
} from './files.ts'

/** Remembers the bytes of an input that can be read only once, so that another reader can look at them again. */
class ReplayBuffer {
  #chunks: Buffer[] = []
  #size = 0

  /** Undefined where there were more than virsh reads of a file. */
  get bytes(): Buffer | undefined {
    return this.#size <= LARGEST_OF_VIRSH ? Buffer.concat(this.#chunks) : undefined
  }

  /** Yields the same chunks, and remembers them as long as they are not too many. */
  *record(chunks: Iterable<Buffer>): Generator<Buffer> {
    for (const chunk of chunks) {
      this.#size += chunk.length
      if (this.#size <= LARGEST_OF_VIRSH) this.#chunks.push(Buffer.from(chunk))
      else this.#chunks = []
      yield chunk
    }
  }
}

/** Names the CPUs of a file: by its path where it holds one, by path and number where it holds several, or what it calls them. */
class Namer {
  readonly #path: string
  readonly #take: (cpu: NamedCpu) => void
  #first: FoundCpu | undefined
  #count = 0

  constructor(path: string, take: (cpu: NamedCpu) => void) {
    this.#path = path
    this.#take = take
  }

  take(cpu: FoundCpu): void {
    this.#count++
    if (this.#count === 1) {
      this.#first = cpu
      return
    }
    this.#release(1)
    this.#take({ ...cpu, source: this.#nameOf(cpu, this.#count) })
  }

  /** Returns how many there were. */
  end(): number {
    this.#release(0)
    return this.#count
  }

  #release(number: number): void {
    if (!this.#first) return
    this.#take({ ...this.#first, source: this.#nameOf(this.#first, number) })
    this.#first = undefined
  }

  /** @param number 0: it is the only one */
  #nameOf({ called }: FoundCpu, number: number): string {
    return number === 0 ? this.#path : `${this.#path}#${called ?? number}`
  }
}

export interface CpuTaker {
  /** Takes each CPU, in order. */
  readonly cpu: (cpu: NamedCpu) => void
  /** Whether hosts that stand as libvirt prints them may come already read, which is faster. */
  readonly hosts?: boolean
  /** Whether XML is read as virsh reads it. */
  readonly asVirsh?: boolean
  /** Is told of each file of a directory that is left out. */
  readonly skipped?: (note: Note) => void
  /**
   * Returns what to throw for a file that is not well-formed. Absent: the error as it is.
   * @param bytes the first 10 MiB of an input that cannot be read again
   */
  readonly fault?: (error: ParseError, bytes: Buffer | undefined) => Promise<unknown>
}

/**
 * Reads every CPU of files and directories, in whatever dialect they are, one at a time. A CPU is named by its path
 * as typed, with `#N` where a file holds several. Of what is wrong with files that were named all is told, at the end.
 * @throws FileError; LibvirtError for a bad `<cpudata>`; ParseError for text that is not well-formed, with the
 *   path as source; an AggregateError of these
 */
export async function readCpus(paths: readonly string[], take: CpuTaker): Promise<void> {
  const errors: unknown[] = []
  for (const file of filesOf(paths)) {
    try {
      const skipped = await readFile(file, take)
      if (skipped) take.skipped?.(skipped)
    } catch (error) {
      errors.push(error)
    }
  }
  if (errors.length > 0) throwAll(errors)
}

/**
 * Reads the CPUs of one file as `readCpus` does. Returns a note where it is a file of a directory and holds no CPU, or
 * cannot be read: then none of its CPUs is taken, and text before XML makes it no XML.
 * @throws as `readCpus`
 */
export async function readFile(file: InputFile, take: CpuTaker): Promise<Note | undefined> {
  const held: NamedCpu[] = []
  const namer = new Namer(
    file.path === STDIN ? '<stdin>' : file.path,
    file.named ? take.cpu : cpu => held.push(cpu),
  )
  let other: Found | undefined
  try {
    other = await readInto(namer, file, take)
  } catch (error) {
    if (file.named || !isBadFile(error)) throw error
    return noteOfFile(file.path, error)
  }
  if (namer.end() === 0) {
    if (file.named) throw take.asVirsh ? withoutCpu(file.path) : await withoutAny(file.path, other)
    return noteOfFile(file.path)
  }
  held.forEach(take.cpu)
  return undefined
}

/** Returns the first thing that was found. */
async function readInto(
  namer: Namer,
  { path, named }: InputFile,
  take: CpuTaker,
): Promise<Found | undefined> {
  const replay = isFile(path) ? undefined : new ReplayBuffer()
  const bytes = readBytes(path)
  const joiner = new CpuJoiner(cpu => namer.take(cpu))
  let first: Found | undefined
  try {
    await readFound(path, replay ? replay.record(bytes) : bytes, {
      hosts: take.hosts,
      asVirsh: take.asVirsh && named,
      take(found) {
        first ??= found
        if (!take.asVirsh || !isQuotedMode(found)) joiner.take(found)
      },
    })
    joiner.end()
  } catch (error) {
    throw named && error instanceof ParseError && take.fault ? await take.fault(error, replay?.bytes) : error
  }
  return first
}

/** A host-model by itself: virsh takes no part of domain capabilities. */
const isQuotedMode = (found: Found): boolean => found.kind === 'document' && found.element.name === 'mode'

/** The error for a file without a CPU, in virsh's words. */
export const withoutCpu = (path: string): FileError => {
  const what = '<cpu> element or valid domain XML, host capabilities XML, or domain capabilities XML'
  return new FileError(path, `File '${path}' does not contain any ${what}`)
}

/** The error for a file without a CPU, in our words: what it is instead, and what reads it. */
async function withoutAny(path: string, other: Found | undefined): Promise<FileError> {
  const { describeWithoutCpu } = await import('../../formats/dialects.ts')
  const instead = other && describeWithoutCpu([other])
  if (instead) return new FileError(path, `${path}: no CPU found: ${instead}`)
  const { fleetFileOf } = await import('./fleet.ts')
  if (isFile(path) && fleetFileOf(path) !== undefined) return new FileError(path, `${path}: ${FLEET_FILE}`)
  const note = await noteOfFile(path)
  const guess = 'looksLike' in note && note.looksLike ? `; it looks like ${note.looksLike}` : ''
  return new FileError(path, `${path}: ${NOTHING}${guess}`)
}

const FLEET_FILE = 'a fleet file, which holds no CPU: give it to `hosts`, `explain`, `check` and their like'

const NOTHING = 'holds no CPU, host or guest in any format that is read (docs/formats.md lists them)'
