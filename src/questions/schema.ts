import * as v from 'valibot'

/** A schema of any kind: of a question's input, of its answer, or of a part of either. */
export type Schema = v.GenericSchema

/** Plain data as code may use it: nothing of it may be changed. */
export type DeepReadonly<T> = T extends readonly (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
    : T

/** The type of what an answer schema describes. */
export type AnswerOf<S extends Schema> = DeepReadonly<v.InferOutput<S>>

/** The schema with a sentence about what the value means; OpenAPI, the JSON Schemas and `--help` show it. */
export const described = <S extends Schema>(schema: S, text: string) => v.pipe(schema, v.description(text))
