import { safeParse } from 'valibot'
import { count } from '../core/text.ts'
import { keepBadFile, throwAll } from '../host/files/file-error.ts'
import { readFleet } from '../host/files/fleet.ts'
import { BadRequest, type Context } from '../questions/context.ts'
import type { ReadFleet } from '../questions/input/fleet/assemble.ts'
import { inputOfFleet, type OpenedFleet, openedFleet, viewsOf } from '../questions/input/fleet/open-fleet.ts'
import { type AnyQuestion, type Outcome, SCHEMA_VERSION } from '../questions/question.ts'
import type { AnswerOf } from '../questions/schema.ts'
import { listAnswers, type Sections } from '../questions/sections.ts'
import { briefNoteLines, describeNotes, documentOf, noteLines } from '../questions/words/describe.ts'
import type { Note } from '../questions/words/note.ts'
import { type Line, Report } from '../report/report.ts'
import type { Arguments } from './arguments.ts'
import type { Command } from './command.ts'
import { openContext, type Session, setV8Option } from './globals.ts'
import {
  DETAILS,
  FORMS,
  formOf,
  type Printing,
  printExplanation,
  printReport,
  shortenerOf,
} from './print-report.ts'
import { Activity } from './progress.ts'
import { entriesOfInput, type Fields, inputOf, optionOf, optionsOf } from './question-options.ts'
import { CommandError, type OptionSpec, UsageError } from './spec.ts'

/** The fleet that a command was given. */
export interface GivenFleet extends OpenedFleet {
  readonly context: Context
}

/**
 * The answer about the fleet of one architecture. */
type PartOf<Q extends AnyQuestion> = Exclude<AnswerOf<Q['answer']>, Sections<unknown>>

/** The answers that outcomes hold: one, or of hosts of several architectures one for each. */
const answersIn = <Q extends AnyQuestion>(outcomes: readonly Outcome[]): readonly PartOf<Q>[] =>
  outcomes.flatMap(({ answer }) => listAnswers(answer) as readonly PartOf<Q>[])

/**
 * Reads the fleet of files, directories and a fleet file. The heap grows by a third from then on before garbage is
 * collected, not by its own size: 100,000 hosts take 400 MB, where they took 700, and no more time.
 * @param guestsAlone whether guests are enough
 * @throws FileError, ParseError, AggregateError of these; CommandError where it has no host
 */
async function givenFleet(
  session: Session,
  paths: readonly string[],
  args: Arguments,
  guestsAlone = false,
): Promise<GivenFleet> {
  setV8Option('--heap-growing-percent=30')
  const context = await openContext(session)
  return openRead(
    context,
    await readFleet(context, paths, { noSkip: args.has('no-skip') }),
    paths,
    guestsAlone,
  )
}

/**
 * A fleet that was read of files.
 * @param guestsAlone whether guests are enough
 * @throws CommandError where it has no host
 */
export function openRead(
  context: Context,
  read: ReadFleet,
  paths: readonly string[],
  guestsAlone: boolean,
): GivenFleet {
  const fleets = [read.fleet, ...read.others]
  const guests = fleets.reduce((sum, fleet) => sum + fleet.guests.length, 0)
  if (fleets.some(({ hosts }) => hosts.length > 0) || (guestsAlone && guests > 0))
    return { context, ...openedFleet(context, read) }
  const only = guests > 0 ? [`${count(guests, 'guest')} alone: ${ABOUT_GUESTS}`] : []
  const left = describeNotes(read.notes.filter(({ kind }) => OF_FILES.has(kind)))
  throw new CommandError([`no host in ${paths.join(' ')}: ${NO_HOSTS}`, ...only, ...left])
}

/** An empty folder is a mistake in the path: nothing drifts there, and every policy holds. */
const NO_HOSTS =
  'give what describes hosts; docs/formats.md lists what is read, and `virt-cpu collect` gathers it'

const ABOUT_GUESTS =
  '`virt-cpu hosts` tells what they are, and which command describes hosts of their platform'

