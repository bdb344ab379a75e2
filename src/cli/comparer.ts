import type { Cpu } from '../core/cpu.ts'
import { LibvirtError } from '../core/libvirt-error.ts'
import type { InputCpu } from '../formats/input-cpu.ts'
import type { InputFile } from '../node/files.ts'
import { type CompareAnswer, compare } from '../verbs/compare.ts'
import type { Context } from '../verbs/context.ts'
import { definitionOf, type Noted } from '../verbs/host-of.ts'
import type { Note } from '../verbs/note.ts'
import { printNote } from '../verbs/say.ts'
import type { Arguments } from './arguments.ts'
import { databaseOf } from './database.ts'
import { explainCompare, printNotes } from './explain.ts'
import { firstCpu } from './first-cpu.ts'
import { linesOf } from './lines-of.ts'
import type { Session } from './session.ts'
import { CommandError } from './spec.ts'
import { thisHost } from './this-host.ts'

/** libvirt's results as virsh says them of a file. */
const SAID = {
  identical: (file: string) => `CPU described in ${file} is identical to host CPU`,
  superset: (file: string) => `Host CPU is a superset of CPU described in ${file}`,
  incompatible: (file: string) => `CPU described in ${file} is incompatible with host CPU`,
} as const

/** Compares files with one host, a file at a time: what goes wrong with one does not keep the others from an answer. */
export class Comparer {
  readonly #args: Arguments
  readonly #session: Session
  readonly #answers: Record<string, unknown>[] = []
  #host: { readonly context: Context; readonly cpu: Cpu; readonly notes: readonly Note[] } | undefined
  #status = 0

  constructor(args: Arguments, session: Session) {
    this.#args = args
    this.#session = session
  }

  async compare(file: InputFile): Promise<void> {
    try {
      const alone = file.named && this.#args.all('file').length === 1
      const input = await firstCpu(file, alone)
      if (input) await this.#answer(file.path, input)
      else this.#note(file.path, { kind: 'file-without-cpu', source: file.path })
    } catch (error) {
      this.#status = 1
      const lines = linesOf(error)
      for (const line of lines) this.#session.err(`error: ${line}\n`)
      this.#answers.push({ file: file.path, error: lines.at(-1) })
    }
  }

  /** Answers the exit status. */
  end(): number {
    const notes = this.#host?.notes ?? []
    if (this.#args.has('json')) {
      const told = notes.length > 0 ? { notes: notes.map(printNote) } : {}
      const answer = { schema: 1, host: this.#hostName, answers: this.#answers, ...told }
      this.#session.out(`${JSON.stringify(answer, null, 2)}\n`)
    } else if (this.#args.has('explain')) this.#session.err(printNotes(notes))
    return this.#status
  }

  async #answer(file: string, input: InputCpu): Promise<void> {
    const { answer, notes } = await this.#ask(file, input)
    if (answer.result === 'incompatible') this.#status = 1
    if (this.#args.has('json')) {
      this.#answers.push({ file, ...answer, notes: notes.map(printNote) })
      return
    }
    const refused = answer.result === 'incompatible' && this.#args.has('error')
    if (refused) this.#session.err(`error: ${failed(file)}\nerror: ${answer.message}\n`)
    else this.#session.out(`${SAID[answer.result](file)}\n`)
    if (this.#args.has('explain')) this.#session.err(explainCompare(answer, file, this.#hostName, notes))
  }

  async #ask(file: string, input: InputCpu): Promise<{ answer: CompareAnswer; notes: readonly Note[] }> {
    try {
      if (this.#args.has('validate') && input.kind === 'definition') {
        const { validateCpu } = await import('../node/schema.ts')
        await validateCpu(input.element, this.#args.get('schema'), this.#session.libvirt)
      }
      if (this.#session.driver === 'test') throw new LibvirtError('no-support', 'virConnectCompareCPU')
      const host = await this.#hostCpu()
      const { value, notes } = definitionOf(host.context, input, 'auto')
      return { answer: compare(host.context, host.cpu, value), notes }
    } catch (error) {
      if (!(error instanceof LibvirtError || error instanceof CommandError)) throw error
      throw new CommandError([failed(file), error.message], { cause: error })
    }
  }

  async #hostCpu() {
    if (!this.#host) {
      const context = { db: await databaseOf(this.#session) }
      const path = this.#args.get('host')
      const { value: cpu, notes } =
        path === undefined ? await thisHost(context) : await recorded(context, path)
      this.#host = { context, cpu, notes }
    }
    return this.#host
  }

  get #hostName(): string {
    return this.#args.get('host') ?? 'this host'
  }

  #note(file: string, note: Note): void {
    if (this.#args.has('json')) this.#answers.push({ file, notes: [printNote(note)] })
    else if (this.#args.has('explain')) this.#session.err(printNotes([note]))
  }
}

const failed = (file: string): string => `Failed to compare host CPU with ${file}`

/** The host that a file records. */
async function recorded(context: Context, path: string): Promise<Noted<Cpu>> {
  const input = await firstCpu({ path, named: true }, false)
  if (!input) throw new RangeError(`no CPU in ${path}`)
  const { value: cpu, notes } = definitionOf(context, input, 'auto')
  // Domain capabilities and guest definitions do not tell; whatever x86 CPU it is, the answer is the same.
  return { value: { ...cpu, arch: cpu.arch ?? 'x86_64' }, notes }
}
