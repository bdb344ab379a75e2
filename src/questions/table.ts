import { type AnyQuestion, type DocumentOf, type InputOf, unknownVerb } from './question.ts'

/**
 * Every question, loaded when it is asked. Batch, HTTP, the library, the JSON Schemas, the command line and the page
 * are derived from this table.
 */
export const QUESTIONS = {
  decode: async () => (await import('./decode/question.ts')).decodeQuestion,
  baseline: async () => (await import('./baseline/question.ts')).baselineQuestion,
  compare: async () => (await import('./compare/question.ts')).compareQuestion,
  update: async () => (await import('./definition/question.ts')).updateQuestion,
  start: async () => (await import('./definition/question.ts')).startQuestion,
  'update-live': async () => (await import('./definition/question.ts')).updateLiveQuestion,
  expand: async () => (await import('./definition/question.ts')).expandQuestion,
  migratable: async () => (await import('./definition/question.ts')).migratableQuestion,
  encode: async () => (await import('./definition/question.ts')).encodeQuestion,
  convert: async () => (await import('./convert/question.ts')).convertQuestion,
  identical: async () => (await import('./definition/question.ts')).identicalQuestion,
  validate: async () => (await import('./definition/question.ts')).validateQuestion,
  capabilities: async () => (await import('./capabilities/question.ts')).capabilitiesQuestion,
  domcapabilities: async () => (await import('./domcapabilities/question.ts')).domcapabilitiesQuestion,
  'cpu-models': async () => (await import('./cpu-models/question.ts')).cpuModelsQuestion,
  name: async () => (await import('./name/question.ts')).nameQuestion,
  tree: async () => (await import('./tree/question.ts')).treeQuestion,
  'hypervisor-cpu-models': async () =>
    (await import('./hypervisor-cpu/question.ts')).hypervisorCpuModelsQuestion,
  'hypervisor-cpu-compare': async () =>
    (await import('./hypervisor-cpu/question.ts')).hypervisorCpuCompareQuestion,
  'hypervisor-cpu-baseline': async () =>
    (await import('./hypervisor-cpu/question.ts')).hypervisorCpuBaselineQuestion,
  models: async () => (await import('./models/question.ts')).modelsQuestion,
  'guest-check': async () => (await import('./guest-check/question.ts')).guestCheckQuestion,
  hosts: async () => (await import('./hosts/question.ts')).hostsQuestion,
  explain: async () => (await import('./explain/question.ts')).explainQuestion,
  pools: async () => (await import('./pools/question.ts')).poolsQuestion,
  advise: async () => (await import('./advise/question.ts')).adviseQuestion,
  'what-if': async () => (await import('./what-if/question.ts')).whatIfQuestion,
  migrate: async () => (await import('./migrate/question.ts')).migrateQuestion,
  drain: async () => (await import('./drain/question.ts')).drainQuestion,
  drift: async () => (await import('./drift/question.ts')).driftQuestion,
  check: async () => (await import('./check/question.ts')).checkQuestion,
  audit: async () => (await import('./audit/question.ts')).auditQuestion,
  doctor: async () => (await import('./doctor/question.ts')).doctorQuestion,
  verify: async () => (await import('./verify/question.ts')).verifyQuestion,
  level: async () => (await import('./level/question.ts')).levelQuestion,
  fits: async () => (await import('./level/question.ts')).fitsQuestion,
} satisfies Readonly<Record<string, () => Promise<AnyQuestion>>>

export type QuestionName = keyof typeof QUESTIONS

/** The question of a name. */
type QuestionOf<Name extends QuestionName> = Awaited<ReturnType<(typeof QUESTIONS)[Name]>>

/** The input of a question, by its name: `QuestionInput<'pools'>`. */
export type QuestionInput<Name extends QuestionName> = InputOf<QuestionOf<Name>>

/** The answer of a question, by its name, with its notes: `AnswerDocument<'pools'>`. */
export type AnswerDocument<Name extends QuestionName> = DocumentOf<QuestionOf<Name>>

export const isQuestion = (name: unknown): name is QuestionName =>
  typeof name === 'string' && Object.hasOwn(QUESTIONS, name)

/** The question of a name. @throws BadRequest where there is none */
export async function loadQuestion(name: unknown): Promise<AnyQuestion> {
  if (isQuestion(name)) return QUESTIONS[name]()
  throw unknownVerb(name, Object.keys(QUESTIONS))
}

/** All questions, in the table's order. */
export const loadQuestions = (): Promise<AnyQuestion[]> =>
  Promise.all(Object.values(QUESTIONS).map((load): Promise<AnyQuestion> => load()))
