import { FeatureSet } from '../../core/feature-set.ts'
import { matches } from '../../core/signature.ts'
import type { Database } from '../../map/database.ts'
import { withDependents } from '../../map/dependents.ts'
import type { Effect } from '../../map/effects.ts'
import type { FleetFacts } from '../causes/peers.ts'
import type { Group } from '../groups.ts'
import type { FleetHost } from '../host.ts'

/** Whether the effect can happen on such a CPU. Where its signature is not known, its vendor decides. */
export const isAffected = (
  { on }: Effect,
  { vendor, signature }: Pick<FleetHost, 'vendor' | 'signature'>,
): boolean =>
  on.length === 0 ||
  on.some(
    ({ vendor: of, signatures }) =>
      of === vendor &&
      (signatures.length === 0 || !signature || signature.family === 0 || matches(signatures, signature)),
  )

/** The host once the effect is there; one that it does not concern, or that it changes nothing of, as it is. */
export function applyEffect(effect: Effect, host: FleetHost): FleetHost {
  if (!isAffected(effect, host)) return host
  return changeFeatures(host, host.features.join(effect.gives).minus(effect.takes))
}

/**
 * The host once the effect is no longer there: what it gives goes, with all that needs it; what it takes comes
 * back where the CPU is known to have it: by hosts of the same signature, by the models of that signature, or
 * by the model that its definition names.
 */
export function dropEffect(facts: FleetFacts, effect: Effect, group: Group, host: FleetHost): FleetHost {
  if (!isAffected(effect, host)) return host
  const peers = facts.peersOf(group)
  const own = facts.db.model(host.model ?? '')?.features ?? FeatureSet.empty
  const could = peers ? own.join(peers.any).join(peers.inModels) : own
  const back = host.features.join(effect.takes.meet(could))
  return changeFeatures(host, back.minus(withDependents(facts.db, effect.gives)))
}

/** The document it was read from no longer tells what it has, nor does the model that it names. */
const changeFeatures = (host: FleetHost, features: FleetHost['features']): FleetHost =>
  features.eq(host.features) ? host : { ...host, features, model: undefined, documentHash: undefined }

/** The effect of these features, spelt `+md-clear,-hle`; undefined where it is not spelt so, or a name is unknown. */
export function parseFeatureEffect(db: Database, text: string): Effect | undefined {
  const words = text.split(',')
  const named = words.map(word => ({ sign: word[0], feature: db.features.get(word.slice(1)) }))
  if (named.some(({ sign, feature }) => (sign !== '+' && sign !== '-') || !feature)) return undefined
  const of = (wanted: string) =>
    db.features.setOf(named.flatMap(({ sign, feature }) => (sign === wanted && feature ? [feature] : [])))
  const takes = withDependents(db, of('-'))
  return { name: text, kind: 'given', title: '', sources: [], on: [], gives: of('+'), takes }
}
