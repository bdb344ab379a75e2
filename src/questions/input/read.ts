import type { Cpu } from '../../core/cpu.ts'
import { Cpuid, type CpuidRow, type MsrRow } from '../../core/cpuid.ts'
import { ParseError } from '../../core/parse-error.ts'
import { readText } from '../../formats/dialects.ts'
import { sortChildren, textOfChild, topologyOf } from '../../formats/libvirt/cpu-children.ts'
import { readCpudata } from '../../formats/libvirt/cpudata.ts'
import { domainsOf, parseDomainCpu } from '../../formats/libvirt/domain.ts'
import { findCpus } from '../../formats/libvirt/find-cpus.ts'
import { type Expected, parseCpu } from '../../formats/libvirt/parse-cpu.ts'
import type { Element } from '../../xml/element.ts'
import { parseXml } from '../../xml/reader.ts'

/**
 * The CPU of a document: a `<cpu>`, or the first that a domain, capabilities or domain capabilities hold.
 * @param source what errors call it
 * @throws ParseError when it is not XML; LibvirtError when it holds no CPU or a bad one
 */
export function readCpu(xml: string, expected: Expected, source = ''): Cpu {
  const root = parseXml(xml, source)
  const [first] = findCpus(root)
  return first?.origin === 'domain' ? parseDomainCpu(root) : parseCpu(first?.element ?? root, expected)
}

/**
 * The domain of a text, by its element.
 * @param source what errors call the text
 * @throws ParseError for a text without a domain, and for several
 */
export function readDomain(text: string, source: string): Element {
  const documents = readText(text, source).flatMap(found => (found.kind === 'document' ? found.element : []))
  const [domain, second] = documents.flatMap(domainsOf)
  if (!domain) throw new ParseError('no <domain>', source)
  if (second) throw new ParseError('several domains: give them one by one', source)
  return domain
}

/**
 * A host's CPU as capabilities print it: as `readCpu`, and one whose model nobody could tell, by architecture and
 * topology alone, which libvirt prints and does not read.
 * @throws ParseError, LibvirtError
 */
export function readReportedCpu(xml: string, source = ''): Cpu {
  const root = parseXml(xml, source)
  const { model, arch, topology } = sortChildren(root)
  // A host's definition that was read prints without its model; one that was decoded, with it.
  if (model || root.name !== 'cpu') {
    const cpu = readCpu(xml, 'host', source)
    return cpu.type === 'host' ? { ...cpu, detected: true } : { ...cpu, mode: 'custom' }
  }
  return { type: 'host', arch: textOfChild(arch), topology: topologyOf(topology), features: [] }
}

/** CPU data as a `<cpudata>` document, or as its words. */
type GivenData =
  | string
  | { readonly cpuid?: readonly CpuidRow[] | undefined; readonly msr?: readonly MsrRow[] | undefined }

/** @throws ParseError, LibvirtError for a document that is none */
export const readData = (given: GivenData): Cpuid =>
  typeof given === 'string' ? readCpudata(given) : Cpuid.of(given.cpuid ?? [], given.msr)

/** A host and a CPU, read in this order: what is wrong with the host is reported first. @throws ParseError, LibvirtError */
export function readPair(host: string, cpu: string, arch?: string): readonly [Cpu, Cpu] {
  const left = readCpu(host, 'auto', 'host')
  const right = readCpu(cpu, 'auto', 'cpu')
  return [arch === undefined ? left : { ...left, arch: left.arch ?? arch }, right]
}
