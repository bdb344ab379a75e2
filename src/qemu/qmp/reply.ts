import { ParseError } from '../../core/parse-error.ts'
import { isObject, type JsonObject, member } from '../../formats/json/json.ts'

/** What QEMU was asked. */
export interface QmpCommand {
  readonly execute: string
  readonly arguments?: JsonObject
}

/** A command and what QEMU answered. */
export interface QmpExchange {
  readonly command: QmpCommand
  /** `{"return": …}` or `{"error": {"class": …, "desc": …}}` */
  readonly reply: JsonObject
  /** Where the reply stands in its source, 1-based; 0 where it was not read from a text. */
  readonly line: number
}

/** A value in a reply of QEMU's, which knows where it comes from: what is missing is told in libvirt's words. */
export class QmpReply {
  readonly value: unknown
  readonly #exchange: QmpExchange
  readonly #source: string

  constructor(value: unknown, exchange: QmpExchange, source: string) {
    this.value = value
    this.#exchange = exchange
    this.#source = source
  }

  /** @throws ParseError where there is none */
  member(name: string): QmpReply {
    const value = member(this.value, name)
    if (value === undefined) throw this.missing(name)
    return this.#of(value)
  }

  /** Undefined where there is none. */
  optional(name: string): QmpReply | undefined {
    const value = member(this.value, name)
    return value === undefined ? undefined : this.#of(value)
  }

  /** @throws ParseError where it is no text */
  text(name: string): string {
    const value = member(this.value, name)
    if (typeof value !== 'string') throw this.missing(name)
    return value
  }

  /** The text, or nothing where there is none. */
  maybeText(name: string): string | undefined {
    const value = member(this.value, name)
    return typeof value === 'string' ? value : undefined
  }

  /** @throws ParseError where it is no whole number */
  count(name: string): number {
    const value = member(this.value, name)
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 0) throw this.missing(name)
    return value
  }

  /** Whether the member is true. */
  flag(name: string): boolean {
    return member(this.value, name) === true
  }

  /** The entries of a list. @throws ParseError where it is none */
  list(): QmpReply[] {
    if (!Array.isArray(this.value)) throw this.#fault('reply data is not an array')
    return this.value.map(value => this.#of(value))
  }

  /** The members of an object. @throws ParseError where it is none */
  entries(): [string, unknown][] {
    if (!isObject(this.value)) throw this.#fault('reply data is not an object')
    return Object.entries(this.value)
  }

  /** The texts of a list; what else is in it is passed over. @throws ParseError where it is no list */
  texts(): string[] {
    return this.list().flatMap(({ value }) => (typeof value === 'string' ? [value] : []))
  }

  missing(name: string): ParseError {
    return this.#fault(`reply data was missing '${name}'`)
  }

  #fault(what: string): ParseError {
    return new ParseError(`${this.#exchange.command.execute} ${what}`, this.#source, this.#exchange.line)
  }

  #of(value: unknown): QmpReply {
    return new QmpReply(value, this.#exchange, this.#source)
  }
}

/** What one run of QEMU returned, by command. What was refused or not asked is absent. */
export class QmpRun {
  readonly #exchanges: readonly QmpExchange[]
  readonly #source: string

  constructor(exchanges: readonly QmpExchange[], source: string) {
    this.#exchanges = exchanges
    this.#source = source
  }

  /** What the command returned. */
  reply(execute: string): QmpReply | undefined {
    return this.#find(execute, () => true)
  }

  /** What the command returned, read. */
  read<T>(execute: string, read: (answer: QmpReply) => T): T | undefined {
    const answer = this.reply(execute)
    return answer && read(answer)
  }

  /** @param props the names of the properties that the expansion was asked with */
  expansion(type: 'static' | 'full', ...props: readonly string[]): QmpReply | undefined {
    return this.#find('query-cpu-model-expansion', asked => {
      const given = Object.keys(member(asked?.model, 'props') ?? {})
      return asked?.type === type && given.sort().join() === props.join()
    })
  }

  /** What the command returned, by the type that was asked about. */
  repliesByType(execute: string): [string, QmpReply][] {
    return this.#returned(execute).map(exchange => [
      String(exchange.command.arguments?.typename),
      this.#answerOf(exchange),
    ])
  }

  /** For a question that should have been asked. */
  makeMissingError(execute: string): ParseError {
    const what = `no answer to ${execute}: the conversation with QEMU is cut, or was another one`
    return new ParseError(`${what}; record it again`, this.#source)
  }

  #find(
    execute: string,
    isWanted: (asked: QmpExchange['command']['arguments']) => boolean,
  ): QmpReply | undefined {
    const found = this.#returned(execute).find(({ command }) => isWanted(command.arguments))
    return found && this.#answerOf(found)
  }

  #returned(execute: string): readonly QmpExchange[] {
    return this.#exchanges.filter(({ command, reply }) => command.execute === execute && 'return' in reply)
  }

  #answerOf(exchange: QmpExchange): QmpReply {
    return new QmpReply(exchange.reply.return, exchange, this.#source)
  }
}
