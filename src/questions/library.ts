import type { Expected } from '../formats/libvirt/parse-cpu.ts'
import type { CpuMap } from '../map/cpu-map.ts'
import { adviseQuestion } from './advise/question.ts'
import { answerVerb as askContext, askQuestion } from './ask.ts'
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
import type { AnyQuestion, DocumentOf, InputOf } from './question.ts'
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
export const ask = (
  request: Readonly<Record<string, unknown>>,
  options: Options = {},
): Promise<Record<string, unknown>> => askContext(contextOf(options.map), request)

/** The function of a question: what the question takes and returns are the types of its schemas. */
export type Ask<Name extends QuestionName> = (
  input: QuestionInput<Name>,
  options?: Options,
) => AnswerDocument<Name>

const functionOf =
  <Q extends AnyQuestion>(question: Q) =>
  (input: InputOf<Q>, options: Options = {}): DocumentOf<Q> =>
    askQuestion(contextOf(options.map), question, input)

/** Names the CPU of a dump. @throws LibvirtError where no model fits, ParseError for text that is not a dump */
export const decode: Ask<'decode'> = functionOf(decodeQuestion)

/** Computes the baseline CPU of a set of hosts. @throws LibvirtError, as virsh words it; ParseError for text that is not XML */
export const baseline: Ask<'baseline'> = functionOf(baselineQuestion)

/** Checks whether a host can run a CPU, and returns what is missing. @throws LibvirtError, ParseError */
export const compare: Ask<'compare'> = functionOf(compareQuestion)

/** Makes a guest CPU definite on a host, whose migratable copy is used. @throws LibvirtError, ParseError */
export const update: Ask<'update'> = functionOf(updateQuestion)

/** Computes the CPU that a guest gets when it starts on a host. @throws LibvirtError, ParseError */
export const start: Ask<'start'> = functionOf(startQuestion)

/** Corrects a running guest's CPU by what its hypervisor gave and refused. @throws LibvirtError, ParseError */
export const updateLive: Ask<'update-live'> = functionOf(updateLiveQuestion)

/** Lists the features of a CPU's model with the CPU. @throws LibvirtError, ParseError */
export const expand: Ask<'expand'> = functionOf(expandQuestion)

/** Removes from a CPU what blocks a migration. @throws LibvirtError, ParseError */
export const migratable: Ask<'migratable'> = functionOf(migratableQuestion)

/** Converts guests' CPUs from any format to another. @throws BadRequest, LibvirtError, ParseError */
export const convert: Ask<'convert'> = functionOf(convertQuestion)

/** Converts a CPU to `<cpudata>` documents: the words of each policy, and of its vendor. @throws LibvirtError, ParseError */
export const encode: Ask<'encode'> = functionOf(encodeQuestion)

/** Checks whether two CPUs answered CPUID and MSR reads exactly alike, stored words of zero included. @throws LibvirtError */
export const identical: Ask<'identical'> = functionOf(identicalQuestion)

/** Returns where every feature that the CPU lists is known. @throws LibvirtError for the first unknown one */
export const validate: Ask<'validate'> = functionOf(validateQuestion)

/** Prints a host and the guests it can run as libvirt's document. @throws LibvirtError, ParseError */
export const capabilities: Ask<'capabilities'> = functionOf(capabilitiesQuestion)

/** Lists what a recorded QEMU can give a guest: libvirt’s `<domainCapabilities>`. @throws LibvirtError, ParseError */
export const domcapabilities: Ask<'domcapabilities'> = functionOf(domcapabilitiesQuestion)

/** Lists the model names of an architecture; null where libvirt accepts any name. @throws LibvirtError */
export const cpuModels: Ask<'cpu-models'> = functionOf(cpuModelsQuestion)

/** Describes a feature: its place, meaning, and every tool's name for it. @throws BadRequest for an unknown architecture */
export const name: Ask<'name'> = functionOf(nameQuestion)

/** Returns how CPU models descend from each other, or the history of one family. @throws BadRequest */
export const tree: Ask<'tree'> = functionOf(treeQuestion)

/** Lists the models that a recorded QEMU can give its guests. @throws LibvirtError, ParseError */
export const hypervisorCpuModels: Ask<'hypervisor-cpu-models'> = functionOf(hypervisorCpuModelsQuestion)

/** Checks whether a recorded QEMU can give guests a CPU. @throws LibvirtError, ParseError */
export const hypervisorCpuCompare: Ask<'hypervisor-cpu-compare'> = functionOf(hypervisorCpuCompareQuestion)

/** Computes the CPU that recorded QEMUs can give to guests of all these CPUs. @throws LibvirtError, ParseError */
export const hypervisorCpuBaseline: Ask<'hypervisor-cpu-baseline'> = functionOf(hypervisorCpuBaselineQuestion)

/** Lists the models that guests can be given on every one of these hosts, best first. @throws LibvirtError, ParseError */
export const models: Ask<'models'> = functionOf(modelsQuestion)

/** Checks what libvirt does when a guest starts on a recorded host; a refusal is an answer. @throws LibvirtError, ParseError */
export const guestCheck: Ask<'guest-check'> = functionOf(guestCheckQuestion)

/** Lists the hosts of a fleet with what is known of each. @throws ParseError, LibvirtError */
export const hosts: Ask<'hosts'> = functionOf(hostsQuestion)

/** Explains what the guests of pools get, and why. @throws BadRequest, ParseError, LibvirtError */
export const explain: Ask<'explain'> = functionOf(explainQuestion)

/** Finds the best pools for a fleet. @throws BadRequest, ParseError, LibvirtError */
export const pools: Ask<'pools'> = functionOf(poolsQuestion)

/** Recommends a strategy for a fleet. @throws BadRequest, ParseError, LibvirtError */
export const advise: Ask<'advise'> = functionOf(adviseQuestion)

/** Computes what a change does to pools and guests. @throws BadRequest for an unknown name; ParseError, LibvirtError */
export const whatIf: Ask<'what-if'> = functionOf(whatIfQuestion)

/** Finds where guests can start and move, and what prevents it. @throws BadRequest, ParseError, LibvirtError */
export const migrate: Ask<'migrate'> = functionOf(migrateQuestion)

/** Plans a rolling upgrade. @throws BadRequest, ParseError, LibvirtError */
export const drain: Ask<'drain'> = functionOf(drainQuestion)

/** Compares a fleet with what it was. @throws ParseError, LibvirtError */
export const drift: Ask<'drift'> = functionOf(driftQuestion)

/** Checks a fleet against the requirements of its file. @throws BadRequest where nothing is required; ParseError, LibvirtError */
export const check: Ask<'check'> = functionOf(checkQuestion)

/** Explains error texts about CPUs, on the hosts and guests that are given beside them. An unknown text is an answer. */
export const doctor: Ask<'doctor'> = functionOf(doctorQuestion)

/** Judges trials of guests on QEMU: whether they saw what was predicted, before a migration and after. @throws BadRequest without trials */
export const verify: Ask<'verify'> = functionOf(verifyQuestion)

/** Says what hosts are vulnerable to, what guests believe of themselves, and where the two differ. @throws ParseError, LibvirtError */
export const audit = functionOf(auditQuestion)

/** Says which level, profile or generation, and which -march, hosts, guests and pools reach. @throws ParseError, LibvirtError */
export const level: Ask<'level'> = functionOf(levelQuestion)

/** Finds who cannot run an operating system or a program. @throws BadRequest for an unknown one; ParseError, LibvirtError */
export const fits: Ask<'fits'> = functionOf(fitsQuestion)

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
