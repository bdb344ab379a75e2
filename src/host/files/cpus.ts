import { ParseError } from '../../core/parse-error.ts'
import type { FoundInput, InputCpu } from '../../formats/input-cpu.ts'
import { readDocuments } from './documents.ts'
import { FileError } from './file-error.ts'
import { filesOf, type InputFile, isFile } from './files.ts'
import { readBytes, STDIN } from './read-bytes.ts'

/** As much as virsh would read of a file. */
const LIMIT = 10 * 2 ** 20

/** Bytes that went by, for a second look at an input that can be read only once. */
class Kept {
  #chunks: Buffer[] = []
  #size = 0

  /** Undefined where there were too many. */
  get bytes(): Buffer | undefined {
    return this.#size <= LIMIT ? Buffer.concat(this.#chunks) : undefined
  }

  /** The same chunks, remembered as long as they are not too many. */
  *keeping(chunks: Iterable<Buffer>): Generator<Buffer> {
    for (const chunk of chunks) {
      this.#size += chunk.length
      if (this.#size <= LIMIT) this.#chunks.push(Buffer.from(chunk))
      else this.#chunks = []
      yield chunk
    }
  }
}

/** Names CPUs: the path alone as long as there may be only one. */
class Namer {
  readonly #path: string
  readonly #take: (cpu: InputCpu) => void
  #first: FoundInput | undefined
  #count = 0

  constructor(path: string, take: (cpu: InputCpu) => void) {
    this.#path = path
    this.#take = take
  }

  take(cpu: FoundInput): void {
    this.#count++
    if (this.#count === 1) {
      this.#first = cpu
      return
    }
    this.#release('#1')
    this.#take({ ...cpu, source: `${this.#path}#${this.#count}` })
  }

  /** Answers how many there were. */
  end(): number {
    this.#release('')
    return this.#count
  }

  #release(suffix: string): void {
    if (!this.#first) return
    this.#take({ ...this.#first, source: this.#path + suffix })
    this.#first = undefined
  }
}

export interface CpuTaker {
  /** Takes each CPU, in order. */
  readonly cpu: (cpu: InputCpu) => void
  /** Whether hosts that stand as libvirt prints them may come already read, which is faster. */
  readonly hosts?: boolean
  /** Is told of each file of a directory that holds no CPU. */
  readonly without?: (path: string) => void
  /**
   * What to throw for a file that is not well-formed; absent: the error as it is.
   * @param bytes how the input began, up to 10 MiB, where it cannot be read again
   */
  readonly fault?: (error: ParseError, bytes: Buffer | undefined) => Promise<unknown>
}

/**
 * Reads every CPU of files and directories, one at a time, in memory for one document. A host is called by
 * its path as typed, with `#N` where a file holds several.
 * @throws FileError; LibvirtError for a bad `<cpudata>`; ParseError for text that is not well-formed, with the
 *   path as source
 */
export async function readCpus(paths: readonly string[], take: CpuTaker): Promise<void> {
  for (const file of filesOf(paths)) if (!(await readFile(file, take))) take.without?.(file.path)
}

/**
 * As `readCpus`, of one file; answers false for one met in a directory that holds no CPU.
 * @throws as `readCpus`
 */
export async function readFile(file: InputFile, take: CpuTaker): Promise<boolean> {
  const namer = new Namer(file.path === STDIN ? '<stdin>' : file.path, take.cpu)
  const kept = isFile(file.path) ? undefined : new Kept()
  try {
    await readAll(file.path, namer, kept, take.hosts ?? false)
  } catch (error) {
    throw error instanceof ParseError && take.fault ? await take.fault(error, kept?.bytes) : error
  }
  const found = namer.end()
  if (found === 0 && file.named) throw withoutCpu(file.path)
  return found > 0
}

/** virsh's text. */
export const withoutCpu = (path: string): FileError => {
  const what = '<cpu> element or valid domain XML, host capabilities XML, or domain capabilities XML'
  return new FileError(path, `File '${path}' does not contain any ${what}`)
}

async function readAll(path: string, namer: Namer, kept: Kept | undefined, hosts: boolean): Promise<void> {
  const take = (found: FoundInput) => namer.take(found)
  await readDocuments(path, kept ? kept.keeping(readBytes(path)) : readBytes(path), {
    hosts,
    take,
    text: async text => {
      const { inputsOfText } = await import('./other-formats.ts')
      inputsOfText(text, path).forEach(take)
    },
  })
}
