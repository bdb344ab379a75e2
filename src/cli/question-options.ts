import { getDescription } from 'valibot'
import { listFormats } from '../formats/write.ts'
import type { AnyQuestion } from '../questions/question.ts'
import type { Schema } from '../questions/schema.ts'
import type { Arguments } from './arguments.ts'
import { type OptionSpec, UsageError } from './spec.ts'

// The options of a question: one for each key of its input's schema, and the input that given options make.

/** How an input is given on the command line, where the schema alone does not say. */
export interface FieldOption {
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
  /** May be given without its name. */
  readonly positional?: OptionSpec['positional']
}

/** The same of several inputs. */
export type Fields = Readonly<Record<string, FieldOption>>

/** What of a valibot schema options are made of. */
interface SchemaParts {
  readonly type: string
  readonly entries?: Readonly<Record<string, Schema>>
  readonly wrapped?: Schema
  readonly options?: readonly unknown[]
}

/** Inputs that every fleet question has and that the FLEET arguments stand for. */
const NOT_OPTIONS = new Set(['documents', 'fleet', 'noSkip'])

/** The options of a question's input: one for each key, with its description. */
export const optionsOf = (input: Schema, fields: Fields, fleets: readonly string[]): OptionSpec[] =>
  entriesOf(input, fleets).map(([key, schema]) => {
    const { type, options = [] } = partsOf(schema)
    const { name, value = 'string', words, commas, positional } = optionOf(key, fields)
    const list = options.filter(word => typeof word === 'string')
    return {
      name,
      help: helpOf(schema),
      ...(type === 'boolean' ? {} : { value: type === 'number' ? 'number' : value }),
      ...(type === 'array' && !commas ? { repeats: true as const } : {}),
      ...(positional ? { positional, required: schema.type !== 'optional' } : {}),
      ...((words ?? list).length > 0 ? { words: words ?? list } : {}),
    }
  })

/** The input that options give, not checked yet; options that are absent are no keys. @throws UsageError */
export function inputOf(
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
export const optionOf = (key: string, fields: Fields): FieldOption & { name: string } => {
  const kebab = key.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)
  return { name: kebab, ...fields[key] }
}

/** The schema inside `optional`. */
const unwrap = (schema: Schema): Schema => {
  const { wrapped } = schema as unknown as SchemaParts
  return wrapped ? unwrap(wrapped) : schema
}

const partsOf = (schema: Schema): SchemaParts => unwrap(schema) as unknown as SchemaParts

/** The description as `--help` has it: without a capital and a full stop. */
function helpOf(schema: Schema): string {
  const description = getDescription(unwrap(schema)) ?? ''
  const first = /^[A-Z](?:[a-z]| )/.test(description)
    ? description.charAt(0).toLowerCase()
    : description.charAt(0)
  return (first + description.slice(1)).replace(/\.$/, '')
}

/** How a definition is to be written, as options. */
export const WRITE_FIELDS: Readonly<Record<string, FieldOption>> = {
  format: { value: 'format', words: listFormats() },
  qemu: { value: 'version' },
}

/** How the constraints of a plan are given as options. */
export const PLAN_FIELDS: Readonly<Record<string, FieldOption>> = {
  k: { name: 'pools', value: 'number' },
  level: { value: 'level', words: ['v1', 'v2', 'v3', 'v4'] },
  mustHave: { value: 'features', commas: true },
  vendors: { value: 'how' },
  pin: { name: 'together', value: 'label=host,…', read: readPins },
}

/** `label=host,host label=host` as hosts by label. @throws UsageError */
function readPins(texts: readonly string[]): Readonly<Record<string, readonly string[]>> {
  const pins: Record<string, readonly string[]> = {}
  for (const pin of texts.flatMap(text => text.split(/\s+/)).filter(Boolean)) {
    const [, label = '', patterns = ''] = /^([^=]+)=(.+)$/.exec(pin) ?? []
    if (label === '') throw new UsageError(`--together takes LABEL=HOST,…, not '${pin}'`)
    pins[label] = [...(pins[label] ?? []), ...patterns.split(',')]
  }
  return pins
}

/** The inputs of a question, by key. */
export const entriesOfInput = ({ input }: AnyQuestion): object => partsOf(input).entries ?? {}
