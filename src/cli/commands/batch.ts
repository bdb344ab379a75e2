import type { Database } from '../../map/database.ts'
import { ask, BadRequest, errorOf } from '../../questions/ask.ts'
import { checkLibvirt, parseRequest } from '../../questions/request.ts'
import { idText, withId } from '../../questions/request-id.ts'
import type { Command } from '../command.ts'
import { databaseOf } from '../database.ts'
import type { Session } from '../session.ts'
import { lines } from '../stdin-lines.ts'

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
    const databases = await Databases.open(session)
    let answers: string[] = []
    const flush = () => {
      if (answers.length > 0) session.out(`${answers.join('\n')}\n`)
      answers = []
    }
    let number = 0
    for (const line of lines(flush)) {
      number++
      const text = number === 1 ? line.replace(/^\ufeff/, '') : line
      if (text.trim() !== '') answers.push(answer(databases, text, number))
      if (answers.length >= 1000) flush()
    }
    flush()
    return 0
  },
}

/** Answers a line, whatever is in it. */
function answer(databases: Databases, line: string, number: number): string {
  let id = 'null'
  try {
    const request = parseRequest(line, number)
    id = idText(request.id ?? null, line)
    checkLibvirt(request.libvirt)
    return withId(id, ask({ db: databases.of(request.cpuMap) }, request))
  } catch (error) {
    const said = errorOf(error) ?? fileFault(error)
    if (!said) throw error
    return withId(id, { error: said })
  }
}

/** A request's own cpu_map that cannot be opened. */
const fileFault = (error: unknown) =>
  error instanceof Error && error.name === 'FileError'
    ? { kind: 'bad-input', message: error.message }
    : undefined

/** The databases that requests name, opened on first use. */
class Databases {
  readonly #own: Database
  readonly #open: (directory: string) => Database

  private constructor(own: Database, open: (directory: string) => Database) {
    this.#own = own
    this.#open = open
  }

  static async open(session: Session): Promise<Databases> {
    const { openCpuMap } = await import('../../host/files/cpu-map.ts')
    return new Databases(await databaseOf(session), openCpuMap)
  }

  /** @throws BadRequest, FileError, ParseError, LibvirtError */
  of(directory: unknown): Database {
    if (directory === undefined) return this.#own
    if (typeof directory !== 'string') throw new BadRequest('cpuMap: must be the path of a directory')
    return this.#open(directory)
  }
}
