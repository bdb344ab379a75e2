import { parseAll } from '../xml/reader.ts'
import { detectFormat } from './detect.ts'
import { readDumps } from './dumps.ts'
import type { FoundInput } from './input-cpu.ts'
import { inputsOfElement } from './input-element.ts'

/**
 * The CPUs of a text in any format that can be told: XML documents in a row, or one machine's dump.
 * @throws ParseError, LibvirtError
 */
export function inputsOfText(text: string, source = ''): FoundInput[] {
  const format = detectFormat(text)
  if (format === 'xml') return parseAll(text, source).flatMap(inputsOfElement)
  const dumps = format ? readDumps(text, source) : []
  return dumps.length > 0 ? [{ kind: 'dump', dumps }] : []
}
