import type { HostTree } from './tree.ts'

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