/** Notes on files that were left out. */
const OF_FILES: ReadonlySet<string> = new Set(['file-without-cpu', 'file-skipped'])

/** How strictly a fleet is read and answered; of every command about one. */
const STRICTNESS: readonly OptionSpec[] = [
  {
    name: 'no-skip',
    help: 'a file of a directory that cannot be used is an error (status 2), not passed over',
  },
  {
    name: 'strict',
    help: 'what is not known counts as no: status 1 for an unknown verdict or a skipped host',
  },
]

/** Whether a verdict counts as no: with `--strict` `unknown` does too. */
export const countsAsNo = (verdict: string, args: Arguments): boolean =>
  verdict === 'no' || (verdict === 'unknown' && args.has('strict'))

/** Whether a file was left out that was meant to describe a host or a guest. */
export const lacksHost = (notes: readonly Note[]): boolean =>
  notes.some(({ kind }) => kind === 'file-skipped')

/** The files of a command about a fleet. */
export const FLEET: OptionSpec = {
  name: 'fleet',
  value: 'path',
  positional: 'many',
  required: true,
  help: 'files and directories of hosts and guests (a subfolder is a pool), or a fleet.yaml',
}

/** A command of our own: what it adds to its question. */
export interface OwnCommand<Q extends AnyQuestion> {
  readonly question: Q
  /** What `--help` says. */
  readonly description: string
  /** A command line that works in a checkout. */
  readonly example: string
  /** How an input is given as an option, where the schema alone does not say. */
  readonly fields?: Fields
  /** Options that are not inputs of the question, such as files to write. */
  readonly options?: readonly OptionSpec[]
  /** The arguments that name fleets, by the input they stand for. Absent: FLEET…, where the question takes documents. */
  readonly fleets?: Readonly<Record<string, OptionSpec>>
  /** Whether a fleet may have guests and no host. */
  readonly guestsAlone?: true
  /** The input of which the question takes one and the command any number: it asks once for each. */
  readonly each?: string
  /** Inputs that are read from files or from this host. */
  readonly inputs?: {
    /** Values that the schema takes before they are read, by input. */
    readonly placeholders: Readonly<Record<string, unknown>>
    readonly arguments: readonly OptionSpec[]
    readonly open: (
      args: Arguments,
      context: Context,
    ) => Promise<{ readonly input: object; readonly notes: readonly Note[] }>
  }
  /** Refuses a call that the schema allows. @throws UsageError */
  readonly check?: (args: Arguments) => void
  /** Changes a fleet before the question is asked. */
  readonly prepare?: (given: GivenFleet, argument: string) => GivenFleet
  /** Forms of the answer that `-o` names, besides the table, JSON and YAML. */
  readonly forms?: Readonly<Record<string, (answer: PartOf<Q>) => string | Report>>
  /** Of an answer that is a text to be used as it is: it alone is printed on stdout, and these lines and notes on stderr. */
  readonly written?: (answer: AnswerOf<Q['answer']>) => {
    readonly text: string
    readonly lines: readonly Line[]
  }
  /** Handles an output form of its own; returns whether it did. */
  readonly print?: (args: Arguments, session: Session, answer: PartOf<Q>) => boolean
  /** Writes other files from the answers, one of each architecture. @throws FileError */
  readonly write?: (
    args: Arguments,
    answers: readonly PartOf<Q>[],
    given: GivenFleet,
    session: Session,
  ) => void | Promise<void>
  /** The exit status; 0 where absent. */
  readonly status?: (answer: PartOf<Q>, args: Arguments, notes: readonly Note[]) => number
}

