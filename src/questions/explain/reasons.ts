import type { Feature } from '../../core/feature.ts'
import { once, oncePer } from '../../core/memo.ts'
import { bytewise } from '../../core/text.ts'
import type { CauseFinding, FindingEvidence } from '../../fleet/causes/finding.ts'
import type { LossCause, LossReason } from '../../fleet/causes/lost.ts'
import type { Group } from '../../fleet/groups.ts'
import { relianceOn } from '../../fleet/interest.ts'
import type { CauseAnswer, Reason } from '../answer-parts.ts'
import type { FleetView } from '../input/fleet/view.ts'
import { reasonOf } from '../words/note.ts'
import type { LossAnswer, SharedCause } from './answer.ts'

/** Says why, naming hosts: lists of hosts that recur are one object. */
export class CauseDescriber {
  readonly #view: FleetView
  /** By the numbers of the groups. */
  readonly #names = new Map<string, readonly string[]>()
  readonly #numberOf: (group: Group) => number
  /** Where each host stands in the order of names: numbers sort faster than ten thousand names. */
  readonly #places: () => ReadonlyMap<string, number>
  readonly #placesOf: (group: Group) => readonly number[]

  constructor(view: FleetView) {
    this.#view = view
    this.#places = once(() => new Map(view.fleet.hosts.map(({ name }, i) => [name, i])))
    this.#placesOf = oncePer(({ hosts }: Group) => hosts.map(({ name }) => this.#places().get(name) ?? -1))
    const numbers = new Map<Group, number>()
    this.#numberOf = group => {
      const number = numbers.get(group) ?? numbers.size
      numbers.set(group, number)
      return number
    }
  }

  loss({ feature, because }: LossCause): LossAnswer {
    return {
      ...reasonOf(feature),
      ...(feature.class ? { class: feature.class } : {}),
      ...(feature.order === '|' ? { hazard: true as const } : {}),
      ...(relianceOn(feature) === 'promise' && feature.order !== '|' ? { promise: true as const } : {}),
      because: because.map(one => this.#because(one)),
    }
  }

  cause({ cause, confidence, remedy, evidence, behind }: CauseFinding): CauseAnswer {
    return {
      cause,
      meaning: this.#view.causes.meaning(cause),
      confidence,
      remedy,
      evidence: [...(behind ? [`it comes with ${behind.name}`] : []), ...evidence.map(sayEvidence)],
      ...(behind ? { behind: behind.name } : {}),
    }
  }

  /** The names of the groups' hosts. */
  names(groups: readonly Group[]): readonly string[] {
    const key = groups.map(this.#numberOf).join()
    const known = this.#names.get(key) ?? this.#inOrder(groups)
    this.#names.set(key, known)
    return known
  }

  #inOrder(groups: readonly Group[]): readonly string[] {
    const { hosts } = this.#view.fleet
    const places = groups.flatMap(this.#placesOf)
    // A host that was changed in thought may have a name of its own.
    if (places.includes(-1))
      return groups.flatMap(group => group.hosts.map(({ name }) => name)).sort(bytewise)
    return Array.from(Uint32Array.from(places).sort(), place => hosts[place]?.name ?? '')
  }

  #because({ finding, groups }: LossReason): SharedCause {
    return { ...this.cause(finding), hosts: this.names(groups) }
  }
}

export const reasonsOf = (features: readonly Feature[]): Reason[] => features.map(reasonOf)

/** The sentence of a piece of evidence, without a full stop. */
function sayEvidence(evidence: FindingEvidence): string {
  switch (evidence.kind) {
    case 'same-signature':
      return `${evidence.host} has the same family, model and stepping, and has it`
    case 'microcode':
      return `microcode ${hexOf(evidence.without)} here, ${hexOf(evidence.having)} where it is`
    case 'kernel':
    case 'hypervisor':
      return `${evidence.kind} ${evidence.without} here, ${evidence.having} where it is`
    case 'given-on':
      return `${evidence.host} has the same CPU and gives it to guests`
    case 'since':
      return `${evidence.tool} ${evidence.own} here, ${evidence.tool} ${evidence.version} is the first that gives it`
    case 'until':
      return `${evidence.tool} ${evidence.own} here, ${evidence.tool} ${evidence.version} and later do not give it`
    case 'withheld':
      return 'its CPU has it, its hypervisor does not give it'
    case 'virtual-machine':
      return 'the host is itself a virtual machine'
    case 'generation':
      return sayGeneration(evidence)
    case 'product':
      return `products of ${evidence.title} that are called ${evidence.word} do not have it`
    case 'some-products':
      return `only some products of ${evidence.title} have it`
    case 'vendors':
      return `only CPUs of ${evidence.vendors.filter(Boolean).join(' and ') || 'another vendor'} have it`
  }
}

function sayGeneration({
  title,
  first,
  gone,
}: Extract<FindingEvidence, { readonly kind: 'generation' }>): string {
  if (gone) return `CPUs of ${title} no longer have it`
  return first
    ? `CPUs of ${title} do not have it, ${first} is the first that does`
    : `CPUs of ${title} do not have it`
}

const hexOf = (revision: number): string => `0x${revision.toString(16)}`
