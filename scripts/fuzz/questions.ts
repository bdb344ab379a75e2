import { readFileSync } from 'node:fs'
import { Ajv, type ValidateFunction } from 'ajv'
import { answerLine } from '../../src/cli/commands/batch.ts'
import { decodeBytes } from '../../src/formats/decode-bytes.ts'
import { loadYaml, mayHoldYaml } from '../../src/formats/yaml.ts'
import { EXAMPLES } from '../../src/http/examples.ts'
import { contextOf } from '../../src/questions/context.ts'
import { answerSchema } from '../../src/questions/json-schema.ts'
import { loadQuestions, type QuestionName } from '../../src/questions/table.ts'
import type { Draw } from '../random.ts'
import { mutateJson } from './json.ts'
import { mutateText, SIGNS } from './mutate.ts'
import { corpus } from './samples.ts'
import { Broken, type Target } from './target.ts'

/** What a request may be refused for: the kinds of the contract. */
const KINDS =
  /^(?:bad-request|bad-input|internal|xml|unsupported|invalid-arg|op-failed|op-invalid|op-unsupported|no-support|no-name|cpu-incompatible|overflow|schema|needs-programs)$/

/** Every question, asked as a line of `virt-cpu batch`. */
export async function questions(): Promise<Target[]> {
  const ajv = new Ajv({ strict: false, allErrors: false })
  const texts = corpus()
    .map(({ bytes }) => decodeBytes(bytes))
    .filter(text => text.length < 20_000)
  const recorded = readFileSync('examples/hypervisors/ice-01.replies', 'utf8')
  const contexts = { of: () => contextOf() }
  const all = await loadQuestions()
  const compiled = new Map<unknown, ValidateFunction>()
  const schemaOf = (verb: unknown) => {
    const question = all.find(({ name }) => name === verb)
    if (question && !compiled.has(verb)) compiled.set(verb, ajv.compile(answerSchema(question)))
    return compiled.get(verb)
  }
  return all.map(question => {
    const name = question.name as QuestionName
    const example = { verb: name, ...EXAMPLES[name] }
    return {
      name: `question:${name}`,
      samples: [example, { ...example, explain: true }, ...withReplies(example, recorded)].map(request =>
        Buffer.from(JSON.stringify(request)),
      ),
      mutate: (sample, other, draw) => mutateRequest(sample, other, draw, texts),
      run: async input => {
        const line = decodeBytes(input)
        if (mayHoldYaml(line)) await loadYaml()
        const text = await answerLine(contexts, line, 1)
        checkAnswer(JSON.parse(text), line, schemaOf)
        return text
      },
    }
  })
}

/** The same of a whole recorded hypervisor. */
const withReplies = (example: object, replies: string): object[] =>
  'replies' in example ? [{ ...example, replies }] : []

/** JSON that is changed in its values, and at times a text that is JSON no more. */
function mutateRequest(sample: Buffer, other: Buffer, draw: Draw, texts: readonly string[]): Buffer {
  const material = { words: SIGNS, other: draw.pick(texts) }
  if (draw.chance(0.05)) return Buffer.from(mutateText(sample.toString(), draw, material))
  return Buffer.from(mutateJson(parsed(sample), draw, { ...material, donor: parsed(other) }))
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString())
  } catch {
    return bytes.toString()
  }
}

interface Answer {
  readonly id?: unknown
  readonly error?: { readonly kind?: unknown; readonly message?: unknown }
}

/** @throws Broken where the answer is neither as the question's schema says nor an error of the contract */
function checkAnswer(
  { id: _, ...answer }: Answer,
  line: string,
  schemaOf: (verb: unknown) => ValidateFunction | undefined,
): void {
  if (answer.error) {
    const { kind, message } = answer.error
    if (typeof kind !== 'string' || !KINDS.test(kind))
      throw new Broken(`an error of a kind that there is not: ${kind}`)
    if (typeof message !== 'string') throw new Broken('an error without a message')
    return
  }
  const { verb, fields, limit, cursor } = parsed(Buffer.from(line)) as Readonly<Record<string, unknown>>
  // Of a part of an answer its schema says nothing.
  if (fields !== undefined || limit !== undefined || cursor !== undefined) return
  const validate = schemaOf(verb)
  if (!validate || validate(answer)) return
  const [{ instancePath = '', message = '' } = {}] = validate.errors ?? []
  throw new Broken(`an answer that is not as its schema says: ${instancePath} ${message}`)
}
