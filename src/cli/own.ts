import { safeParse } from 'valibot'
import { documentOf } from '../questions/document.ts'
import { inputOfFleet } from '../questions/input/fleet/open-fleet.ts'
import type { AnyQuestion } from '../questions/question.ts'
import type { AnswerOf } from '../questions/schema.ts'
import { noteLine } from '../questions/words/explain.ts'
import { Report } from '../report/report.ts'
import type { Arguments } from './arguments.ts'
import type { Command } from './command.ts'
import { FLEET, type GivenFleet, givenFleet } from './fleet-input.ts'
import { type FieldOption, inputOf, optionOf, optionsOf } from './options-of.ts'
import { FORMS, printReport } from './print-report.ts'
import type { Session } from './session.ts'
import { type OptionSpec, UsageError } from './spec.ts'

/** A command about a fleet: what it adds to its question. */
export interface FleetCommand<Q extends AnyQuestion> {
  readonly question: Q
  /** What `--help` says. */
  readonly description: string
  /** A command line that works in a checkout. */
  readonly example: string
  /** How an input is given as an option, where the schema alone does not say. */
  readonly fields?: Readonly<Record<string, FieldOption>>
  /** Options that are not inputs of the question, such as files to write. */
  readonly options?: readonly OptionSpec[]
  /** The arguments that name fleets, by the input they stand for. Absent: FLEET…, for the documents. */
  readonly fleets?: Readonly<Record<string, OptionSpec>>
  /** Changes a fleet before the question is asked. */
  readonly prepare?: (given: GivenFleet, argument: string) => GivenFleet
  /** Adds the answer to the report that people read. */
  readonly report: (report: Report, answer: AnswerOf<Q['answer']>) => void
  /** Handles an output form of its own; returns whether it did. */
  readonly print?: (args: Arguments, session: Session, answer: AnswerOf<Q['answer']>) => boolean
  /** Writes other files from the answer. @throws FileError */
  readonly write?: (args: Arguments, answer: AnswerOf<Q['answer']>, given: GivenFleet) => void
  /** The exit status; 0 where absent. */
  readonly status?: (answer: AnswerOf<Q['answer']>, args: Arguments) => number
}

/** The command of a question about a fleet; its options are those of the question's input. */
export function fleetCommand<Q extends AnyQuestion>(own: FleetCommand<Q>): Command {
  const { question, description, example, fields = {}, options = [] } = own
  const fleets = own.fleets ?? { documents: FLEET }
  return {
    spec: {
      name: question.name,
      description,
      options: [
        ...Object.values(fleets),
        ...optionsOf(question.input, fields, Object.keys(fleets)),
        ...FORMS,
        ...options,
      ],
      example,
      style: 'own',
    },

    async run(args, session) {
      const input = checkInput(question, fields, fleets, args)
      const { given, documents } = await readFleets(own, fleets, args, session)
      const outcome = question.run(given.context, { ...input, ...documents } as never, { explain: false })
      const answer = outcome.answer as AnswerOf<Q['answer']>
      own.write?.(args, answer, given)
      if (!own.print?.(args, session, answer)) {
        await printReport(args, session, documentOf(outcome), () => {
          const report = new Report()
          own.report(report, answer)
          for (const note of outcome.notes ?? []) report.line(...noteLine(note))
          return report
        })
      }
      return own.status?.(answer, args) ?? 0
    },
  }
}

/** The options as the question's input, checked by its schema before anything is read. @throws UsageError */
function checkInput(
  { input }: AnyQuestion,
  fields: Readonly<Record<string, FieldOption>>,
  fleets: Readonly<Record<string, OptionSpec>>,
  args: Arguments,
): object {
  const documents = Object.fromEntries(
    Object.keys(fleets).map(key => [key, key === 'documents' ? [] : { documents: [] }]),
  )
  const given = inputOf(input, fields, args, Object.keys(fleets))
  const checked = safeParse(input, { ...documents, ...given }, { abortEarly: true })
  if (checked.success) return checked.output as object
  const [{ message, path }] = checked.issues
  const key = path?.[0]?.key
  const option = typeof key === 'string' ? `--${optionOf(key, fields).name} ` : ''
  throw new UsageError(option + message)
}

/** Reads the fleets that the arguments name; the last one is that of which reports speak. */
async function readFleets<Q extends AnyQuestion>(
  { prepare = given => given }: FleetCommand<Q>,
  fleets: Readonly<Record<string, OptionSpec>>,
  args: Arguments,
  session: Session,
): Promise<{ given: GivenFleet; documents: Readonly<Record<string, unknown>> }> {
  const documents: Record<string, unknown> = {}
  let last: GivenFleet | undefined
  for (const [key, { name }] of Object.entries(fleets)) {
    const paths = args.all(name)
    last = prepare(await givenFleet(session, paths), paths[0] ?? '')
    const input = inputOfFleet(last)
    documents[key] = key === 'documents' ? input.documents : input
  }
  if (!last) throw new RangeError('a fleet command without a fleet')
  return { given: last, documents }
}
