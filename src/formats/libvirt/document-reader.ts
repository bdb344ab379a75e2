import { ARCH_NAMES, type CpuFeature, type HostCpu, type Topology } from '../../core/cpu.ts'
import { intern, TextMemo } from '../../core/memo.ts'
import type { Element } from '../../xml/element.ts'
import { XmlReader } from '../../xml/reader.ts'
import type { Dialect, Found } from '../found.ts'
import { foundElement } from './cpudata.ts'

const START = '<cpu>\n'
const END = '\n</cpu>\n'
const BEFORE = "\n  <feature name='"
const AFTER = "'/>"

const number = '([1-9][0-9]{0,8}|0)'
const positive = '([1-9][0-9]{0,8})'

/** What stands before the features, in the order in which libvirt prints it. */
const HEAD = new RegExp(
  [
    '^<cpu>\n  <arch>([a-z0-9_]+)</arch>\n  <model>([A-Za-z0-9_.-]+)</model>',
    '(?:\n  <vendor>([A-Za-z0-9 ]*[A-Za-z0-9])</vendor>)?',
    `(?:\n  <microcode version='${number}'/>)?`,
    `(?:\n  <signature family='${positive}' model='${number}' stepping='${number}'/>)?`,
    `(?:\n  <topology sockets='${positive}' dies='${positive}' clusters='${positive}' cores='${positive}' threads='${positive}'/>)?`,
    `(?:\n  <maxphysaddr mode='emulate' bits='${number}'/>)?$`,
  ].join(''),
)

/**
 * Reads host definitions that stand exactly as libvirt prints them, one after the other: what most pools are
 * made of. The engine's own string functions do most of the work, so it is fast from the first document on.
 * What differs in anything, be it a blank, is not taken: it is for the XML reader to say what it means.
 */
export class HostText {
  /** How many lines were read. */
  lines = 0
  /** What stands before the features mostly recurs; the one met last. */
  #head: { readonly text: string; readonly host: HostCpu } | undefined

  /** The definition at `at`, and where the next one begins; undefined where there is none, or not all of it. */
  read(text: string, at: number): { readonly cpu: HostCpu; readonly next: number } | undefined {
    const again = texts.findNext(text, at)
    if (again) return this.#reread(again, at)
    if (!text.startsWith(START, at)) return undefined
    const end = text.indexOf(END, at)
    if (end < 0) return undefined
    const next = end + END.length
    const first = text.indexOf(BEFORE, at)
    const plain = first < 0 || first > end
    const head = text.slice(at, plain ? end : first)
    const known = texts.find(head, text, at, next)
    if (known) return this.#reread(known, at)
    const host = this.#hostOf(head)
    if (!host || !(plain || text.startsWith(AFTER, end - AFTER.length))) return undefined
    const names = plain ? [] : text.slice(first + BEFORE.length, end - AFTER.length).split(AFTER + BEFORE)
    const features = this.#features(names)
    if (!features) return undefined
    const cpu = { ...host, features }
    const lines = linesOf(host) + names.length
    this.lines += lines
    texts.add(head, text, at, next, { cpu, lines })
    return { cpu, next }
  }

  #reread({ text, value }: { readonly text: string; readonly value: ReadText }, at: number) {
    this.lines += value.lines
    return { cpu: value.cpu, next: at + text.length }
  }

  /** Hands over the definitions from `at` on, as long as nothing else comes; answers where that is. */
  readAll(text: string, at: number, take: (cpu: HostCpu) => void): number {
    let next = at
    for (let found = this.read(text, next); found; found = this.read(text, next)) {
      take(found.cpu)
      next = found.next
    }
    return next
  }

  /** Whether more text behind it could make a definition of what stands at the front of `text`. */
  expects(text: string): boolean {
    const begun = text.length < START.length ? START.startsWith(text) : text.startsWith(START)
    return begun && text.length < LONG && !text.includes(END)
  }

  #hostOf(text: string): HostCpu | undefined {
    if (this.#head?.text !== text) {
      const host = parseHead(text)
      if (!host) return undefined
      this.#head = { text, host }
    }
    return this.#head?.host
  }

  /** Undefined where a name is odd or comes twice. */
  #features(names: readonly string[]): CpuFeature[] | undefined {
    const document = ++documents
    const features: CpuFeature[] = []
    let last: Listed | undefined
    for (const name of names) {
      // The feature that followed last time, or the one after it: hosts leave out features, and keep their order.
      let listed = last?.next
      if (listed?.name !== name) listed = listed?.next
      if (listed?.name !== name) {
        listed = known.get(name) ?? learn(name)
        if (last && listed) last.next = listed
      }
      if (!listed || listed.document === document) return undefined
      listed.document = document
      features.push(listed)
      last = listed
    }
    return features
  }
}

/** The host that a text is, where it is nothing but one that stands as libvirt prints it. */
export function readPrintedHost(text: string): HostCpu | undefined {
  const whole = text.endsWith('\n') ? text : `${text}\n`
  const found = new HostText().read(whole, 0)
  return found?.next === whole.length ? found.cpu : undefined
}

/** The features that hosts listed so far, whichever reader met them. */
const known = new Map<string, Listed>()
/** How many documents were read. */
let documents = 0

interface ReadText {
  readonly cpu: HostCpu
  readonly lines: number
}

/** The definitions that were read, by their heads: of hundreds of thousands of hosts most are equal to others. */
const texts = new TextMemo<ReadText>(2 ** 21)

