import type { Feature } from '../../core/feature.ts'
import { placeOf } from '../../core/feature.ts'

/** A feature with its coordinates: what every reason is made of. */
export interface Reason {
  readonly feature: string
  /** `CPUID.07H.0:EBX[5]` */
  readonly place: string
  /** One line in the manual's terms; empty where an installed map is used, which has none. */
  readonly title: string
}

export const reasonOf = (feature: Feature): Reason => ({
  feature: feature.name,
  place: placeOf(feature),
  title: feature.title,
})

/** A feature that some hosts of a pool have and others have not. */
export interface LostFeature extends Reason {
  readonly class?: string
  /** Names of the hosts that lack it. */
  readonly hosts: readonly string[]
}

/** Lost features that the same hosts lack, together; in the order of their first feature. */
export function byHosts(
  lost: readonly LostFeature[],
): { hosts: readonly string[]; features: LostFeature[] }[] {
  const groups = new Map<string, { hosts: readonly string[]; features: LostFeature[] }>()
  for (const feature of lost) {
    const key = feature.hosts.join('\n')
    const group = groups.get(key)
    if (group) group.features.push(feature)
    else groups.set(key, { hosts: feature.hosts, features: [feature] })
  }
  return [...groups.values()]
}

/** Why the pool's CPU is as it is. */
export interface BaselineReasons {
  /** How many hosts there are. */
  readonly hosts: number
  readonly model: {
    readonly name: string
    /** The models that the hosts' own definitions name, each once. */
    readonly of: readonly string[]
    /** `asked`: by `onModel`; `shared`: every host is of this model; `own`: some are; `closest`: none is. */
    readonly because: 'asked' | 'shared' | 'own' | 'closest'
    readonly beyond: number
    readonly disabled: number
  }
  readonly lost: readonly LostFeature[]
}
