import type { Feature } from '../../core/feature.ts'
import { placeOf } from '../../core/feature.ts'
import type { LostFeature, Reason } from '../answer-parts.ts'

export const reasonOf = (feature: Feature): Reason => ({
  feature: feature.name,
  place: placeOf(feature),
  title: feature.title,
})

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
