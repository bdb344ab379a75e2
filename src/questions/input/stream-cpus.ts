import { ParseError } from '../../core/parse-error.ts'
import { decodeBytes } from '../../formats/decode-bytes.ts'
import type { FoundInput } from '../../formats/input-cpu.ts'
import { inputsOfText } from '../../formats/input-text.ts'
import { InputReader } from '../../formats/libvirt/input-reader.ts'
import type { Expected } from '../../formats/libvirt/parse-cpu.ts'
import type { CpuMap } from '../../map/cpu-map.ts'
import { contextOf } from '../context.ts'
import { definitionOf } from './definition-of.ts'
import type { FoundHost } from './parse-cpus.ts'

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

/** What one dump may have. */
const LIMIT = 64 * 2 ** 20

/**
 * Every CPU of a stream of any length, in order, as soon as it is complete; a dump, when the stream has ended. None
 * is an answer. In memory for one document at a time.
 * @throws ParseError, LibvirtError, and the reason of `signal`
 */
export async function* streamCpus(chunks: Chunks, options: StreamOptions = {}): AsyncGenerator<FoundHost> {
  const { expected = 'auto', source = '', signal } = options
  const context = contextOf(options.map)
  for await (const input of inputsOf(chunks, source, expected, signal)) {
    const { value, notes } = definitionOf(context, { ...input, source }, expected)
    yield { cpu: value, notes }
  }
}

async function* inputsOf(
  chunks: Chunks,
  source: string,
  expected: Expected,
  signal: AbortSignal | undefined,
): AsyncGenerator<FoundInput> {
  const whole = new Whole(source)
  let xml: XmlStream | undefined
  for await (const chunk of chunks) {
    signal?.throwIfAborted()
    if (!xml && whole.isEmpty && looksLikeXml(chunk)) xml = new XmlStream(source, expected !== 'guest')
    if (xml) yield* xml.write(chunk)
    else whole.add(chunk)
  }
  signal?.throwIfAborted()
  yield* xml ? xml.end() : inputsOfText(whole.text(), source)
}

/** Whether the first thing that is not blank is a tag. */
function looksLikeXml(chunk: Uint8Array | string): boolean {
  const start = typeof chunk === 'string' ? chunk : new TextDecoder('latin1').decode(chunk.subarray(0, 1024))
  return /^(?:\ufeff|\u00ef\u00bb\u00bf)?\s*</.test(start)
}

/** XML in pieces, of which nothing is kept that has been read. */
class XmlStream {
  readonly #source: string
  readonly #reader: InputReader
  readonly #found: FoundInput[] = []
  readonly #decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

  constructor(source: string, hosts: boolean) {
    this.#source = source
    this.#reader = new InputReader({ source, hosts, take: input => this.#found.push(input) })
  }

  /** Answers the CPUs that are complete now. */
  write(chunk: Uint8Array | string): FoundInput[] {
    this.#reader.write(typeof chunk === 'string' ? chunk : this.#decode(chunk))
    return this.#found.splice(0)
  }

  end(): FoundInput[] {
    this.#reader.write(this.#decode(undefined))
    this.#reader.end()
    return this.#found
  }

  /** @param bytes undefined: there are no more */
  #decode(bytes: Uint8Array | undefined): string {
    try {
      return bytes ? this.#decoder.decode(bytes, { stream: true }) : this.#decoder.decode()
    } catch (cause) {
      throw new ParseError('not UTF-8 text', this.#source, 0, 0, '', { cause })
    }
  }
}

/** A dump, which can be told and read only as a whole. */
class Whole {
  readonly #source: string
  readonly #chunks: Uint8Array[] = []
  #size = 0

  constructor(source: string) {
    this.#source = source
  }

  get isEmpty(): boolean {
    return this.#size === 0
  }

  add(chunk: Uint8Array | string): void {
    const bytes = typeof chunk === 'string' ? new TextEncoder().encode(chunk) : chunk.slice()
    this.#chunks.push(bytes)
    this.#size += bytes.length
    if (this.#size > LIMIT)
      throw new ParseError(`too long: more than ${LIMIT} bytes in one dump`, this.#source)
  }

  text(): string {
    const all = new Uint8Array(this.#size)
    let at = 0
    for (const chunk of this.#chunks) {
      all.set(chunk, at)
      at += chunk.length
    }
    return decodeBytes(all)
  }
}
