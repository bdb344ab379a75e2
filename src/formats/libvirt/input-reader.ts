import type { Element } from '../../xml/element.ts'
import { XmlReader } from '../../xml/reader.ts'
import type { FoundInput } from '../input-cpu.ts'
import { HostText } from './host-text.ts'
import { inputsOfElement } from './input-element.ts'

export interface InputReaderOptions {
  /** What errors call the text. */
  readonly source: string
  /** Whether hosts that stand as libvirt prints them may come already read, which is faster. */
  readonly hosts: boolean
  /** Takes each CPU as soon as it is complete. */
  readonly take: (found: FoundInput) => void
  /** Takes top-level elements; absent: the CPUs in them are taken by `take`. */
  readonly element?: ((element: Element) => void) | undefined
}

/**
 * Every CPU of an XML text that comes in pieces: hosts as libvirt prints them are read without a tree as long as
 * nothing else comes, the rest by the XML reader.
 */
export class InputReader {
  readonly #options: InputReaderOptions
  #hosts: HostText | undefined
  /** What has come of a host that is not complete. */
  #rest = ''
  #xml: XmlReader | undefined
  readonly #faults: unknown[] = []

  constructor(options: InputReaderOptions) {
    this.#options = options
    if (options.hosts) this.#hosts = new HostText()
  }

  /** @throws ParseError where the text is not well-formed */
  write(text: string): void {
    this.#rest += text
    if (this.#hosts && this.#readHosts(this.#hosts)) return
    this.#writeXml()
  }

  /** A bad `<cpudata>` is reported only now: what is not XML comes first. @throws ParseError, LibvirtError */
  end(): void {
    if (!this.#xml && this.#hosts && this.#rest === '') return
    this.#writeXml().end()
    if (this.#faults.length > 0) throw this.#faults[0]
  }

  /** Answers whether only hosts have come. */
  #readHosts(hosts: HostText): boolean {
    const take = this.#options.take
    this.#rest = this.#rest.slice(hosts.readAll(this.#rest, 0, cpu => take({ kind: 'host', cpu })))
    return hosts.expects(this.#rest)
  }

  /** Hands what is not read yet over to the XML reader, and everything that follows. */
  #writeXml(): XmlReader {
    this.#xml ??= this.#startXml(this.#hosts?.lines ?? 0)
    this.#hosts = undefined
    this.#xml.write(this.#rest)
    this.#rest = ''
    return this.#xml
  }

  #startXml(lines: number): XmlReader {
    const { take, element: takeElement } = this.#options
    const onElement = (element: Element) => {
      try {
        if (takeElement) takeElement(element)
        else inputsOfElement(element).forEach(take)
      } catch (error) {
        this.#faults.push(error)
      }
    }
    return new XmlReader({ source: this.#options.source, line: lines + 1, onElement })
  }
}
