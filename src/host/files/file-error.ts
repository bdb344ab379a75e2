import { LibvirtError } from '../../core/libvirt-error.ts'
import { ParseError } from '../../core/parse-error.ts'

/** A file that cannot be read, in virsh's words. */
export class FileError extends Error {
  override readonly name = 'FileError'
  readonly path: string

  constructor(path: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.path = path
  }
}

/** glibc's words: what virsh and every other program on the host prints. */
const WORDS: Readonly<Record<string, string>> = {
  EACCES: 'Permission denied',
  EDQUOT: 'Disk quota exceeded',
  EIO: 'Input/output error',
  EISDIR: 'Is a directory',
  ELOOP: 'Too many levels of symbolic links',
  EMFILE: 'Too many open files',
  ENAMETOOLONG: 'File name too long',
  ENFILE: 'Too many open files in system',
  ENODEV: 'No such device',
  ENOENT: 'No such file or directory',
  ENOSPC: 'No space left on device',
  ENOTDIR: 'Not a directory',
  ENXIO: 'No such device or address',
  EPERM: 'Operation not permitted',
  EROFS: 'Read-only file system',
}

export const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''

/** What is said of an error number's name, `ENOENT`; the name itself where there are no words. */
export const wordOf = (code: string): string => WORDS[code] ?? code

/** `Failed to open file 'F': No such file or directory` */
export function fileError(what: 'open' | 'read' | 'write', path: string, error: unknown): FileError {
  const code = codeOf(error)
  const word = wordOf(code) || (error instanceof Error ? error.message : String(error))
  return new FileError(path, `Failed to ${what} file '${path}': ${word}`, { cause: error })
}

/** This host does not let itself be asked, or a program on it: in libvirt's words where it has some. */
export class ProbeError extends Error {
  override readonly name = 'ProbeError'
}

/** Whether an error is about a file and what is in it, and not a fault of ours. */
export const isBadFile = (error: unknown): boolean =>
  [FileError, ParseError, LibvirtError].some(kind => error instanceof kind)

/** Throws what went wrong with inputs that must be readable: all of it, as an AggregateError where there are several. */
export function throwAll(errors: readonly unknown[]): void {
  if (errors.length === 1) throw errors[0]
  if (errors.length > 1) throw new AggregateError(errors, errors.map(messageOf).join('\n'))
}

/** Makes something of each, and of what cannot be read an error that names all of it. @throws see `throwAll`; what is not about a file */
export function mapAll<T, U>(all: readonly T[], make: (one: T) => U): U[] {
  const errors: unknown[] = []
  const made = all.flatMap(one => {
    try {
      return [make(one)]
    } catch (error) {
      keepBadFile(errors, error)
      return []
    }
  })
  throwAll(errors)
  return made
}

/** Keeps an error about files among the others. @throws any other */
export function keepBadFile(errors: unknown[], error: unknown): void {
  if (!isBadFile(error) && !(error instanceof AggregateError)) throw error
  errors.push(error)
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
