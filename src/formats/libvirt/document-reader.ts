import type { Element } from '../../xml/element.ts'
import { XmlReader } from '../../xml/reader.ts'
import type { Dialect, Found } from '../found.ts'
import { foundElement } from './cpudata.ts'
import { PrintedHosts } from './host-text.ts'

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
  #hosts: PrintedHosts | undefined
  /** The part of an incomplete host that has come. */
  #rest = ''
  #xml: XmlReader | undefined
  readonly #faults: unknown[] = []

  constructor(options: DocumentReaderOptions) {
    this.#options = options
    if (options.hosts) this.#hosts = new PrintedHosts()
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
  #readHosts(hosts: PrintedHosts): boolean {
    const take = this.#options.take
    this.#rest = this.#rest.slice(hosts.readAll(this.#rest, take))
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
    if (lines === 0) return new XmlReader({ source, onElement })
    const reader = new XmlReader({ source, line: lines, onElement })
    reader.write('\n') // something came before: no declaration may follow
    return reader
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