/** The command of a question: its options are those of the question's input. */
export function ownCommand<Q extends AnyQuestion>(own: OwnCommand<Q>): Command {
  const { question, description, example, fields = {}, options = [] } = own
  const fleets = own.fleets ?? ('documents' in entriesOfInput(question) ? { documents: FLEET } : {})
  const read = [...Object.keys(fleets), ...Object.keys(own.inputs?.placeholders ?? {})]
  return {
    spec: {
      name: question.name,
      description,
      options: [
        ...Object.values(fleets),
        ...(own.inputs?.arguments ?? []),
        ...optionsOf(question.input, fields, read),
        ...(Object.keys(fleets).length > 0 ? [...STRICTNESS, DETAILS] : []),
        ...FORMS,
        ...(own.forms ? [formOption(own.forms)] : []),
        ...options,
      ],
      example,
      style: 'own',
    },

    async run(args, session) {
      own.check?.(args)
      checkForm(own.forms, args)
      const errors: unknown[] = []
      let input: object[] = []
      try {
        input = checkInput(own, fleets, args)
      } catch (error) {
        keepBadFile(errors, error)
      }
      const { outcomes, last } = await withActivity(async activity => {
        const { context, last, documents } = await readFleets(own, fleets, args, session, errors)
        const more = await own.inputs?.open(args, context)
        activity.next('computing the answer')
        const outcomes = input.map((one): Outcome => {
          const outcome = askByOptions({ question, fields }, context, {
            ...one,
            ...documents,
            ...more?.input,
          })
          return { ...outcome, notes: [...(more?.notes ?? []), ...(outcome.notes ?? [])] }
        })
        return { outcomes, last }
      })
      const answers = answersIn<Q>(outcomes)
      if (last) await own.write?.(args, answers, last, session)
      const printed = answers.filter(answer => own.print?.(args, session, answer))
      const [answer] = answers
      const text = args.has('json') ? undefined : answer && own.written?.(answer)
      const made = text?.text ?? (answer && own.forms?.[formOf(args) ?? '']?.(answer))
      const isScreen = last !== undefined && made === undefined && !args.has('details')
      const names = last ? viewsOf(last).flatMap(({ fleet }) => fleet.hosts.map(({ name }) => name)) : []
      const isWide = made !== undefined && text === undefined
      const printing = { made, lines: text?.lines, isScreen, isWide, shorten: shortenerOf(names) }
      if (printed.length === 0) await printOutcomes(own, args, session, outcomes, printing)
      return Math.max(
        ...outcomes.map(({ answer, notes = [] }) => {
          const isOpen = lacksHost(notes) || 'guestsAlone' in (answer as object)
          const least = args.has('strict') && isOpen ? 1 : 0
          const parts = listAnswers(answer) as readonly PartOf<Q>[]
          return Math.max(least, ...parts.map(part => own.status?.(part, args, notes) ?? 0))
        }),
      )
    },
  }
}

/** Reads and computes, and says so while it takes long. */
async function withActivity<T>(work: (activity: Activity) => Promise<T>): Promise<T> {
  const activity = await Activity.start('reading')
  try {
    return await work(activity)
  } finally {
    activity.end()
  }
}

/** Asks the question. @throws UsageError that names the option, for a bad value that only the question can know */
function askByOptions(
  { question, fields = {} }: Pick<OwnCommand<AnyQuestion>, 'question' | 'fields'>,
  context: Context,
  input: object,
): Outcome {
  try {
    return question.run(context, input as never, { explain: false })
  } catch (error) {
    const key = error instanceof BadRequest ? /^(\w+) must be /.exec(error.message)?.[1] : undefined
    if (key === undefined || !(key in entriesOfInput(question))) throw error
    const said = (error as BadRequest).message.slice(key.length)
    throw new UsageError(`--${optionOf(key, fields).name}${said}`)
  }
}

/** The option `-o`, as kubectl has it. */
const formOption = (forms: object): OptionSpec => ({
  name: 'o',
  value: 'form',
  words: ['table', 'json', 'yaml', ...Object.keys(forms)],
  help: 'the form of the answer; table is the default, json what --json prints',
})

/** @throws UsageError for a form that the command does not have */
function checkForm(forms: object | undefined, args: Arguments): void {
  const { words = [] } = formOption(forms ?? {})
  const form = forms && formOf(args)
  if (form === undefined || words.includes(form)) return
  throw new UsageError(`-o takes ${words.join(', ')}, not '${form}'`)
}

