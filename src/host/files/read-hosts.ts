import { createReadStream } from 'node:fs'
import type { FoundHost } from '../../questions/input/read.ts'
import { type StreamOptions, streamCpus } from '../../questions/input/read.ts'
import type { Note } from '../../questions/words/note.ts'
import { readCpuidText } from './cpuid-device.ts'
import { withoutCpu } from './cpus.ts'
import { fileError, isBadFile } from './file-error.ts'
import { filesOf, type InputFile, isCpuidDevice, noteOfFile, STDIN } from './files.ts'

/** A CPU of a file, called by the file's path as given, with `#N` where the file holds several. */
export interface NamedHost extends FoundHost {
  readonly source: string
}

export interface ReadHostsOptions extends Omit<StreamOptions, 'source'> {
  /** Is told of each file of a directory that is left out: it holds no CPU, or cannot be read. */
  readonly skipped?: (note: Note) => void
}

/**
 * Every CPU of files and directories, in order, while they are being read; `-` is standard input. A file of a
 * directory that holds no CPU or cannot be read is left out.
 * @throws FileError, ParseError, LibvirtError, and the reason of `signal`
 */
export async function* readHosts(
  paths: readonly string[],
  { skipped, ...options }: ReadHostsOptions = {},
): AsyncGenerator<NamedHost> {
  for (const file of filesOf(paths)) {
    options.signal?.throwIfAborted()
    if (file.named) yield* hostsOf(file, options)
    else yield* hostsOfFound(file, options, skipped)
  }
}

/** As `hostsOf`, when all of the file is known to be readable. */
async function* hostsOfFound(
  file: InputFile,
  options: StreamOptions,
  skipped: ReadHostsOptions['skipped'],
): AsyncGenerator<NamedHost> {
  const hosts: NamedHost[] = []
  try {
    for await (const host of hostsOf(file, options)) hosts.push(host)
    if (hosts.length === 0) skipped?.(await noteOfFile(file.path))
  } catch (error) {
    if (!isBadFile(error)) throw error
    skipped?.(await noteOfFile(file.path, error))
    return
  }
  yield* hosts
}

/** One CPU behind: only the second tells that the first needs a number. */
async function* hostsOf({ path, named }: InputFile, options: StreamOptions): AsyncGenerator<NamedHost> {
  const source = path === STDIN ? '<stdin>' : path
  let first: FoundHost | undefined
  let count = 0
  for await (const host of streamCpus(chunksOf(path), { ...options, source })) {
    if (++count === 1) {
      first = host
      continue
    }
    if (first) yield { ...first, source: `${source}#1` }
    first = undefined
    yield { ...host, source: `${source}#${count}` }
  }
  if (first) yield { ...first, source }
  if (count === 0 && named) throw withoutCpu(path)
}

async function* chunksOf(path: string): AsyncGenerator<Uint8Array> {
  if (isCpuidDevice(path)) return yield readCpuidText(path)
  try {
    yield* path === STDIN ? process.stdin : createReadStream(path)
  } catch (error) {
    throw fileError(opened(error) ? 'read' : 'open', path, error)
  }
}

/** Whether it was not the opening that failed. */
const opened = (error: unknown): boolean =>
  !(error instanceof Error && 'syscall' in error && error.syscall === 'open')
