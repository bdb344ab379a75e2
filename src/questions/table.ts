import { adviseQuestion } from './advise/question.ts'
import { auditQuestion } from './audit/question.ts'
import { baselineQuestion } from './baseline/question.ts'
import { capabilitiesQuestion } from './capabilities/question.ts'
import { checkQuestion } from './check/question.ts'
import { compareQuestion } from './compare/question.ts'
import { convertQuestion } from './convert/question.ts'
import { cpuModelsQuestion } from './cpu-models/question.ts'
import { encodeQuestion, identicalQuestion } from './cpudata/question.ts'
import { decodeQuestion } from './decode/question.ts'
import {
  expandQuestion,
  migratableQuestion,
  startQuestion,
  updateLiveQuestion,
  updateQuestion,
  validateQuestion,
} from './definition/question.ts'
import { doctorQuestion } from './doctor/question.ts'
import { domcapabilitiesQuestion } from './domcapabilities/question.ts'
import { drainQuestion } from './drain/question.ts'
import { driftQuestion } from './drift/question.ts'
import { explainQuestion } from './explain/question.ts'
import { guestCheckQuestion } from './guest-check/question.ts'
import { hostsQuestion } from './hosts/question.ts'
import { hypervisorCpuBaselineQuestion } from './hypervisor-cpu-baseline/question.ts'
import { hypervisorCpuCompareQuestion } from './hypervisor-cpu-compare/question.ts'
import { hypervisorCpuModelsQuestion } from './hypervisor-cpu-models/question.ts'
import { fitsQuestion, levelQuestion } from './level/question.ts'
import { migrateQuestion } from './migrate/question.ts'
import { modelsQuestion } from './models/question.ts'
import { nameQuestion } from './name/question.ts'
import { poolsQuestion } from './pools/question.ts'
import type { AnyQuestion, DocumentOf, InputOf } from './question.ts'
import { treeQuestion } from './tree/question.ts'
import { verifyQuestion } from './verify/question.ts'
import { whatIfQuestion } from './what-if/question.ts'

/** Every question. Batch, HTTP, the library, the JSON Schemas, the command line and the page are derived from this table. */
export const QUESTIONS = {
  decode: decodeQuestion,
  baseline: baselineQuestion,
  compare: compareQuestion,
  update: updateQuestion,
  start: startQuestion,
  'update-live': updateLiveQuestion,
  expand: expandQuestion,
  migratable: migratableQuestion,
  encode: encodeQuestion,
  convert: convertQuestion,
  identical: identicalQuestion,
  validate: validateQuestion,
  capabilities: capabilitiesQuestion,
  domcapabilities: domcapabilitiesQuestion,
  'cpu-models': cpuModelsQuestion,
  name: nameQuestion,
  tree: treeQuestion,
  'hypervisor-cpu-models': hypervisorCpuModelsQuestion,
  'hypervisor-cpu-compare': hypervisorCpuCompareQuestion,
  'hypervisor-cpu-baseline': hypervisorCpuBaselineQuestion,
  models: modelsQuestion,
  'guest-check': guestCheckQuestion,
  hosts: hostsQuestion,
  explain: explainQuestion,
  pools: poolsQuestion,
  advise: adviseQuestion,
  'what-if': whatIfQuestion,
  migrate: migrateQuestion,
  drain: drainQuestion,
  drift: driftQuestion,
  check: checkQuestion,
  audit: auditQuestion,
  doctor: doctorQuestion,
  verify: verifyQuestion,
  level: levelQuestion,
  fits: fitsQuestion,
} satisfies Readonly<Record<string, AnyQuestion>>

export type QuestionName = keyof typeof QUESTIONS

/** The input of a question, by its name: `QuestionInput<'pools'>`. */
export type QuestionInput<Name extends QuestionName> = InputOf<(typeof QUESTIONS)[Name]>

/** The answer of a question, by its name, with its notes: `AnswerDocument<'pools'>`. */
export type AnswerDocument<Name extends QuestionName> = DocumentOf<(typeof QUESTIONS)[Name]>
