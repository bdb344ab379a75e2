import type { Cpu } from '../../core/cpu.ts'
import { Cpuid, type CpuidRow, type MsrRow } from '../../core/cpuid.ts'
import type { LibvirtVersion } from '../../core/libvirt-version.ts'
import { ParseError } from '../../core/parse-error.ts'
import { dialectOf, dialectsOf, loadYamlFor, readText } from '../../formats/dialects.ts'
import type { Found, FoundCpu } from '../../formats/found.ts'
import { sortChildren, textOfChild, topologyOf } from '../../formats/libvirt/attributes.ts'
import { readCpudata } from '../../formats/libvirt/cpudata.ts'
import { libvirtXml } from '../../formats/libvirt/document-reader.ts'
import { domainOf, domainsOf, parseDomainCpu } from '../../formats/libvirt/domain.ts'
import { CpuJoiner, findCpus, joinCpus } from '../../formats/libvirt/find-cpus.ts'
import { readPrintedHost } from '../../formats/libvirt/host-text.ts'
import { type Expected, parseCpu } from '../../formats/libvirt/parse-cpu.ts'
import { ChunkReader } from '../../formats/read-chunks.ts'
import type { CpuMap } from '../../map/cpu-map.ts'
import { type GuestRequest, parseGuestRequest, requestOfGuest } from '../../qemu/guest/parse-request.ts'
import { parseXml } from '../../xml/reader.ts'
import { type Context, contextOf } from '../context.ts'
import type { Note, Noted } from '../words/note.ts'
import { definitionOf } from './definition-of.ts'

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

/** A guest of a text, not looked at yet: what is wrong with a domain is libvirt's refusal of the guest. */
export interface GivenGuest {
  /** Absent: the text does not say. */
  readonly name?: string | undefined
  /** @throws LibvirtError for a bad domain */
  readonly request: () => GuestRequest
}

/**
 * The guests of a text in any dialect: domains, or what platforms define.
 * @param source what errors call the text
 * @param libvirt whose words refuse a bad domain
 * @throws ParseError for a text without a guest
 */
export function readGuests(text: string, source: string, libvirt: LibvirtVersion): GivenGuest[] {
  const guests = listGuests(text, source, libvirt)
  if (guests.length === 0)
    throw new ParseError('no guest: neither a <domain> nor what a platform defines', source)
  return guests
}

/** The same; empty for a text without a guest. */
export const listGuests = (text: string, source: string, libvirt: LibvirtVersion): GivenGuest[] =>
  readText(text, source).flatMap((found): GivenGuest[] => {
    if (found.kind === 'guest') return [{ name: found.name, request: () => requestOfGuest(found) }]
    const domains = found.kind === 'document' ? domainsOf(found.element) : []
    return domains.map(domain => ({
      name: domainOf(domain).name,
      request: () => parseGuestRequest(domain, libvirt),
    }))
  })

/**
 * Whether a host hands devices over to guests by VFIO, as its document says: domain capabilities by what they list,
 * capabilities by an IOMMU that is not there. Undefined where it does not say.
 */
export function readVfioWord(text: string): boolean | undefined {
  const [, values] = /<enum name=['"]pciBackend['"](?:\/>|>([\s\S]*?)<\/enum>)/.exec(text) ?? []
  if (/<enum name=['"]pciBackend['"]/.test(text)) return /<value>vfio<\/value>/.test(values ?? '')
  return /<iommu support=['"]no['"]\s*\/>/.test(text) ? false : undefined
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

/** A CPU found in a text. */
export interface FoundHost {
  readonly cpu: Cpu
  /** Why a dump may not show every feature; empty for definitions. */
  readonly notes: readonly Note[]
}

/**
 * Returns every CPU in a text of any dialect, in order: definitions where virsh finds them, dumps as host
 * definitions. Empty where there is no CPU.
 * @param expected `host` reads definitions as `cpu-baseline` does, `auto` as `cpu-compare` does
 * @param source what errors call the text
 * @throws ParseError, LibvirtError
 */
export const findHosts = (
  context: Context,
  text: string,
  expected: Expected = 'auto',
  source = '',
): FoundHost[] =>
  joinCpus(readText(text, source, { hosts: expected !== 'guest' })).map(input => {
    const { value, notes } = definitionOf(context, { ...input, source }, expected)
    return { cpu: value, notes }
  })

export interface StreamOptions {
  /** `host` reads definitions as `cpu-baseline` does, `auto` (the default) as `cpu-compare` does. */
  readonly expected?: Expected
  /** What errors call the stream. */
  readonly source?: string
  /** Ends the reading: the iteration then throws the signal's reason. */
  readonly signal?: AbortSignal
  /** Whose facts dumps are named from; absent: the data that comes with this package. */
  readonly map?: CpuMap
}

/** What a stream is made of: UTF-8 bytes or text, cut anywhere. A web `ReadableStream` or a Node stream will do. */
export type Chunks = AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string>

/**
 * Yields every CPU of a stream of any length, in order: those of XML as soon as each is complete, in memory for one
 * document at a time; those of other dialects when the stream has ended. Yields nothing where there is no CPU.
 * @throws ParseError, LibvirtError, and the reason of `signal`
 */
export async function* streamCpus(chunks: Chunks, options: StreamOptions = {}): AsyncGenerator<FoundHost> {
  const { expected = 'auto', source = '', signal } = options
  const context = contextOf(options.map)
  const found: FoundCpu[] = []
  const joiner = new CpuJoiner(cpu => found.push(cpu))
  const dialects = async () => ({ dialectsOf, loadYamlFor, readText })
  const take = (one: Found): void => joiner.take(one)
  const reader = new ChunkReader({ source, hosts: expected !== 'guest', dialects, take })
  const complete = function* () {
    for (const cpu of found.splice(0)) {
      const { value, notes } = definitionOf(context, { ...cpu, source }, expected)
      yield { cpu: value, notes }
    }
  }
  for await (const chunk of chunks) {
    signal?.throwIfAborted()
    reader.write(chunk)
    yield* complete()
  }
  signal?.throwIfAborted()
  await reader.end()
  joiner.end()
  yield* complete()
}

/**
 * The first CPU of a text in any dialect: as `readCpu`, or a dump's host definition.
 * @throws ParseError, LibvirtError where there is none, or a bad one
 */
export function readAnyCpu(context: Context, text: string, expected: Expected, source: string): Noted<Cpu> {
  const printed = expected === 'guest' ? undefined : readPrintedHost(text)
  if (printed) return { value: printed, notes: [] }
  const dialect = dialectOf(text)
  if (!dialect || dialect.name === libvirtXml.name) {
    return { value: readCpu(text, expected, source), notes: [] }
  }
  const [first] = joinCpus(dialect.read(text, source))
  if (!first) throw new ParseError(`this ${dialect.title} has no CPU`, source)
  return definitionOf(context, { ...first, source }, expected)
}
