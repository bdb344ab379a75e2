import { isCpuidRecords, parseCpuidRecords, printCpuidR } from './dumps/cpuid-r.ts'

/**
 * The text of a file of unknown encoding, as dumps are: by its byte order mark, else UTF-16 where every other byte
 * at the start is zero, else UTF-8, else Latin-1. The byte order mark is left out. Records of Linux's cpuid driver
 * are written out as `cpuid -r` would.
 */
export function decodeBytes(bytes: Uint8Array): string {
  if (isCpuidRecords(bytes)) return printCpuidR(parseCpuidRecords(bytes))
  const encoding = encodingOf(bytes)
  if (encoding !== undefined) return new TextDecoder(encoding).decode(bytes)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return new TextDecoder('latin1').decode(bytes)
  }
}

function encodingOf([a, b, c, d]: Uint8Array): string | undefined {
  if (a === 0xef && b === 0xbb && c === 0xbf) return 'utf-8'
  if ((a === 0xff && b === 0xfe) || (a && b === 0 && c && d === 0)) return 'utf-16le'
  if ((a === 0xfe && b === 0xff) || (a === 0 && b && c === 0 && d)) return 'utf-16be'
  return undefined
}
