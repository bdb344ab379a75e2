import { ParseError } from '../core/parse-error.ts'
import { decodeBytes, joinBytes, unpacked } from './decode-bytes.ts'
import type { Found, ReadOptions } from './found.ts'
import { beginsAsPlatformXml, beginsAsXml, DocumentReader, libvirtXml } from './libvirt/document-reader.ts'

/** The most bytes of a text that is read as a whole. XML may be longer: it is read document by document. */
export const LARGEST_TEXT = 64 * 2 ** 20

/** The fault of a text that is longer than `LARGEST_TEXT`. */
export const refuseLongText = (source: string): ParseError =>
  new ParseError(`too long: more than ${LARGEST_TEXT} bytes`, source)

type Dialects = Pick<typeof import('./dialects.ts'), 'dialectsOf' | 'loadYamlFor' | 'readText'>

interface ChunkOptions extends ReadOptions {
  /** What errors call the text. */
  readonly source: string
  /** Takes what the text holds, each thing as soon as it is complete. */
  readonly take: (found: Found) => void
  /**
   * Reads as virsh reads files: XML ends at the first NUL and must be UTF-8, and a text in no dialect must be XML
   * too, so that what is wrong with it is reported.
   */
  readonly asVirsh?: boolean | undefined
  /** Returns what reads the texts that are no XML: few files need it, and it is a large part of the program. */
  readonly dialects: () => Promise<Dialects>
  /** A faster way to make text of bytes; undefined where they are not all ASCII. */
  readonly ascii?: (bytes: Uint8Array) => string | undefined
}

/**
 * Reads a text in any dialect that comes in chunks of bytes or text, cut anywhere: XML while it comes, in memory for
 * one document; everything else when all of it has come.
 */
export class ChunkReader {
  readonly #options: ChunkOptions
  #xml: XmlChunks | undefined
  readonly #kept: Uint8Array[] = []
  #size = 0

  constructor(options: ChunkOptions) {
    this.#options = options
  }

  /**
   * Reads a chunk, which may be overwritten afterwards. Returns whether more is wanted.
   * @throws ParseError
   */
  write(chunk: Uint8Array | string): boolean {
    if (!this.#xml && this.#size === 0) this.#startXml(headOf(chunk))
    if (this.#xml) return this.#xml.write(chunk)
    const bytes = typeof chunk === 'string' ? new TextEncoder().encode(chunk) : Uint8Array.from(chunk)
    this.#kept.push(bytes)
    this.#size += bytes.length
    if (this.#size > LARGEST_TEXT) throw refuseLongText(this.#options.source)
    return true
  }

  #startXml(head: string): void {
    if (beginsAsXml(head) && !beginsAsPlatformXml(head)) this.#xml = new XmlChunks(this.#options)
  }

  /** @throws ParseError, LibvirtError */
  async end(): Promise<void> {
    if (this.#xml) this.#xml.end()
    else if (this.#size > 0) await this.#readWhole()
  }

  async #readWhole(): Promise<void> {
    const { source, take, asVirsh } = this.#options
    const { dialectsOf, loadYamlFor, readText } = await this.#options.dialects()
    const bytes = joinBytes(this.#kept, this.#size)
    const text = decodeBytes(asVirsh ? bytes : await unpacked(bytes, LARGEST_TEXT, source))
    await loadYamlFor(text)
    if (!asVirsh || dialectsOf(text).some(([, dialect]) => dialect && dialect.name !== libvirtXml.name)) {
      readText(text, source, this.#options).forEach(take)
      return
    }
    const xml = new XmlChunks(this.#options)
    for (const chunk of this.#kept) if (!xml.write(chunk)) break
    xml.end()
  }
}

const headOf = (chunk: Uint8Array | string): string =>
  typeof chunk === 'string' ? chunk : new TextDecoder('latin1').decode(chunk.subarray(0, 1024))

type Decoder = InstanceType<typeof TextDecoder>

/** Reads XML in UTF-8 while it comes; keeps nothing that was read. */
class XmlChunks {
  readonly #options: ChunkOptions
  readonly #reader: DocumentReader
  #decoder: Decoder | undefined
  /** The first two bytes. */
  #start: readonly number[] | undefined

  constructor(options: ChunkOptions) {
    this.#options = options
    this.#reader = new DocumentReader({ ...options, hosts: options.hosts ?? false })
  }

  /** Returns whether more is wanted. */
  write(chunk: Uint8Array | string): boolean {
    if (typeof chunk === 'string') {
      this.#reader.write(chunk)
      return true
    }
    const nul = this.#options.asVirsh ? chunk.indexOf(0) : -1
    this.#reader.write(this.#textOf(nul < 0 ? chunk : chunk.subarray(0, nul)))
    return nul < 0
  }

  end(): void {
    if (this.#decoder) this.#reader.write(this.#decode(this.#decoder))
    this.#reader.end()
  }

  #textOf(bytes: Uint8Array): string {
    this.#start ??= [...bytes.subarray(0, 2)]
    if (!this.#decoder) {
      const text = this.#options.ascii?.(bytes)
      if (text !== undefined) return text
    }
    this.#decoder ??= new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
    return this.#decode(this.#decoder, bytes)
  }

  /** @param bytes absent: there are no more */
  #decode(decoder: Decoder, bytes?: Uint8Array): string {
    try {
      return bytes ? decoder.decode(bytes, { stream: true }) : decoder.decode()
    } catch (cause) {
      const remedy = REMEDIES.get(String(this.#start)) ?? ''
      throw new ParseError(`not UTF-8 text${remedy}`, this.#options.source, 0, 0, '', { cause })
    }
  }
}

/** What files begin with that people take for text, and what to do with them. */
const REMEDIES: ReadonlyMap<string, string> = new Map([
  [String([0x1f, 0x8b]), ' but gzip: unpack it first'],
  [String([0xff, 0xfe]), ' but UTF-16: convert it first (iconv -f UTF-16 -t UTF-8)'],
  [String([0xfe, 0xff]), ' but UTF-16: convert it first (iconv -f UTF-16 -t UTF-8)'],
])
