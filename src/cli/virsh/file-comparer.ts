import { LibvirtError } from '../../core/libvirt-error.ts'
import type { NamedCpu } from '../../formats/found.ts'
import { ProbeError } from '../../host/files/file-error.ts'
import type { InputFile } from '../../host/files/files.ts'
import type { CompareAnswer } from '../../questions/answer-parts.ts'
import { SCHEMA_VERSION } from '../../questions/question.ts'
import { noteLines, printNote } from '../../questions/words/describe.ts'
import { explainCompare } from '../../questions/words/explain.ts'
import type { Note, Noted } from '../../questions/words/note.ts'
import type { Arguments } from '../arguments.ts'
import { linesOf } from '../command.ts'
import type { Session } from '../globals.ts'
import { printExplanation } from '../print-report.ts'
import { CommandError } from '../spec.ts'
import { type FirstCpu, tellSkipped } from './hosts.ts'

/** What files are compared with. */
export interface Side {
  /** What explanations call it. */
  readonly name: string
  /** libvirt's results as virsh says them of a file. */
  readonly said: Readonly<Record<CompareAnswer['result'], (file: string) => string>>
  /** virsh's line before libvirt's own. */
  readonly failed: (file: string) => string
  /** The first CPU of a file. @throws FileError, CommandError */
  readonly read: (file: InputFile, alone: boolean) => Promise<FirstCpu>
  /** @throws LibvirtError, CommandError */
  readonly compare: (input: NamedCpu) => Promise<Noted<CompareAnswer>>
  /** What there is to note of the side itself, once something was compared with it. */
  readonly notes?: () => readonly Note[]
}

/** Compares files with one side, a file at a time: what goes wrong with one does not keep the others from an answer. */
export class FileComparer {
  readonly #side: Side
  readonly #args: Arguments
  readonly #session: Session
  readonly #answers: Record<string, unknown>[] = []
  #status = 0

  constructor(side: Side, args: Arguments, session: Session) {
    this.#side = side
    this.#args = args
    this.#session = session
  }

  /** @param alone whether it is the only file, so that errors need not name it */
  async compare(file: InputFile, alone: boolean): Promise<void> {
    try {
      const { cpu, skipped } = await this.#side.read(file, alone)
      if (cpu) await this.#answer(file.path, cpu)
      else if (skipped) await this.#passOver(file.path, skipped)
    } catch (error) {
      this.#status = 1
      const lines = linesOf(error)
      for (const line of lines) this.#session.err(`error: ${line}\n`)
      this.#answers.push({ file: file.path, error: lines.at(-1) })
    }
  }

  /** Answers the exit status. */
  async end(): Promise<number> {
    const notes = this.#side.notes?.() ?? []
    if (this.#args.has('json')) {
      const told = notes.length > 0 ? { notes: notes.map(printNote) } : {}
      const document = { schema: SCHEMA_VERSION, host: this.#side.name, answers: this.#answers, ...told }
      this.#session.out(`${JSON.stringify(document, null, 2)}\n`)
    } else if (this.#args.has('explain')) await printExplanation(this.#session, noteLines(notes))
    return this.#status
  }

  async #answer(file: string, input: NamedCpu): Promise<void> {
    const { value: answer, notes } = await this.#ask(file, input)
    if (answer.result === 'incompatible') this.#status = 1
    if (this.#args.has('json')) {
      this.#answers.push({ file, ...answer, notes: notes.map(printNote) })
      return
    }
    const refused = answer.result === 'incompatible' && this.#args.has('error')
    if (refused) this.#session.err(`error: ${this.#side.failed(file)}\nerror: ${answer.message}\n`)
    else this.#session.out(`${this.#side.said[answer.result](file)}\n`)
    if (this.#args.has('explain')) {
      await printExplanation(this.#session, explainCompare(answer, file, this.#side.name, notes))
    }
  }

  async #ask(file: string, input: NamedCpu): Promise<Noted<CompareAnswer>> {
    try {
      return await this.#side.compare(input)
    } catch (error) {
      const expected = [LibvirtError, CommandError, ProbeError]
      if (!expected.some(kind => error instanceof kind)) throw error
      throw new CommandError([this.#side.failed(file), ...linesOf(error)], { cause: error })
    }
  }

  async #passOver(file: string, note: Note): Promise<void> {
    if (this.#args.has('json')) this.#answers.push({ file, notes: [printNote(note)] })
    else if (this.#args.has('explain')) await printExplanation(this.#session, noteLines([note]))
    else await tellSkipped(this.#session, [note])
  }
}
