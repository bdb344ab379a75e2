import { totalmem } from 'node:os'

/** Bytes of a MiB. */
const MIB = 2 ** 20

/** The least memory that a server may be given, in MiB: with less a worker has no room for the data of CPUs. */
export const LEAST_MEMORY = 384

/** The heap that Node was started with, in MiB; undefined: no option of Node's says. */
function toldHeap(): number | undefined {
  const flags = `${process.env.NODE_OPTIONS ?? ''} ${process.execArgv.join(' ')}`
  const told = [...flags.matchAll(/--max[-_]old[-_]space[-_]size=(\d+)/g)].at(-1)?.[1]
  return told === undefined ? undefined : Number(told)
}

/** How much memory a server takes where no setting says, in MiB: what its control group allows, or half of what there is. */
export function availableMemory(): number {
  const group = process.constrainedMemory() / MIB || Number.POSITIVE_INFINITY
  const most = Math.min(4608, totalmem() / MIB / 2, group, 2.5 * (toldHeap() ?? Number.POSITIVE_INFINITY))
  return Math.max(LEAST_MEMORY, Math.floor(most))
}

/** What a process takes beside its heap, in MiB. */
const BASE = 72

/** What a server takes more for an inventory whose database is elsewhere, in MiB. */
const OF_STORE = 96

/**
 * How a server divides its memory: among bodies and unread answers, and its workers.
 * @param memory all of it, in MiB
 */
export function shareMemory(memory: number, processors: number, hasStore: boolean) {
  const bytes = Math.min(512, Math.floor(memory / 8))
  // The bodies that are read leave as much again before it is free.
  const left = memory - BASE - (hasStore ? OF_STORE : 0) - 1.5 * bytes
  const workers = Math.max(1, Math.min(4, processors, Math.floor(left / (BASE + 64))))
  return {
    /** Bytes for bodies of requests and answers that no client has read yet. */
    bytes: bytes * MIB,
    /** Bytes that an answer may have. */
    largest: (bytes * MIB) / 2,
    workers,
    /** MiB for what lives long in a worker. */
    heap: Math.min(1024, Math.floor(left / workers) - BASE),
    connections: Math.min(4096, 2 * memory),
  }
}
