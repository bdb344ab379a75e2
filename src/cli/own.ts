import { safeParse } from 'valibot'
import { documentOf } from '../questions/document.ts'
import { inputOfFleet } from '../questions/input/fleet/open-fleet.ts'
import type { AnyQuestion } from '../questions/question.ts'
import type { AnswerOf, Schema } from '../questions/schema.ts'
import { noteLine } from '../questions/words/explain.ts'
import { Report } from '../report/report.ts'
import type { Arguments } from './arguments.ts'
import { FLEET, type GivenFleet, givenFleet } from './fleet-input.ts'
import { FORMS, printReport } from './print-report.ts'
import type { Command } from './run.ts'
import type { Session } from './session.ts'
import { type OptionSpec, UsageError } from './spec.ts'

/** How an input is given on the command line, where the schema alone does not say. */
interface FieldOption {
  /** The option's name; absent: the input's, in kebab-case. */
  readonly name?: string
  /** What `--help` calls the value. */
  readonly value?: string
  /** Words for completion. */
  readonly words?: readonly string[]
  /** Reads the texts that were given; absent: as the schema's type says. @throws UsageError */
  readonly read?: (texts: readonly string[]) => unknown
  /** A list that is given once, its items separated by commas, and not by repeating the option. */
  readonly commas?: true
}

type Fields = Readonly<Record<string, FieldOption>>

/** What of a valibot schema options are made of. */
interface SchemaParts {
  readonly type: string
  readonly entries?: Readonly<Record<string, Schema>>
  readonly wrapped?: Schema
  readonly options?: readonly unknown[]
  readonly pipe?: readonly { readonly type: string; readonly description?: string }[]
}

/** Inputs that every fleet question has and that the FLEET arguments stand for. */
const NOT_OPTIONS = new Set(['documents', 'fleet'])

/** The options of a question's input: one for each key, with its description. */
const optionsOf = (input: Schema, fields: Fields, fleets: readonly string[]): OptionSpec[] =>
  entriesOf(input, fleets).map(([key, schema]) => {
    const { type, options = [] } = partsOf(schema)
    const { name, value = 'string', words, commas } = optionOf(key, fields)
    const list = options.filter(word => typeof word === 'string')
    return {
      name,
      help: helpOf(schema),
      ...(type === 'boolean' ? {} : { value: type === 'number' ? 'number' : value }),
      ...(type === 'array' && !commas ? { repeats: true as const } : {}),
      ...((words ?? list).length > 0 ? { words: words ?? list } : {}),
    }
  })

/** The input that options give, not checked yet; options that are absent are no keys. @throws UsageError */
function inputOf(
  input: Schema,
  fields: Fields,
  args: Arguments,
  fleets: readonly string[],
): Readonly<Record<string, unknown>> {
  const given: Record<string, unknown> = {}
  for (const [key, schema] of entriesOf(input, fleets)) {
    const option = optionOf(key, fields)
    if (args.has(option.name)) given[key] = readValue(schema, option, args)
  }
  return given
}

function readValue(schema: Schema, { name, read, commas }: FieldOption & { name: string }, args: Arguments) {
  const { type } = partsOf(schema)
  if (type === 'boolean') return true
  if (read) return read(args.all(name))
  if (type === 'array') return commas ? args.all(name).flatMap(text => text.split(',')) : args.all(name)
  const text = args.get(name) ?? ''
  if (type !== 'number') return text
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw new UsageError(`--${name} takes a whole number, not '${text}'`)
}

const entriesOf = (input: Schema, fleets: readonly string[]): [string, Schema][] =>
  Object.entries(partsOf(input).entries ?? {}).filter(
    ([key]) => !NOT_OPTIONS.has(key) && !fleets.includes(key),
  )

/** How an input is given as an option: `mustHave` as `must-have`, where the fields do not say otherwise. */
const optionOf = (key: string, fields: Fields): FieldOption & { name: string } => {
  const kebab = key.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)
  return { name: kebab, ...fields[key] }
}

/** The schema inside `optional`. */
function partsOf(schema: Schema): SchemaParts {
  const parts = schema as unknown as SchemaParts
  return parts.wrapped ? partsOf(parts.wrapped) : parts
}

/** The description as `--help` has it: without a capital and a full stop. */
function helpOf(schema: Schema): string {
  const description = partsOf(schema).pipe?.find(({ type }) => type === 'description')?.description ?? ''
  const first = /^[A-Z](?:[a-z]| )/.test(description)
    ? description.charAt(0).toLowerCase()
    : description.charAt(0)
  return (first + description.slice(1)).replace(/\.$/, '')
}

/** How the constraints of a plan are given as options. */
export const PLAN_FIELDS: Readonly<Record<string, FieldOption>> = {
  level: { value: 'level', words: ['v1', 'v2', 'v3', 'v4'] },
  mustHave: { value: 'features', commas: true },
  vendors: { value: 'how' },
  pin: { value: 'label=host,…', read: readPins },
}

/** `label=host,host label=host` as hosts by label. @throws UsageError */
function readPins(texts: readonly string[]): Readonly<Record<string, readonly string[]>> {
  const pins: Record<string, readonly string[]> = {}
  for (const pin of texts.flatMap(text => text.split(/\s+/)).filter(Boolean)) {
    const [, label = '', patterns = ''] = /^([^=]+)=(.+)$/.exec(pin) ?? []
    if (label === '') throw new UsageError(`--pin takes LABEL=HOST,…, not '${pin}'`)
    pins[label] = [...(pins[label] ?? []), ...patterns.split(',')]
  }
  return pins
}

/** A command about a fleet: what it adds to its question. */
interface FleetCommand<Q extends AnyQuestion> {
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
