import type { FleetCpus } from '../../arch/driver.ts'
import type { Feature } from '../../core/feature.ts'
import { FeatureSet } from '../../core/feature-set.ts'
import { oncePer } from '../../core/memo.ts'
import type { Cause } from '../../map/cause-table.ts'

/** A feature, and its details: what means nothing without it. */
interface Parent {
  readonly bits: FeatureSet
  readonly details: FeatureSet
}

const parentsOf = oncePer(({ db: { features }, prerequisiteOf }: FleetCpus): readonly Parent[] => {
  const details = new Map<Feature, Feature[]>()
  for (const feature of prerequisiteOf ? features.list : []) {
    const parent = prerequisiteOf?.(feature)
    if (parent) details.set(parent, [...(details.get(parent) ?? []), feature])
  }
  return [...details].map(([{ bits }, own]) => ({ bits, details: features.setOf(own) }))
})

/** Every feature that means nothing without another. */
export const detailsIn = (cpus: FleetCpus): FeatureSet =>
  parentsOf(cpus).reduce((all, { details }) => all.join(details), FeatureSet.empty)

/** The features without details of what is not there: `vmx-*` without `vmx` means nothing. */
export const withoutVoid = (cpus: FleetCpus, features: FeatureSet): FeatureSet =>
  parentsOf(cpus).reduce(
    (rest, { bits, details }) => (bits.leq(features) ? rest : rest.minus(details)),
    features,
  )

/** `high`: the fleet's own hosts or facts about the CPU show it; `medium`: it is so as a rule; `low`: a guess. */
export type Confidence = 'high' | 'medium' | 'low'

/** Why hosts of a group lack a feature, as far as can be found out. */
export interface CauseFinding {
  readonly cause: Cause
  readonly confidence: Confidence
  /** What to do, in a line. */
  readonly remedy: string
  readonly evidence: readonly FindingEvidence[]
  /** The feature whose lack it really is, where another stands behind it: `vmx` behind `vmx-ept`. */
  readonly behind?: Feature
}

/** What a finding rests on. */
export type FindingEvidence =
  /** Hosts with the same signature that have it: it is not the hardware. */
  | { readonly kind: 'same-signature'; readonly host: string }
  /** A host with the same CPU gives it to guests. */
  | { readonly kind: 'given-on'; readonly host: string }
  /** The newest microcode of those that lack it, and the oldest of those with the same signature that have it. */
  | { readonly kind: 'microcode'; readonly without: number; readonly having: number }
  /** Versions on a host that lacks it and on one with the same signature that has it. */
  | { readonly kind: 'kernel' | 'hypervisor'; readonly without: string; readonly having: string }
  /** The version that first gives it, or no longer does, and that of the hosts. */
  | {
      readonly kind: 'since' | 'until'
      readonly tool: 'Linux' | 'QEMU'
      readonly version: string
      readonly own: string
    }
  /** The host's CPU has it, and its hypervisor does not give it. */
  | { readonly kind: 'withheld' }
  /** The host runs in a virtual machine. */
  | { readonly kind: 'virtual-machine' }
  /** CPUs of this generation do not have it. `first`: the first that do; `gone`: earlier ones had it. */
  | {
      readonly kind: 'generation'
      readonly title: string
      readonly first: string | undefined
      readonly gone: boolean
    }
  /** The name of the host's CPU, where the generation is known from the name alone. */
  | { readonly kind: 'called'; readonly name: string }
  /** Products with this word in their names do not have it. */
  | { readonly kind: 'product'; readonly word: string; readonly title: string }
  /** Only some products of this generation have it. */
  | { readonly kind: 'some-products'; readonly title: string }
  /** Only CPUs of these vendors have it. */
  | { readonly kind: 'vendors'; readonly vendors: readonly string[] }
