import type { U32 } from '../../core/bits.ts'
import { Cpuid, type CpuidRow } from '../../core/cpuid.ts'

/** EAX, EBX, ECX, EDX. */
const RECORD = 16

/**
 * Whether bytes are what Linux's `/dev/cpu/N/cpuid` hands out, as `dd` copies it: records of 16 bytes, the first of
 * leaf 0, whose EBX, EDX and ECX spell a vendor.
 */
export function isCpuidRecords(bytes: Uint8Array): boolean {
  if (bytes.length < 2 * RECORD || bytes.length % RECORD !== 0) return false
  const maximum = wordAt(bytes, 0)
  return (
    maximum > 0 &&
    maximum < 0x1_0000 &&
    /^[\x20-\x7e]{12}$/.test(String.fromCharCode(...bytes.subarray(4, 16)))
  )
}

/**
 * The rows of such records: leaf after leaf, each with subleaf 0, from 0 on; where a record begins another range, such
 * as that of 80000000H, from there on.
 * @see cpuid(4)
 */
export function parseCpuidRecords(bytes: Uint8Array): Cpuid {
  const rows: CpuidRow[] = []
  let leaf = 0
  for (let at = 0; at + RECORD <= bytes.length; at += RECORD, leaf++) {
    leaf = baseOf(bytes, at) ?? leaf
    const word = (offset: number) => wordAt(bytes, at + offset)
    rows.push([leaf, 0, word(0), word(4), word(8), word(12)])
  }
  return Cpuid.of(rows)
}

/** The range that a record begins: its EAX is the range's highest leaf, and it names the vendor again or nobody. */
function baseOf(bytes: Uint8Array, at: number): U32 | undefined {
  const maximum = wordAt(bytes, at)
  const base = (maximum & 0xffff_0000) >>> 0
  if (at === 0 || !BASES.has(base) || (maximum & 0xffff) > 0xff) return undefined
  const [first, own] = [bytes.subarray(4, RECORD), bytes.subarray(at + 4, at + RECORD)]
  return own.every(byte => byte === 0) || own.every((byte, i) => byte === first[i]) ? base : undefined
}

const BASES: ReadonlySet<U32> = new Set([0x8000_0000, 0xc000_0000])

const wordAt = (bytes: Uint8Array, at: number): U32 =>
  new DataView(bytes.buffer, bytes.byteOffset + at, 4).getUint32(0, true)
