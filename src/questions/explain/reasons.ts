import type { Feature } from '../../core/feature.ts'
import { bytewise, groupBy } from '../../core/text.ts'
import type { CauseFinding, FindingEvidence } from '../../fleet/causes/finding.ts'
import type { LossCause } from '../../fleet/causes/lost.ts'
import type { Group } from '../../fleet/groups.ts'
import type { FleetHost } from '../../fleet/host.ts'
import { relianceOn } from '../../fleet/interest.ts'
import { groupByClass } from '../../fleet/value.ts'
import type { CauseAnswer, Reason } from '../answer-parts.ts'
import type { FleetView } from '../input/fleet/view.ts'
import { reasonOf } from '../words/note.ts'
import type { FeatureOfClass, LossAnswer } from './answer.ts'

/** Says why hosts lack features. */
export class CauseDescriber {
  readonly #view: FleetView

  constructor(view: FleetView) {
    this.#view = view
  }

  /** @param placesOf as `placesAmong` of the pool's groups */
  loss({ feature, because }: LossCause, placesOf: PlacesOf): LossAnswer {
    return {
      ...reasonOf(feature),
      ...(feature.class ? { class: feature.class } : {}),
      ...(feature.order === '|' ? { hazard: true as const } : {}),
      ...(relianceOn(feature) === 'promise' && feature.order !== '|' ? { promise: true as const } : {}),
      causes: because.map(one => ({ ...this.cause(one.finding), inGroups: placesOf(one.groups) })),
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
}

export type PlacesOf = (some: readonly Group[]) => readonly number[]

/** Groups by the names of their hosts alone. */
export const namesIn = (groups: readonly Group[]): { readonly hosts: readonly string[] }[] =>
  groups.map(({ hosts }) => ({ hosts: hosts.map(({ name }) => name) }))

type Hosts = readonly Pick<FleetHost, 'name'>[]

/** The hosts of an answer, each named once: those that are in the same of its lists are one group. */
export class HostTable {
  readonly groups: readonly { readonly hosts: readonly string[] }[]
  readonly #places = new Map<Hosts, number[]>()

  /** @param lists all that the answer refers to */
  constructor(lists: Iterable<Hosts>) {
    const listsOf = new Map<string, Hosts[]>()
    const numbers = new Map<Hosts, number>()
    for (const list of new Set(lists)) {
      numbers.set(list, numbers.size)
      this.#places.set(list, [])
      for (const { name } of list) {
        const all = listsOf.get(name)
        if (all) all.push(list)
        else listsOf.set(name, [list])
      }
    }
    const keyOf = (name: string) =>
      listsOf
        .get(name)
        ?.map(list => numbers.get(list))
        .join()
    const groups = [...groupBy([...listsOf.keys()].sort(bytewise), keyOf).values()]
    this.groups = groups.map(hosts => ({ hosts }))
    groups.forEach(([first = ''], place) => {
      for (const list of listsOf.get(first) ?? []) this.#places.get(list)?.push(place)
    })
  }

  /** Where the hosts of some of the lists stand. */
  placesOf(lists: readonly Hosts[]): readonly number[] {
    const all = lists.flatMap(list => this.#places.get(list) ?? [])
    return lists.length > 1 ? [...new Set(all)].sort((a, b) => a - b) : all
  }

  /** The same of groups. */
  placesOfGroups: PlacesOf = groups => this.placesOf(groups.map(({ hosts }) => hosts))
}

/** Tells where some groups stand among those of a pool; of groups that recur it is one list. */
export function placesAmong(groups: readonly Group[]): PlacesOf {
  const places = new Map(groups.map((group, i) => [group, i]))
  const lists = new Map<string, readonly number[]>()
  return some => {
    const list = some.map(group => places.get(group) ?? -1).sort((a, b) => a - b)
    const key = list.join()
    const known = lists.get(key) ?? list
    lists.set(key, known)
    return known
  }
}

/** With their classes, class by class. */
export const classedReasons = (features: readonly Feature[]): FeatureOfClass[] =>
  groupByClass(features).flatMap(({ class: of, features: some }) =>
    some.map(feature => ({ ...reasonOf(feature), class: of })),
  )

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
    case 'called':
      return `its CPU is called ${evidence.name}`
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
