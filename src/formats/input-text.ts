import { parseAll } from '../xml/reader.ts'
import { parseCpuidJson } from './cpuid-json.ts'
import { detectFormat } from './detect.ts'
import { readDumps } from './dumps.ts'
import type { FoundInput } from './input-cpu.ts'
import { inputsOfElement } from './input-element.ts'

/**
 * The CPUs of a text in any format that can be told: XML documents in a row, one machine's dump, or JSON.
 * @throws ParseError, LibvirtError
 */
export function inputsOfText(text: string, source = ''): FoundInput[] {
  const format = detectFormat(text)
  if (format === 'xml') return parseAll(text, source).flatMap(inputsOfElement)
  if (format === 'json')
    return parseCpuidJson(text, source).map(data => ({
      kind: 'dump',
      dumps: [{ data, cpus: ['0'], notes: [] }],
    }))
  const dumps = format ? readDumps(text, source) : []
  return dumps.length > 0 ? [{ kind: 'dump', dumps }] : []
}
