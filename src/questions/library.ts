import type { InferInput } from 'valibot'
import type { Policy } from '../core/cpu.ts'
import type { Advice } from './advise/answer.ts'
import type { BaselineReasons } from './answer-parts.ts'
import type { BaselineAnswer } from './baseline/answer.ts'
import type { CheckAnswer } from './check/answer.ts'
import type { CompareAnswer } from './compare/answer.ts'
import type { DecodeAnswer } from './decode/compute.ts'
import type { DrainAnswer } from './drain/answer.ts'
import type { DriftAnswer } from './drift/answer.ts'
import type { CostAnswer, FeatureAnswer, PoolExplanation } from './explain/answer.ts'
import type * as fleetInputs from './input/fleet/inputs.ts'
import type * as inputs from './inputs.ts'
import { answer, type Options, type WithNotes } from './library-answer.ts'
import type { MigrateAnswer, MoveAnswer } from './migrate/answer.ts'
import type { PoolsAnswer } from './pools/answer.ts'
import type { WhatIfAnswer } from './what-if/answer.ts'

export type DecodeInput = InferInput<typeof inputs.decode>
export type BaselineInput = InferInput<typeof inputs.baseline> & { readonly explain?: boolean }
export type CompareInput = InferInput<typeof inputs.compare>
export type UpdateInput = InferInput<typeof inputs.update>
export type StartInput = InferInput<typeof inputs.start>
export type IdenticalInput = InferInput<typeof inputs.twoData>
export type UpdateLiveInput = InferInput<typeof inputs.updateLive>

/**
 * The named CPU that CPUID and MSR words, or the text of a dump, are.
 * @throws LibvirtError where no model fits, ParseError for text that is no dump
 */
export const decode = (input: DecodeInput, options?: Options): WithNotes<DecodeAnswer> =>
  answer('decode', input, options)

/**
 * The CPU that guests may be given on all of these hosts.
 * @throws LibvirtError, as virsh words it; ParseError for what is not XML
 */
export const baseline = (
  input: BaselineInput,
  options?: Options,
): WithNotes<BaselineAnswer> & { readonly explain?: BaselineReasons } => answer('baseline', input, options)

/** Whether a host can run a CPU, and what stands between them. @throws LibvirtError, ParseError */
export const compare = (input: CompareInput, options?: Options): WithNotes<CompareAnswer> =>
  answer('compare', input, options)

/** A guest CPU made definite on a host, whose migratable copy is used. @throws LibvirtError, ParseError */
export const update = (input: UpdateInput, options?: Options): WithNotes<{ readonly xml: string }> =>
  answer('update', input, options)

/** What becomes of a guest CPU when it starts on a host. @throws LibvirtError, ParseError */
export const start = (
  input: StartInput,
  options?: Options,
): WithNotes<{
  readonly result: CompareAnswer['result']
  readonly xml?: string
  readonly message?: string
}> => answer('start', input, options)

/** A running guest's CPU, corrected by what its hypervisor gave and refused. @throws LibvirtError, ParseError */
export const updateLive = (input: UpdateLiveInput, options?: Options): WithNotes<{ readonly xml: string }> =>
  answer('update-live', input, options)

/** A CPU with its model's features spelt out. @throws LibvirtError, ParseError */
export const expand = (
  input: { readonly cpu: string },
  options?: Options,
): WithNotes<{ readonly xml: string }> => answer('expand', input, options)

/** A CPU without what blocks a migration. @throws LibvirtError, ParseError */
export const migratable = (
  input: { readonly cpu: string },
  options?: Options,
): WithNotes<{ readonly xml: string }> => answer('migratable', input, options)

/**
 * A CPU as `<cpudata>` documents: the words of each policy, the model's among the required ones, and of its vendor.
 * @throws LibvirtError, ParseError
 */
export const encode = (
  input: { readonly cpu: string },
  options?: Options,
): WithNotes<Readonly<Record<Policy | 'vendor', string>>> => answer('encode', input, options)

