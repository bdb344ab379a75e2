import { accessSync, constants, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { NamedRegisters } from '../../core/cpu.ts'
import { internalError } from '../../core/libvirt-error.ts'
import { parseCpuList } from '../../core/text.ts'

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

/** Where the kernel tells of processors, memory and their arrangement. */
export const CPUS = 'sys/devices/system/cpu'
export const NODES = 'sys/devices/system/node'
export const RESCTRL = 'sys/fs/resctrl/info'

/** A set of processors that the kernel keeps in a file; undefined: it does not. */
export function readCpuSet(tree: HostTree, name: 'present' | 'online'): ReadonlySet<number> | undefined {
  const list = parseCpuList(tree.text(`${CPUS}/${name}`) ?? '?')
  return list && new Set(list)
}

/** The number of a logical CPU's socket; one without a number is the first. */
export const readSocket = (tree: HostTree, cpu: number): number =>
  Math.max(0, tree.number(`${CPUS}/cpu${cpu}/topology/physical_package_id`) ?? 0)

/**
 * The number of a logical CPU's core in its socket; one without a number is the first.
 * @throws LibvirtError for a number below 0
 */
export function readCore(tree: HostTree, cpu: number): number {
  const path = `${CPUS}/cpu${cpu}/topology/core_id`
  const core = tree.number(path) ?? 0
  if (core < 0) throw internalError(`Invalid unsigned integer value '${core}' in file '/${path}'`)
  return core
}

/** The logical CPUs of the same core, itself among them. */
export const readSiblings = (tree: HostTree, cpu: number): readonly number[] =>
  parseCpuList(tree.text(`${CPUS}/cpu${cpu}/topology/thread_siblings_list`) ?? '?') ?? [cpu]

/** Bytes of an entry: a kind and a value of 64 bits each. */
const ENTRY = 16

/** What the kernel told this program at its start; undefined where it did not. @see getauxval(3) */
export function readAuxiliaryValue(tree: HostTree, kind: bigint): bigint | undefined {
  const vector = tree.bytes('proc/self/auxv') ?? Buffer.alloc(0)
  for (let at = 0; at + ENTRY <= vector.length; at += ENTRY) {
    if (vector.readBigUInt64LE(at) === kind) return vector.readBigUInt64LE(at + 8)
  }
  return undefined
}

/** @see getauxval(3) */
const AT_HWCAP = 16n

/** The registers that tell the model of a processor of ARM or POWER, as far as the kernel shows them. */
export function readRegisters(tree: HostTree): NamedRegisters {
  const registers = new Map<string, bigint>()
  const midr = tree.text(`${CPUS}/cpu0/regs/identification/midr_el1`)
  if (midr?.match(/^0x[0-9a-f]+$/i)) registers.set('MIDR_EL1', BigInt(midr))
  const hwcap = readAuxiliaryValue(tree, AT_HWCAP)
  if (hwcap !== undefined) registers.set('AT_HWCAP', hwcap)
  const [, version, revision] =
    /\(pvr ([0-9a-f]{4}) ([0-9a-f]{4})\)/i.exec(tree.text('proc/cpuinfo') ?? '') ?? []
  if (version && revision) registers.set('PVR', BigInt(`0x${version}${revision}`))
  return registers
}