/** How an answer is printed. */
interface AnswerPrinting extends Printing {
  /** The text itself, or its report; absent: the question makes it. */
  readonly made?: string | Report | undefined
  /** What stands on stderr beside the text. */
  readonly lines?: readonly Line[] | undefined
}

/** Prints what the question returned, as JSON or as its report with the notes; several answers one after another. */
async function printOutcomes(
  { question, each }: Pick<OwnCommand<AnyQuestion>, 'question' | 'each'>,
  args: Arguments,
  session: Session,
  outcomes: readonly Outcome[],
  { made, lines = [], ...printing }: AnswerPrinting,
): Promise<void> {
  if (typeof made === 'string') {
    session.out(made)
    await printExplanation(session, [...lines, ...noteLines(outcomes.flatMap(({ notes = [] }) => notes))])
    return
  }
  const write = made || args.has('json') ? undefined : await question.report?.()
  const document = () =>
    each
      ? { schema: SCHEMA_VERSION, answers: outcomes.map(({ answer }) => answer) }
      : documentOf(outcomes[0] ?? { answer: {} })
  await printReport(
    args,
    session,
    document,
    () => {
      const report = made ?? new Report()
      for (const [i, { answer, notes = [] }] of outcomes.entries()) {
        if (i > 0) report.drawing(() => '\n')
        write?.(report, answer as never)
        report.notes(noteLines(notes, Infinity), briefNoteLines(notes))
      }
      return report
    },
    printing,
  )
}

/** The options as the question's input, checked by its schema before anything is read. @throws UsageError */
function checkInput(
  {
    question: { name: command, input },
    fields = {},
    each,
    inputs,
  }: Pick<OwnCommand<AnyQuestion>, 'question' | 'fields' | 'each' | 'inputs'>,
  fleets: Readonly<Record<string, OptionSpec>>,
  args: Arguments,
): object[] {
  const documents = Object.fromEntries(
    Object.keys(fleets).map(key => [key, key === 'documents' ? [] : { documents: [] }]),
  )
  const read = { ...documents, ...inputs?.placeholders }
  const given = { ...read, ...inputOf(input, fields, args, Object.keys(read)) }
  const all = each ? args.all(optionOf(each, fields).name).map(one => ({ ...given, [each]: one })) : [given]
  return all.map(one => {
    const checked = safeParse(input, one, { abortEarly: true })
    if (checked.success) return checked.output as object
    const [{ message, path }] = checked.issues
    const key = path?.[0]?.key
    const name = typeof key === 'string' ? optionOf(key, fields).name : undefined
    if (name !== undefined && !args.has(name))
      throw new UsageError(`command '${command}' requires <${name}> option`)
    throw new UsageError((name === undefined ? '' : `--${name} `) + message)
  })
}

interface OpenedFleets {
  readonly context: Context
  /** The fleet of which reports speak; absent: the command was given none. */
  readonly last?: GivenFleet | undefined
  readonly documents: Readonly<Record<string, unknown>>
}

/** Reads the fleets that the arguments name. @param errors about other files @throws all of them, and what cannot be read here */
async function readFleets(
  { prepare = given => given, guestsAlone }: Pick<OwnCommand<AnyQuestion>, 'prepare' | 'guestsAlone'>,
  fleets: Readonly<Record<string, OptionSpec>>,
  args: Arguments,
  session: Session,
  errors: unknown[],
): Promise<OpenedFleets> {
  const documents: Record<string, unknown> = {}
  let last: GivenFleet | undefined
  const given = Object.entries(fleets).filter(([, { name }]) => args.has(name))
  for (const [key, { name }] of given) {
    const paths = args.all(name)
    try {
      last = prepare(await givenFleet(session, paths, args, guestsAlone), paths[0] ?? '')
      const input = inputOfFleet(last)
      documents[key] = key === 'documents' ? input.documents : input
    } catch (error) {
      keepBadFile(errors, error)
    }
  }
  throwAll(errors)
  return { context: last?.context ?? (await openContext(session)), last, documents }
}