/** Whether two CPUs answered CPUID and MSR reads exactly alike, stored words of zero included. @throws LibvirtError */
export const identical = (
  input: IdenticalInput,
  options?: Options,
): WithNotes<{ readonly identical: boolean }> => answer('identical', input, options)

/** Passes where every feature that the CPU lists is known. @throws LibvirtError for the first that is not */
export const validate = (
  input: { readonly cpu: string },
  options?: Options,
): WithNotes<{ readonly valid: true }> => answer('validate', input, options)

/** The model names that an architecture knows; null where it takes any. @throws LibvirtError */
export const cpuModels = (
  input: { readonly arch: string },
  options?: Options,
): WithNotes<{ readonly models: readonly string[] | null }> => answer('cpu-models', input, options)

export type WhatIfInput = InferInput<typeof fleetInputs.whatIf>
export type MigrateInput = InferInput<typeof fleetInputs.migrate>
export type DrainInput = InferInput<typeof fleetInputs.drain>
export type DriftInput = InferInput<typeof fleetInputs.drift>
export type CheckInput = InferInput<typeof fleetInputs.check>

/**
 * What hosts that come or go, and effects of updates and options, do to pools and guests.
 * @throws BadRequest for a name that means nothing; ParseError, LibvirtError
 */
export const whatIf = (input: WhatIfInput, options?: Options): WithNotes<WhatIfAnswer> =>
  answer('what-if', input, options)

/** Where guests can be started and moved, and what stands in the way. @throws as `whatIf` */
export const migrate = (input: Omit<MigrateInput, 'to'>, options?: Options): WithNotes<MigrateAnswer> =>
  answer('migrate', input, options)

/** Whether one guest, or one with all of a host's CPU, can move to a host. @throws as `whatIf` */
export const move = (
  input: MigrateInput & { readonly to: string },
  options?: Options,
): WithNotes<MoveAnswer> => answer('migrate', input, options)

/** In which order to empty hosts, who is bound to one, and who runs with an older CPU. @throws as `whatIf` */
export const drain = (input: DrainInput, options?: Options): WithNotes<DrainAnswer> =>
  answer('drain', input, options)

/** How a fleet differs from what it was, and what that does to pools and guests. @throws as `whatIf` */
export const drift = (input: DriftInput, options?: Options): WithNotes<DriftAnswer> =>
  answer('drift', input, options)

/** Whether a fleet keeps to the requirements of its file. @throws as `whatIf`, and where nothing is required */
export const check = (input: CheckInput, options?: Options): WithNotes<CheckAnswer> =>
  answer('check', input, options)

export type ExplainInput = InferInput<typeof fleetInputs.explain>
export type PlanInput = InferInput<typeof fleetInputs.plan>

/**
 * What the guests of a fleet's pools get, and why: kept and lost features with hosts, causes and remedies, the model and
 * its shortest definition, levels, axes, odd ones out. With `cost`, what each host, and each set of equal hosts, costs
 * its pool; with `feature`, where that one is kept or lost, and why.
 * @throws LibvirtError, ParseError; BadRequest for a pool or feature that there is not
 */
export function explain(
  input: ExplainInput & { readonly cost: true; readonly feature?: undefined },
  options?: Options,
): WithNotes<CostAnswer>
export function explain(
  input: ExplainInput & { readonly feature: string },
  options?: Options,
): WithNotes<FeatureAnswer>
export function explain(
  input: ExplainInput & { readonly cost?: false | undefined; readonly feature?: undefined },
  options?: Options,
): WithNotes<{ readonly pools: readonly PoolExplanation[] }>
export function explain(input: ExplainInput, options?: Options): unknown {
  return answer('explain', input, options)
}

/** The best partitions of a fleet into at most 1, 2, … k pools. @throws LibvirtError, ParseError */
export const pools = (input: PlanInput, options?: Options): WithNotes<PoolsAnswer> =>
  answer('pools', input, options)

/** The strategy to take for a fleet, and what each of the four gives and loses. @throws LibvirtError, ParseError */
export const advise = (input: PlanInput, options?: Options): WithNotes<Advice> =>
  answer('advise', input, options)
