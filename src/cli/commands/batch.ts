import { loadYaml, mayHoldYaml } from '../../formats/yaml.ts'
import { FileError } from '../../host/files/file-error.ts'
import { read } from '../../host/files/files.ts'
import { answerWith, BadRequest, errorOf, idText, parseRequest, withId } from '../../questions/ask.ts'
import { type Context, contextOf } from '../../questions/context.ts'
import { loadQuestion } from '../../questions/table.ts'
import type { Command } from '../command.ts'
import { openContext, type Session } from '../globals.ts'

export const command: Command = {
  spec: {
    name: 'batch',
    description:
      'Answer requests from standard input, one JSON object a line, with one JSON object a line: ' +
      'no start-up cost per question, for programs in any language.',
    options: [],
    example: `echo '{"verb": "cpu-models", "arch": "x86_64"}' | virt-cpu batch`,
    style: 'own',
  },

  async run(_, session) {
    const contexts = await Contexts.open(session)
    let answers: string[] = []
    const flush = () => {
      if (answers.length > 0) session.out(`${answers.join('\n')}\n`)
      answers = []
    }
    let number = 0
    for (const line of lines(flush)) {
      number++
      const text = number === 1 ? line.replace(/^\ufeff/, '') : line
      if (mayHoldYaml(text)) await loadYaml()
      if (text.trim() !== '') answers.push(await answerLine(contexts, text, number))
      if (answers.length >= 1000) flush()
    }
    flush()
    return 0
  },
}

/** Answers a line, whatever is in it. */
export async function answerLine(
  contexts: Pick<Contexts, 'of'>,
  line: string,
  number: number,
): Promise<string> {
  let id = 'null'
  try {
    const request = parseRequest(line, number)
    id = idText(request.id ?? null, line)
    return withId(id, answerWith(contexts.of(request.cpuMap), await loadQuestion(request.verb), request))
  } catch (error) {
    const said = errorOf(error) ?? fileFault(error)
    if (!said) throw error
    return withId(id, { error: said })
  }
}

/** A request's own cpu_map that cannot be opened. */
const fileFault = (error: unknown) =>
  error instanceof FileError ? { kind: 'bad-input', message: error.message } : undefined

/** What requests are answered from: the maps that they name are opened on first use. */
class Contexts {
  readonly #own: Context
  readonly #open: (directory: string) => Context

  private constructor(own: Context, open: (directory: string) => Context) {
    this.#own = own
    this.#open = open
  }

  static async open(session: Session): Promise<Contexts> {
    const { openCpuMap } = await import('../../host/files/cpu-map.ts')
    return new Contexts(await openContext(session), directory => contextOf(openCpuMap(directory)))
  }

  /** @throws BadRequest, FileError, ParseError, LibvirtError */
  of(directory: unknown): Context {
    if (directory === undefined) return this.#own
    if (typeof directory !== 'string') throw new BadRequest('cpuMap: must be the path of a directory')
    return this.#open(directory)
  }
}

/**
 * Lines of standard input, as soon as they are complete; `idle` is called before each wait for more. The last
 * line needs no newline.
 * @throws ParseError-free: bytes that are not UTF-8 become U+FFFD, and so a bad request
 */
export function* lines(idle: () => void): Generator<string> {
  const buffer = Buffer.allocUnsafe(1 << 16)
  const decoder = new TextDecoder()
  let partial: string[] = []
  for (;;) {
    idle()
    const size = read(0, buffer, '<stdin>')
    const text = decoder.decode(buffer.subarray(0, size), { stream: size > 0 })
    const parts = text.split('\n')
    const last = parts.pop() ?? ''
    for (const part of parts) {
      yield partial.join('') + part
      partial = []
    }
    partial.push(last)
    if (size === 0) break
  }
  const rest = partial.join('')
  if (rest !== '') yield rest
}
