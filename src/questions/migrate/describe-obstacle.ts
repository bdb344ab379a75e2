import { fewNames } from '../../core/text.ts'
import type { ModelRefusal } from '../../fleet/asked-model.ts'
import type { ObstacleAnswer } from './answer.ts'

/** What keeps a guest out, in a line: `f16c, rdrand and 3 more are missing; 40 address bits, the host has 39`. */
export function describeObstacles(obstacles: readonly ObstacleAnswer[], most = 3): string {
  if (obstacles.length === 0) return 'no room'
  const missing = obstacles.flatMap(one => (one.kind === 'feature' ? one.feature : []))
  const lacking = missing.length > 0 ? [`lacks ${fewNames(missing, most)}`] : []
  const others = obstacles.flatMap(one => (one.kind === 'feature' ? [] : describeObstacle(one)))
  return [...others, ...lacking].join('; ')
}

/** `CPU of Intel, the host is of AMD` */
export function describeObstacle(one: ObstacleAnswer): string {
  switch (one.kind) {
    case 'feature':
      return `lacks ${one.feature}`
    case 'vendor':
      return `is of ${one.host ?? 'an unknown vendor'}, the guest's CPU of ${one.guest}`
    case 'phys-bits':
      return `addresses ${one.host} bits, the guest ${one.guest}`
    case 'model':
      return describeRefusal(one)
  }
}

/** What a host's hypervisor says against a model. */
export function describeRefusal({ model, because, blockers }: ModelRefusal): string {
  switch (because) {
    case 'unknown':
      return `has a hypervisor that does not know ${model}`
    case 'blocked':
      return `cannot give ${model}: its hypervisor lacks ${fewNames(blockers)}`
    case 'untold':
      return `cannot give ${model}, says its hypervisor, and not why`
  }
}
