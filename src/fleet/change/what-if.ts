import { FeatureSet } from '../../core/feature-set.ts'
import type { Database } from '../../map/database.ts'
import { type Effect, isAffected, withDependents } from '../../map/effects.ts'
import { FleetFacts } from '../causes/cpu-facts.ts'
import { type Group, groupHosts } from '../groups.ts'
import type { FleetHost } from '../host.ts'

/** Something that may be done to a fleet. */
export type FleetChange =
  | { readonly kind: 'add'; readonly host: FleetHost }
  /** `replace`: the other host takes over name, pool and weight. */
  | { readonly kind: 'replace'; readonly name: string; readonly by: FleetHost }
  | { readonly kind: 'remove'; readonly name: string }
  /** To the pool with this label. */
  | { readonly kind: 'move'; readonly hosts: ReadonlySet<string>; readonly pool: string }
  /** Of the hosts with these names; absent: of all that it concerns. */
  | { readonly kind: 'apply' | 'drop'; readonly effect: Effect; readonly hosts?: ReadonlySet<string> }

/** What became of a fleet. */
interface ChangedFleet {
  readonly hosts: readonly FleetHost[]
  /** For each change, in order, the names of the hosts that are not as they were. */
  readonly touched: readonly (readonly string[])[]
}

/** The fleet after the changes, one after the other. Hosts that are removed or replaced must be there. @throws RangeError */
export function changeFleet(
  db: Database,
  hosts: readonly FleetHost[],
  changes: readonly FleetChange[],
  offerOf: OfferOf = keepOffer,
): ChangedFleet {
  let now = hosts
  const touched: string[][] = []
  for (const change of changes) {
    const next = applyChange(db, now, change, offerOf)
    const old = new Set(now)
    touched.push(
      change.kind === 'remove' ? [change.name] : next.filter(host => !old.has(host)).map(({ name }) => name),
    )
    now = next
  }
  return { hosts: now, touched }
}

function applyChange(
  db: Database,
  hosts: readonly FleetHost[],
  change: FleetChange,
  offerOf: OfferOf,
): FleetHost[] {
  switch (change.kind) {
    case 'add':
      return [...hosts, change.host]
    case 'remove':
      return hosts.filter(host => host !== findHost(hosts, change.name))
    case 'replace': {
      const { name, pool, weight } = findHost(hosts, change.name)
      return hosts.map(host => (host.name === name ? { ...change.by, name, pool, weight } : host))
    }
    case 'move':
      return hosts.map(host =>
        change.hosts.has(host.name) && host.pool !== change.pool ? { ...host, pool: change.pool } : host,
      )
    case 'apply':
      return hosts.map(host =>
        isSelected(change.hosts, host) ? applyEffect(change.effect, host, offerOf) : host,
      )
    case 'drop':
      return applyDrop(db, hosts, change, offerOf)
  }
}

function applyDrop(
  db: Database,
  hosts: readonly FleetHost[],
  { effect, hosts: only }: Extract<FleetChange, { readonly kind: 'apply' | 'drop' }>,
  offerOf: OfferOf,
): FleetHost[] {
  const groups = groupHosts(hosts)
  const facts = new FleetFacts(db, groups)
  const groupOf = new Map(groups.flatMap(group => group.hosts.map(host => [host, group])))
  return hosts.map(host => {
    const group = isSelected(only, host) && isAffected(effect, host) ? groupOf.get(host) : undefined
    return group ? dropEffect(facts, effect, group, host, offerOf) : host
  })
}

const isSelected = (only: ReadonlySet<string> | undefined, { name }: FleetHost): boolean =>
  only?.has(name) ?? true

function findHost(hosts: readonly FleetHost[], name: string): FleetHost {
  const host = hosts.find(one => one.name === name)
  if (!host) throw new RangeError(`no host is called ${name}`)
  return host
}

/** The host once the effect is there; one that it does not concern, or that it changes nothing of, as it is. */
export function applyEffect(effect: Effect, host: FleetHost, offerOf: OfferOf = keepOffer): FleetHost {
  if (!isAffected(effect, host)) return host
  return changeFeatures(host, host.features.join(effect.gives).minus(effect.takes), offerOf)
}

/**
 * The host once the effect is no longer there: what it gives goes, with all that needs it; what it takes comes
 * back where the CPU is known to have it: by hosts of the same signature, by the models of that signature, or
 * by the model that its definition names.
 */
export function dropEffect(
  facts: FleetFacts,
  effect: Effect,
  group: Group,
  host: FleetHost,
  offerOf: OfferOf = keepOffer,
): FleetHost {
  if (!isAffected(effect, host)) return host
  const peers = facts.peersOf(group)
  const own = facts.db.model(host.model ?? '')?.features ?? FeatureSet.empty
  const could = peers ? own.join(peers.any).join(peers.inModels) : own
  const back = host.features.join(effect.takes.meet(could))
  return changeFeatures(host, back.minus(withDependents(facts.db, effect.gives)), offerOf)
}

/** The document it was read from no longer describes it, nor does the model that it names. */
function changeFeatures(host: FleetHost, features: FeatureSet, offerOf: OfferOf): FleetHost {
  if (features.eq(host.features)) return host
  const offer = offerOf(host, features)
  return {
    ...host,
    ...offer,
    features,
    isHypothetical: true,
    model: undefined,
    documentHash: undefined,
  }
}

/** What a host would give guests if it had these features. */
export type OfferOf = (
  host: FleetHost,
  features: FeatureSet,
) => Pick<FleetHost, 'evidence' | 'withheld' | 'unsure'>

/** What comes and goes is given or not as it is; nothing else follows from it. */
const keepOffer: OfferOf = ({ evidence, features: old, withheld, unsure }, features) => ({
  evidence: evidence?.changed(features.minus(old), old.minus(features)),
  withheld,
  unsure,
})

/** The effect of these features, spelt `+md-clear,-hle`; undefined where it is not spelt so, or a name is unknown. */
export function parseFeatureEffect(db: Database, text: string): Effect | undefined {
  const words = text.split(',')
  const named = words.map(word => ({ sign: word[0], feature: db.features.get(word.slice(1)) }))
  if (named.some(({ sign, feature }) => (sign !== '+' && sign !== '-') || !feature)) return undefined
  const of = (wanted: string) =>
    db.features.setOf(named.flatMap(({ sign, feature }) => (sign === wanted && feature ? [feature] : [])))
  const takes = withDependents(db, of('-'))
  const unsaid = { title: '', remedy: '', changesCpuid: false, sources: [], on: [] }
  return { name: text, kind: 'given', ...unsaid, gives: of('+'), takes }
}
