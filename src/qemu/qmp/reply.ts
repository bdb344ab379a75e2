import { ParseError } from '../../core/parse-error.ts'
import { isObject, member } from '../../formats/json/json-value.ts'
import type { QmpExchange } from './exchange.ts'

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
