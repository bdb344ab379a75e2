import { hex, type U32 } from '../../core/bits.ts'
import type { CpuidData, CpuidRow, MsrRow } from '../../core/cpuid-data.ts'
import { internalError, LibvirtError } from '../../core/libvirt-error.ts'
import { ParseError } from '../../core/parse-error.ts'
import { children, type Element } from '../../xml/element.ts'
import { parseXml } from '../../xml/reader.ts'

/** The words of a `<cpudata>` document. @throws LibvirtError where it is none; the fault of the XML is its cause */
export function readCpudata(text: string): CpuidData {
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
export function parseCpudata(element: Element): CpuidData {
  const arch = element.name === 'cpudata' ? element.attributes.arch : undefined
  if (arch === undefined) throw internalError('missing CPU data architecture')
  if (arch !== 'x86') throw internalError(`CPU driver '${arch}' does not exist`)
  const items = children(element)
  if (items.length === 0) throw internalError('no x86 CPU data found')
  const leaves: CpuidRow[] = []
  const msrs: MsrRow[] = []
  for (const [index, item] of items.filter(({ name }) => name !== 'alias').entries()) {
    if (item.name === 'cpuid') leaves.push(parseCpuid(item, index))
    else msrs.push(parseMsr(item, index))
  }
  return { leaves, msrs }
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
export function printCpudata({ leaves, msrs }: CpuidData): string {
  const cpuid = merge(leaves, 2).map(([leaf, subleaf, eax, ebx, ecx, edx]) => {
    return `  <cpuid eax_in='${word(leaf)}' ecx_in='${word(subleaf)}' eax='${word(eax)}' ebx='${word(ebx)}' ecx='${word(ecx)}' edx='${word(edx)}'/>\n`
  })
  const msr = merge(msrs, 1).map(([index, low, high]) => {
    return `  <msr index='0x${hex(index ?? 0, 1)}' eax='${word(low)}' edx='${word(high)}'/>\n`
  })
  return `<cpudata arch='x86'>\n${cpuid.join('')}${msr.join('')}</cpudata>\n`
}

const word = (value = 0): string => `0x${hex(value)}`

/** One row for each key, which is the first `keys` columns. */
function merge(rows: readonly (readonly number[])[], keys: number): number[][] {
  const merged = new Map<string, number[]>()
  for (const row of rows) {
    const key = row.slice(0, keys).join()
    const known = merged.get(key)
    merged.set(
      key,
      known ? known.map((column, i) => (i < keys ? column : (column | (row[i] ?? 0)) >>> 0)) : [...row],
    )
  }
  const kept = [...merged.values()].filter(row => row.slice(keys).some(column => column !== 0))
  return kept.sort((a, b) => (a[0] ?? 0) - (b[0] ?? 0) || (keys > 1 ? (a[1] ?? 0) - (b[1] ?? 0) : 0))
}
