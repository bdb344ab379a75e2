import type { Expected } from '../formats/libvirt/parse-cpu.ts'
import type { CpuMap } from '../map/cpu-map.ts'
import { adviseQuestion } from './advise/question.ts'
import { answerWith, askQuestion } from './ask.ts'
import { auditQuestion } from './audit/question.ts'
import { baselineQuestion } from './baseline/question.ts'
import { capabilitiesQuestion } from './capabilities/question.ts'
import { checkQuestion } from './check/question.ts'
import { compareQuestion } from './compare/question.ts'
import { contextOf } from './context.ts'
import { convertQuestion } from './convert/question.ts'
import { cpuModelsQuestion } from './cpu-models/question.ts'
import { decodeQuestion } from './decode/question.ts'
import {
  encodeQuestion,
  expandQuestion,
  identicalQuestion,
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
import {
  hypervisorCpuBaselineQuestion,
  hypervisorCpuCompareQuestion,
  hypervisorCpuModelsQuestion,
} from './hypervisor-cpu/question.ts'
import { type FoundHost, findHosts as parse } from './input/read.ts'
import { fitsQuestion, levelQuestion } from './level/question.ts'
import { migrateQuestion } from './migrate/question.ts'
import { modelsQuestion } from './models/question.ts'
import { nameQuestion } from './name/question.ts'
import { poolsQuestion } from './pools/question.ts'
import { type AnyQuestion, type DocumentOf, type InputOf, unknownVerb } from './question.ts'
import type { AnswerDocument, QuestionInput, QuestionName } from './table.ts'
import { treeQuestion } from './tree/question.ts'
import { verifyQuestion } from './verify/question.ts'
import { whatIfQuestion } from './what-if/question.ts'

/** What every question may be asked with. */
export interface Options {
  /** Whose facts to answer from; absent: the data that comes with this package. */
  readonly map?: CpuMap
}

/**
 * Answers a request of the JSON contract, `{verb, …inputs}`; what `virt-cpu batch` does with a line.
 * @throws BadRequest for one that is not such a request, LibvirtError, ParseError
 */
export async function ask(
  request: Readonly<Record<string, unknown>>,
  options: Options = {},
): Promise<Record<string, unknown>> {
  const questions: readonly AnyQuestion[] = [
    decodeQuestion,
    baselineQuestion,
    compareQuestion,
    updateQuestion,
    startQuestion,
    updateLiveQuestion,
    expandQuestion,
    migratableQuestion,
    encodeQuestion,
    convertQuestion,
    identicalQuestion,
    validateQuestion,
    capabilitiesQuestion,
    domcapabilitiesQuestion,
    cpuModelsQuestion,
    nameQuestion,
    treeQuestion,
    hypervisorCpuModelsQuestion,
    hypervisorCpuCompareQuestion,
    hypervisorCpuBaselineQuestion,
    modelsQuestion,
    guestCheckQuestion,
    hostsQuestion,
    explainQuestion,
    poolsQuestion,
    adviseQuestion,
    whatIfQuestion,
    migrateQuestion,
    drainQuestion,
    driftQuestion,
    checkQuestion,
    auditQuestion,
    doctorQuestion,
    verifyQuestion,
    levelQuestion,
    fitsQuestion,
  ]
  const question = questions.find(({ name }) => name === request.verb)
  if (question) return answerWith(contextOf(options.map), question, request)
  throw unknownVerb(
    request.verb,
    questions.map(({ name }) => name),
  )
}

/** The function of a question: what the question takes and returns are the types of its schemas. */
export type Ask<Name extends QuestionName> = (
  input: QuestionInput<Name>,
  options?: Options,
) => AnswerDocument<Name>

/** Each function names its question where it runs, so that bundlers leave out the questions that nobody asks. */
const answer = <Q extends AnyQuestion>(
  question: Q,
  input: InputOf<Q>,
  options: Options = {},
): DocumentOf<Q> => askQuestion(contextOf(options.map), question, input)

/** Names the CPU of a dump. @throws LibvirtError where no model fits, ParseError for text that is not a dump */
export const decode: Ask<'decode'> = (input, options) => answer(decodeQuestion, input, options)

/** Computes the baseline CPU of a set of hosts. @throws LibvirtError, as virsh words it; ParseError for text that is not XML */
export const baseline: Ask<'baseline'> = (input, options) => answer(baselineQuestion, input, options)

/** Checks whether a host can run a CPU, and returns what is missing. @throws LibvirtError, ParseError */
export const compare: Ask<'compare'> = (input, options) => answer(compareQuestion, input, options)

/** Makes a guest CPU definite on a host, whose migratable copy is used. @throws LibvirtError, ParseError */
export const update: Ask<'update'> = (input, options) => answer(updateQuestion, input, options)

/** Computes the CPU that a guest gets when it starts on a host. @throws LibvirtError, ParseError */
export const start: Ask<'start'> = (input, options) => answer(startQuestion, input, options)

/** Corrects a running guest's CPU by what its hypervisor gave and refused. @throws LibvirtError, ParseError */
export const updateLive: Ask<'update-live'> = (input, options) => answer(updateLiveQuestion, input, options)

/** Lists the features of a CPU's model with the CPU. @throws LibvirtError, ParseError */
export const expand: Ask<'expand'> = (input, options) => answer(expandQuestion, input, options)

/** Removes from a CPU what blocks a migration. @throws LibvirtError, ParseError */
export const migratable: Ask<'migratable'> = (input, options) => answer(migratableQuestion, input, options)

/** Converts guests' CPUs from any format to another. @throws BadRequest, LibvirtError, ParseError */
export const convert: Ask<'convert'> = (input, options) => answer(convertQuestion, input, options)

/** Converts a CPU to `<cpudata>` documents: the words of each policy, and of its vendor. @throws LibvirtError, ParseError */
export const encode: Ask<'encode'> = (input, options) => answer(encodeQuestion, input, options)

/** Checks whether two CPUs answered CPUID and MSR reads exactly alike, stored words of zero included. @throws LibvirtError */
export const identical: Ask<'identical'> = (input, options) => answer(identicalQuestion, input, options)

/** Returns where every feature that the CPU lists is known. @throws LibvirtError for the first unknown one */
export const validate: Ask<'validate'> = (input, options) => answer(validateQuestion, input, options)

/** Prints a host and the guests it can run as libvirt's document. @throws LibvirtError, ParseError */
export const capabilities: Ask<'capabilities'> = (input, options) =>
  answer(capabilitiesQuestion, input, options)

/** Lists what a recorded QEMU can give a guest: libvirt’s `<domainCapabilities>`. @throws LibvirtError, ParseError */
export const domcapabilities: Ask<'domcapabilities'> = (input, options) =>
  answer(domcapabilitiesQuestion, input, options)

/** Lists the model names of an architecture; null where libvirt accepts any name. @throws LibvirtError */
export const cpuModels: Ask<'cpu-models'> = (input, options) => answer(cpuModelsQuestion, input, options)

/** Describes a feature: its place, meaning, and every tool's name for it. @throws BadRequest for an unknown architecture */
export const name: Ask<'name'> = (input, options) => answer(nameQuestion, input, options)

/** Returns how CPU models descend from each other, or the history of one family. @throws BadRequest */
export const tree: Ask<'tree'> = (input, options) => answer(treeQuestion, input, options)

/** Lists the models that a recorded QEMU can give its guests. @throws LibvirtError, ParseError */
export const hypervisorCpuModels: Ask<'hypervisor-cpu-models'> = (input, options) =>
  answer(hypervisorCpuModelsQuestion, input, options)

/** Checks whether a recorded QEMU can give guests a CPU. @throws LibvirtError, ParseError */
export const hypervisorCpuCompare: Ask<'hypervisor-cpu-compare'> = (input, options) =>
  answer(hypervisorCpuCompareQuestion, input, options)

/** Computes the CPU that recorded QEMUs can give to guests of all these CPUs. @throws LibvirtError, ParseError */
export const hypervisorCpuBaseline: Ask<'hypervisor-cpu-baseline'> = (input, options) =>
  answer(hypervisorCpuBaselineQuestion, input, options)

/** Lists the models that guests can be given on every one of these hosts, best first. @throws LibvirtError, ParseError */
export const models: Ask<'models'> = (input, options) => answer(modelsQuestion, input, options)

/** Checks what libvirt does when a guest starts on a recorded host; a refusal is an answer. @throws LibvirtError, ParseError */
export const guestCheck: Ask<'guest-check'> = (input, options) => answer(guestCheckQuestion, input, options)

/** Lists the hosts of a fleet with what is known of each. @throws ParseError, LibvirtError */
export const hosts: Ask<'hosts'> = (input, options) => answer(hostsQuestion, input, options)

/** Explains what the guests of pools get, and why. @throws BadRequest, ParseError, LibvirtError */
export const explain: Ask<'explain'> = (input, options) => answer(explainQuestion, input, options)

/** Finds the best pools for a fleet. @throws BadRequest, ParseError, LibvirtError */
export const pools: Ask<'pools'> = (input, options) => answer(poolsQuestion, input, options)

/** Recommends a strategy for a fleet. @throws BadRequest, ParseError, LibvirtError */
export const advise: Ask<'advise'> = (input, options) => answer(adviseQuestion, input, options)

/** Computes what a change does to pools and guests. @throws BadRequest for an unknown name; ParseError, LibvirtError */
export const whatIf: Ask<'what-if'> = (input, options) => answer(whatIfQuestion, input, options)

/** Finds where guests can start and move, and what prevents it. @throws BadRequest, ParseError, LibvirtError */
export const migrate: Ask<'migrate'> = (input, options) => answer(migrateQuestion, input, options)

/** Plans a rolling upgrade. @throws BadRequest, ParseError, LibvirtError */
export const drain: Ask<'drain'> = (input, options) => answer(drainQuestion, input, options)

/** Compares a fleet with what it was. @throws ParseError, LibvirtError */
export const drift: Ask<'drift'> = (input, options) => answer(driftQuestion, input, options)

/** Checks a fleet against the requirements of its file. @throws BadRequest where nothing is required; ParseError, LibvirtError */
export const check: Ask<'check'> = (input, options) => answer(checkQuestion, input, options)

/** Explains error texts about CPUs, on the hosts and guests that are given beside them. An unknown text is an answer. */
export const doctor: Ask<'doctor'> = (input, options) => answer(doctorQuestion, input, options)

/** Judges trials of guests on QEMU: whether they saw what was predicted, before a migration and after. @throws BadRequest without trials */
export const verify: Ask<'verify'> = (input, options) => answer(verifyQuestion, input, options)

/** Says what hosts are vulnerable to, what guests believe of themselves, and where the two differ. @throws ParseError, LibvirtError */
export const audit: Ask<'audit'> = (input, options) => answer(auditQuestion, input, options)

/** Says which level, profile or generation, and which -march, hosts, guests and pools reach. @throws ParseError, LibvirtError */
export const level: Ask<'level'> = (input, options) => answer(levelQuestion, input, options)

/** Finds who cannot run an operating system or a program. @throws BadRequest for an unknown one; ParseError, LibvirtError */
export const fits: Ask<'fits'> = (input, options) => answer(fitsQuestion, input, options)

export interface ParseOptions extends Options {
  /** `host` reads definitions as `cpu-baseline` does, `auto` (the default) as `cpu-compare` does. */
  readonly expected?: Expected
  /** What errors call the text. */
  readonly source?: string
}

/**
 * Every CPU in a text, in order: definitions where virsh finds them, dumps as host definitions. None is an
 * answer.
 * @throws ParseError, LibvirtError
 */
export const parseCpus = (text: string, { map, expected, source }: ParseOptions = {}): FoundHost[] =>
  parse(contextOf(map), text, expected, source)
