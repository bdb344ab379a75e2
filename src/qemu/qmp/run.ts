import { ParseError } from '../../core/parse-error.ts'
import { member } from '../../formats/json/json-value.ts'
import type { QmpExchange } from './exchange.ts'
import { QmpReply } from './reply.ts'

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