function learn(name: string): Listed | undefined {
  if (!/^[A-Za-z0-9_.-]+$/.test(name)) return undefined
  if (known.size > MOST) known.clear()
  const listed: Listed = { name: intern(name), document: 0, next: undefined }
  known.set(listed.name, listed)
  return listed
}

const MOST = 4096
/** A document that does not end within this is for the XML reader to read, or to refuse. */
const LONG = 1 << 16

/** A feature as hosts list it, shared by all of them. */
interface Listed extends CpuFeature {
  /** The number of the document that had it last. */
  document: number
  next: Listed | undefined
}

function parseHead(text: string): HostCpu | undefined {
  const found = HEAD.exec(text)
  const [, arch = '', model, vendor, microcode, family, silicon, stepping, ...rest] = found ?? []
  if (!found || !ARCH_NAMES.has(arch)) return undefined
  const [sockets, dies, clusters, cores, threads, bits] = rest
  return {
    type: 'host',
    arch,
    model,
    vendor,
    microcode: microcode === undefined ? undefined : Number(microcode),
    signature: family
      ? { family: Number(family), model: Number(silicon), stepping: Number(stepping) }
      : undefined,
    topology: sockets ? topologyOf([sockets, dies, clusters, cores, threads].map(Number)) : undefined,
    maxphysaddr: bits ? { mode: 'emulate', bits: Number(bits) } : undefined,
    features: [],
  }
}

const topologyOf = ([
  sockets = 1,
  dies = 1,
  clusters = 1,
  cores = 1,
  threads = 1,
]: readonly number[]): Topology => ({
  sockets,
  dies,
  clusters,
  cores,
  threads,
})

/** How many lines a host without features takes. */
const linesOf = ({ vendor, microcode, signature, topology, maxphysaddr }: HostCpu): number =>
  4 + [vendor, microcode, signature, topology, maxphysaddr].filter(part => part !== undefined).length

/** Whether the first thing in a text that is not blank is a tag. A byte order mark is skipped, also as Latin-1. */
export const beginsAsXml = (text: string): boolean => /^(?:\ufeff|\u00ef\u00bb\u00bf)?\s*</.test(text)

/** The same of a document that is not libvirt's, by its top-level element: oVirt's and OpenNebula's hosts. */
export const beginsAsPlatformXml = (text: string): boolean =>
  /^(?:\ufeff|\u00ef\u00bb\u00bf)?\s*(?:<\?[^>]*>\s*)?<(?:hosts?|clusters?|vms?|HOST(?:_POOL)?)[\s>]/.test(
    text,
  )

interface DocumentReaderOptions {
  /** What errors call the text. */
  readonly source: string
  /** Whether hosts that stand as libvirt prints them may come already read, which is faster. */
  readonly hosts: boolean
  /** Takes what the text holds, each thing as soon as it is complete. */
  readonly take: (found: Found) => void
}

/**
 * Reads libvirt's documents from XML text that comes in pieces. Hosts that stand as libvirt prints them are read
 * without a tree as long as nothing else comes; the XML reader reads the rest.
 */
export class DocumentReader {
  readonly #options: DocumentReaderOptions
  #hosts: HostText | undefined
  /** The part of an incomplete host that has come. */
  #rest = ''
  #xml: XmlReader | undefined
  readonly #faults: unknown[] = []

  constructor(options: DocumentReaderOptions) {
    this.#options = options
    if (options.hosts) this.#hosts = new HostText()
  }

  /** @throws ParseError where the text is not well-formed */
  write(text: string): void {
    this.#rest += text
    if (this.#hosts && this.#readHosts(this.#hosts)) return
    this.#writeXml()
  }

  /**
   * Reports a bad `<cpudata>`, and what `take` throws for an element, only now: a text that is not well-formed is
   * reported first. @throws ParseError, LibvirtError
   */
  end(): void {
    if (!this.#xml && this.#hosts && this.#rest === '') return
    this.#writeXml().end()
    if (this.#faults.length > 0) throw this.#faults[0]
  }

  /** Returns whether only hosts have come. */
  #readHosts(hosts: HostText): boolean {
    const take = this.#options.take
    this.#rest = this.#rest.slice(hosts.readAll(this.#rest, 0, cpu => take({ kind: 'host', cpu })))
    return hosts.expects(this.#rest)
  }

  /** Hands what is not read yet to the XML reader, and everything that follows. */
  #writeXml(): XmlReader {
    this.#xml ??= this.#startXml(this.#hosts?.lines ?? 0)
    this.#hosts = undefined
    this.#xml.write(this.#rest)
    this.#rest = ''
    return this.#xml
  }

  #startXml(lines: number): XmlReader {
    const { take, source } = this.#options
    const onElement = (element: Element) => {
      try {
        take(foundElement(element))
      } catch (error) {
        this.#faults.push(error)
      }
    }
    return new XmlReader({ source, line: lines + 1, onElement })
  }
}

/** libvirt's documents, one or several in a row: `<cpu>`, `<domain>`, capabilities of hosts and domains, `<cpudata>`. */
export const libvirtXml: Dialect = {
  name: 'libvirt-xml',
  title: 'libvirt XML: <cpu>, <domain>, <capabilities>, <domainCapabilities>, <cpudata>',
  sniff: text => beginsAsXml(text) && !beginsAsPlatformXml(text),
  read(text, source, { hosts = false } = {}) {
    const all: Found[] = []
    const reader = new DocumentReader({ source, hosts, take: found => all.push(found) })
    reader.write(text)
    reader.end()
    return all
  },
}
