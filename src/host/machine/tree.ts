import { accessSync, constants, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

/**
 * The files of a host: `/`, or a folder to which `sys`, `proc`, `dev` and `etc` of one were copied. Paths are relative
 * to it. What is not there, or may not be seen, reads as nothing; the latter is remembered.
 */
export class HostTree {
  readonly root: string
  /** Paths that are there and may not be read, in the order of asking. */
  readonly denied = new Set<string>()

  constructor(root: string) {
    this.root = root
  }

  /** Whether it is the running host itself: only that one can be asked anything but files. */
  get isLive(): boolean {
    return this.root === '/'
  }

  /** A file's text without white space around it; archives may have padded it with zeros. */
  text(path: string): string | undefined {
    return this.bytes(path)?.toString('latin1').split('\0', 1)[0]?.trim()
  }

  bytes(path: string): Buffer | undefined {
    return this.#look(path, full => readFileSync(full))
  }

  /** A number that the whole file is, decimal; undefined for anything else. */
  number(path: string): number | undefined {
    const text = this.text(path)
    return text !== undefined && /^-?\d+$/.test(text) ? Number(text) : undefined
  }

  /** Names in a folder, in bytewise order. */
  names(path: string): string[] {
    return this.#look(path, full => readdirSync(full).sort()) ?? []
  }

  /** The numbers that follow `prefix` in names of a folder, ascending: `cpu` in `cpu0 cpu1 cpufreq` are 0 and 1. */
  numbered(path: string, prefix = ''): number[] {
    return this.names(path)
      .filter(name => name.startsWith(prefix) && /^\d+$/.test(name.slice(prefix.length)))
      .map(name => Number(name.slice(prefix.length)))
      .sort((a, b) => a - b)
  }

  has(path: string): boolean {
    return this.#look(path, full => statSync(full)) !== undefined
  }

  /** Whether this user may open a file to read and write. */
  mayWrite(path: string): boolean {
    try {
      accessSync(join(this.root, path), constants.R_OK | constants.W_OK)
      return true
    } catch {
      return false
    }
  }

  #look<T>(path: string, look: (full: string) => T): T | undefined {
    try {
      return look(join(this.root, path))
    } catch (error) {
      if (isDenied(error)) this.denied.add(path)
      return undefined
    }
  }
}

const isDenied = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'EACCES' || error.code === 'EPERM')
