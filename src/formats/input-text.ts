import { driverOf } from '../arch/registry.ts'
import { parseAll } from '../xml/reader.ts'
import { detectFormat, type Format } from './detect.ts'
import { readDumps } from './dumps/dumps.ts'
import { parseOtherCpuInfo } from './dumps/other-cpuinfo.ts'
import type { RegisterDump } from './dumps/register-dump.ts'
import { parseRegisterText } from './dumps/register-text.ts'
import type { FoundInput } from './input-cpu.ts'
import { parseCpuidJson } from './json/cpuid-json.ts'
import { inputsOfElement } from './libvirt/input-element.ts'

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
  const machine = format ? registersOfText(text, format) : []
  if (machine.length > 0) return [{ kind: 'registers', dumps: machine }]
  const dumps = format ? readDumps(text, source) : []
  return dumps.length > 0 ? [{ kind: 'dump', dumps }] : []
}

/** What Linux or a list of registers tells of a machine that is not x86. */
function registersOfText(text: string, format: Format): RegisterDump[] {
  if (format === 'registers') return parseRegisterText(text)
  if (format !== 'proc-cpuinfo') return []
  return parseOtherCpuInfo(text, (arch, flag) => driverOf(arch)?.flagPlace?.(flag))
}
