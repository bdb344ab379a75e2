import * as v from 'valibot'
import { didYouMean } from '../core/text.ts'

/** A schema of any kind: of a question's input, of its answer, or of a part of either. */
export type Schema = v.GenericSchema

/** Plain data as code may use it: nothing of it may be changed. */
type DeepReadonly<T> = T extends readonly (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
    : T

/** The type of what an answer schema describes. */
export type AnswerOf<S extends Schema> = DeepReadonly<v.InferOutput<S>>

/** The schema with a sentence about what the value means; OpenAPI, the JSON Schemas and `--help` show it. */
export const described = <S extends Schema>(schema: S, text: string) => v.pipe(schema, v.description(text))

/** Text. */
export const text = (description: string) => described(v.string('must be text'), description)

/** A list of names. */
export const names = (description: string) =>
  described(v.array(v.string('must be a name'), 'must be a list of names'), description)

/** True or false; absent means false. */
export const flag = (description: string) =>
  v.optional(described(v.boolean('must be true or false'), description))

/** A whole number from `least` to `most`. */
export const whole = (description: string, least = 0, most = Number.MAX_SAFE_INTEGER) => {
  const range = most < Number.MAX_SAFE_INTEGER ? `from ${least} to ${most}` : `from ${least}`
  const message = `must be a whole number ${range}`
  return v.pipe(
    v.number(message),
    v.integer(message),
    v.minValue(least, message),
    v.maxValue(most, message),
    v.description(description),
  )
}

/** One of these words. */
export const word = <const Words extends readonly string[]>(words: Words, description: string) =>
  described(
    v.picklist(words, ({ input }) => {
      const near = typeof input === 'string' ? didYouMean(words, input) : ''
      return `must be ${words.map(one => `"${one}"`).join(' or ')}${near}`
    }),
    description,
  )

/** An answer that is one document of libvirt's XML. */
export const XmlAnswer = v.strictObject({ xml: described(v.string(), 'The document, as libvirt prints it.') })
export type XmlAnswer = AnswerOf<typeof XmlAnswer>
