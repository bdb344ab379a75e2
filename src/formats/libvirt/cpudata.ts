import { hex, type U32 } from '../../core/bits.ts'
import { Cpuid, type CpuidRow, type MsrRow } from '../../core/cpuid.ts'
import { internalError, LibvirtError } from '../../core/libvirt-error.ts'
import { ParseError } from '../../core/parse-error.ts'
import { children, type Element } from '../../xml/element.ts'
import { parseXml } from '../../xml/reader.ts'
import { type Found, foundData } from '../found.ts'

/** What a top-level element is: the words of a `<cpudata>`, or a document of another kind. @throws LibvirtError */
export const foundElement = (element: Element): Found =>
  element.name === 'cpudata' ? foundData(parseCpudata(element)) : { kind: 'document', element }

/** The words of a `<cpudata>` document. @throws LibvirtError where it is none; the fault of the XML is its cause */
export function readCpudata(text: string): Cpuid {
  let root: Element
  try {
    root = parseXml(text)
  } catch (error) {
    if (error instanceof ParseError)
      throw new LibvirtError('internal', 'cannot parse CPU data', { cause: error })
    throw error
  }
  return parseCpudata(root)
}

/**
 * The words of a `<cpudata arch='x86'>` element, in its order; of no other architecture. An element that is neither
 * `cpuid` nor `alias` counts as an MSR, as in libvirt.
 * @throws LibvirtError
 */
export function parseCpudata(element: Element): Cpuid {
  const arch = element.name === 'cpudata' ? element.attributes.arch : undefined
  if (arch === undefined) throw internalError('missing CPU data architecture')
  if (arch !== 'x86') throw internalError(`CPU driver '${arch}' does not exist`)
  const items = children(element)
  if (items.length === 0) throw internalError('no x86 CPU data found')
  const rows: CpuidRow[] = []
  const msrs: MsrRow[] = []
  for (const [index, item] of items.filter(({ name }) => name !== 'alias').entries()) {
    if (item.name === 'cpuid') rows.push(parseCpuid(item, index))
    else msrs.push(parseMsr(item, index))
  }
  return Cpuid.of(rows, msrs)
}

function parseCpuid({ attributes }: Element, index: number): CpuidRow {
  const word = (name: string, absent?: string) => {
    const value = parseWord(attributes[name] ?? absent)
    if (value === undefined) throw internalError(`Invalid cpuid[${index}]`)
    return value
  }
  return [
    word('eax_in'),
    word('ecx_in', '0'),
    word('eax', '0'),
    word('ebx', '0'),
    word('ecx', '0'),
    word('edx', '0'),
  ]
}

function parseMsr({ attributes }: Element, index: number): MsrRow {
  const word = (name: string) => {
    const value = parseWord(attributes[name])
    if (value === undefined) throw internalError(`Invalid msr[${index}]`)
    return value
  }
  return [word('index'), word('eax'), word('edx')]
}

/** A C number: `0x…`, octal with a leading zero, or decimal. */
function parseWord(text: string | undefined): U32 | undefined {
  const digits = /^[ \t\n\v\f\r]*\+?(0x[0-9a-f]+|0[0-7]*|[1-9][0-9]*)$/i.exec(text ?? '')?.[1]
  if (digits === undefined) return undefined
  const value = /^0[0-7]/.test(digits) ? Number.parseInt(digits, 8) : Number(digits)
  return value <= 0xffff_ffff ? value : undefined
}

/** The data as libvirt prints it: sorted, words of one key ORed, all-zero ones left out. */
export function printCpudata(data: Cpuid): string {
  const merged = data.merged()
  const rows = merged.rows().map(([leaf, subleaf, eax, ebx, ecx, edx]) => {
    if (!(eax || ebx || ecx || edx)) return ''
    return `  <cpuid eax_in='${word(leaf)}' ecx_in='${word(subleaf)}' eax='${word(eax)}' ebx='${word(ebx)}' ecx='${word(ecx)}' edx='${word(edx)}'/>\n`
  })
  const msrs = merged.msrs().map(([index, low, high]) => {
    return low || high ? `  <msr index='0x${hex(index, 1)}' eax='${word(low)}' edx='${word(high)}'/>\n` : ''
  })
  return `<cpudata arch='x86'>\n${rows.join('')}${msrs.join('')}</cpudata>\n`
}

const word = (value: U32): string => `0x${hex(value)}`
