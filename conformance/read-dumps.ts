import { decodeBytes } from '../src/formats/decode-bytes.ts'
import { readText } from '../src/formats/dialects.ts'
import type { DistinctDump } from '../src/formats/found.ts'

/** The distinct logical CPUs of x86 machines in a file. */
export const readDumps = (bytes: Uint8Array, source: string): readonly DistinctDump[] =>
  readText(decodeBytes(bytes), source).flatMap(found => (found.kind === 'dump' ? found.dumps : []))
