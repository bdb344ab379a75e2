/**
 * The questions as asynchronous functions, for programs that are loaded over a network: the code of a question, and the data,
 * are loaded when it is first asked. They take and return what the functions of these names in `virt-cpu` do.
 */
import type { Ask, Options } from './questions/library.ts'
import type { AnyQuestion } from './questions/question.ts'
import { type AnswerDocument, loadQuestion, QUESTIONS, type QuestionName } from './questions/table.ts'

/** A question's function that loads what it needs. Rejects with what the function in `virt-cpu` throws. */
export type AskLater<Name extends QuestionName> = (
  ...asked: Parameters<Ask<Name>>
) => Promise<AnswerDocument<Name>>

const functionOf =
  <Name extends QuestionName>(name: Name): AskLater<Name> =>
  async (input, options = {}) => {
    const loaded: Promise<AnyQuestion> = QUESTIONS[name]()
    const { askQuestion, contextOf } = await import('./questions/ask.ts')
    const answer: unknown = askQuestion(contextOf(options.map), await loaded, input as never)
    return answer as AnswerDocument<Name>
  }

/** Answers a request of the JSON contract, `{verb, …inputs}`. Rejects with BadRequest, LibvirtError, ParseError. */
export async function ask(
  request: Readonly<Record<string, unknown>>,
  options: Options = {},
): Promise<Record<string, unknown>> {
  const loaded = loadQuestion(request.verb)
  const { answerWith, contextOf } = await import('./questions/ask.ts')
  return answerWith(contextOf(options.map), await loaded, request)
}

/** Names the CPU of a dump. */
export const decode = functionOf('decode')

/** Computes the baseline CPU of a set of hosts. */
export const baseline = functionOf('baseline')

/** Checks whether a host can run a CPU, and returns what is missing. */
export const compare = functionOf('compare')

/** Makes a guest CPU definite on a host, whose migratable copy is used. */
export const update = functionOf('update')

/** Computes the CPU that a guest gets when it starts on a host. */
export const start = functionOf('start')

/** Corrects a running guest's CPU by what its hypervisor gave and refused. */
export const updateLive = functionOf('update-live')

/** Lists the features of a CPU's model with the CPU. */
export const expand = functionOf('expand')

/** Removes from a CPU what blocks a migration. */
export const migratable = functionOf('migratable')

/** Converts guests' CPUs from any format to another. */
export const convert = functionOf('convert')

/** Converts a CPU to `<cpudata>` documents: the words of each policy, and of its vendor. */
export const encode = functionOf('encode')

/** Checks whether two CPUs answered CPUID and MSR reads exactly alike, stored words of zero included. */
export const identical = functionOf('identical')

/** Returns where every feature that the CPU lists is known. */
export const validate = functionOf('validate')

/** Prints a host and the guests it can run as libvirt's document. */
export const capabilities = functionOf('capabilities')

/** Lists what a recorded QEMU can give a guest: libvirt’s `<domainCapabilities>`. */
export const domcapabilities = functionOf('domcapabilities')

/** Lists the model names of an architecture; null where libvirt accepts any name. */
export const cpuModels = functionOf('cpu-models')

/** Describes a feature: its place, meaning, and every tool's name for it. */
export const name = functionOf('name')

/** Returns how CPU models descend from each other, or the history of one family. */
export const tree = functionOf('tree')

/** Lists the models that a recorded QEMU can give its guests. */
export const hypervisorCpuModels = functionOf('hypervisor-cpu-models')

/** Checks whether a recorded QEMU can give guests a CPU. */
export const hypervisorCpuCompare = functionOf('hypervisor-cpu-compare')

/** Computes the CPU that recorded QEMUs can give to guests of all these CPUs. */
export const hypervisorCpuBaseline = functionOf('hypervisor-cpu-baseline')

/** Lists the models that guests can be given on every one of these hosts, best first. */
export const models = functionOf('models')

/** Checks what libvirt does when a guest starts on a recorded host; a refusal is an answer. */
export const guestCheck = functionOf('guest-check')

/** Lists the hosts of a fleet with what is known of each. */
export const hosts = functionOf('hosts')

/** Explains what the guests of pools get, and why. */
export const explain = functionOf('explain')

/** Finds the best pools for a fleet. */
export const pools = functionOf('pools')

/** Recommends a strategy for a fleet. */
export const advise = functionOf('advise')

/** Computes what a change does to pools and guests. */
export const whatIf = functionOf('what-if')

/** Finds where guests can start and move, and what prevents it. */
export const migrate = functionOf('migrate')

/** Plans a rolling upgrade. */
export const drain = functionOf('drain')

/** Compares a fleet with what it was. */
export const drift = functionOf('drift')

/** Checks a fleet against the requirements of its file. */
export const check = functionOf('check')

/** Explains error texts about CPUs, on the hosts and guests that are given beside them. An unknown text is an answer. */
export const doctor = functionOf('doctor')

/** Judges trials of guests on QEMU: whether they saw what was predicted, before a migration and after. */
export const verify = functionOf('verify')

/** Says what hosts are vulnerable to, what guests believe of themselves, and where the two differ. */
export const audit = functionOf('audit')

/** Says which level, profile or generation, and which -march, hosts, guests and pools reach. */
export const level = functionOf('level')

/** Finds who cannot run an operating system or a program. */
export const fits = functionOf('fits')
