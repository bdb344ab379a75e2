import type { InferInput } from 'valibot'
import type { BaselineAnswer } from './baseline/answer.ts'
import type { capabilitiesInput } from './capabilities/input.ts'
import type { CompareAnswer } from './compare/answer.ts'
import type { domcapabilitiesInput } from './domcapabilities/input.ts'
import type { GuestAnswer } from './guest-check/answer.ts'
import type { HypervisorReasons } from './hypervisor-cpu-baseline/answer.ts'
import type { HypervisorModel } from './hypervisor-cpu-models/answer.ts'
import type * as inputs from './input/hypervisor-schemas.ts'
import { answer, type Options, type WithNotes } from './library-answer.ts'
import type { UsableModels } from './models/answer.ts'

export type CapabilitiesInput = InferInput<typeof capabilitiesInput>
export type DomcapabilitiesInput = InferInput<typeof domcapabilitiesInput>
export type HypervisorCompareInput = InferInput<typeof inputs.compareInput>
export type HypervisorBaselineInput = InferInput<typeof inputs.baselineInput> & { readonly explain?: boolean }
export type HypervisorModelsInput = InferInput<typeof inputs.modelsInput>
export type UsableModelsInput = InferInput<typeof inputs.usableInput>
export type GuestCheckInput = InferInput<typeof inputs.guestInput>

/**
 * A host and the guests it can run as libvirt's `<capabilities>`, of facts as `capabilities --json` tells them.
 * @throws LibvirtError, ParseError for a CPU that is none
 */
export const capabilities = (
  input: CapabilitiesInput,
  options?: Options,
): WithNotes<{ readonly xml: string }> => answer('capabilities', input, options)

/** What a guest can be given by a recorded QEMU: libvirt's `<domainCapabilities>`. @throws LibvirtError, ParseError */
export const domcapabilities = (
  input: DomcapabilitiesInput,
  options?: Options,
): WithNotes<{ readonly xml: string }> => answer('domcapabilities', input, options)

/**
 * Whether a recorded QEMU can give guests a CPU on its host.
 * @throws LibvirtError, and where QEMU itself would have to be asked (s390x) and the recording lacks its answer;
 *   ParseError
 */
export const hypervisorCompare = (
  input: HypervisorCompareInput,
  options?: Options,
): WithNotes<CompareAnswer> => answer('hypervisor-cpu-compare', input, options)

/**
 * The CPU that the QEMU of each recorded host can give to guests of all these CPUs; without `cpus` and `model`, of
 * the CPUs that the hosts themselves report.
 * @throws as `hypervisorCompare`
 */
export const hypervisorBaseline = (
  input: HypervisorBaselineInput,
  options?: Options,
): WithNotes<BaselineAnswer> & { readonly explain?: HypervisorReasons } =>
  answer('hypervisor-cpu-baseline', input, options)

/** The models that a recorded QEMU gives guests; with `all` the others too, and what blocks them. @throws LibvirtError, ParseError */
export const hypervisorModels = (
  input: HypervisorModelsInput,
  options?: Options,
): WithNotes<{ readonly models: readonly HypervisorModel[] }> =>
  answer('hypervisor-cpu-models', input, options)

/** The models that guests can be given on every recorded host, best first, and what blocks the others where. @throws LibvirtError, ParseError */
export const usableModels = (input: UsableModelsInput, options?: Options): WithNotes<UsableModels> =>
  answer('models', input, options)

/** What libvirt would do at the start of a guest; that it refuses is an answer. @throws ParseError */
export const guestCheck = (input: GuestCheckInput, options?: Options): WithNotes<GuestAnswer> =>
  answer('guest-check', input, options)
