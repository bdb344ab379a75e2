import type { ModelRefusal } from '../../fleet/asked-model.ts'
import type { Group } from '../../fleet/groups.ts'
import type { Obstacle } from '../../fleet/obstacles.ts'
import type { FleetView } from '../input/fleet/view.ts'
import { reasonOf } from '../words/reason.ts'
import type { ObstacleAnswer } from './answer.ts'

/** The obstacles of a guest on hosts of a group, each with the likely cause and the remedy. */
export const obstacleAnswers = (
  view: Pick<FleetView, 'finder'>,
  group: Group,
  obstacles: readonly Obstacle[],
): ObstacleAnswer[] => obstacles.map(one => answerOf(view, group, one))

function answerOf({ finder }: Pick<FleetView, 'finder'>, group: Group, one: Obstacle): ObstacleAnswer {
  switch (one.kind) {
    case 'feature': {
      const { cause, confidence, remedy } = finder.forGroup(group)(one.feature)
      return { kind: 'feature', ...reasonOf(one.feature), cause, confidence, remedy }
    }
    case 'vendor':
      return { kind: 'vendor', guest: one.guest, host: one.host ?? null, remedy: OTHER_VENDOR }
    case 'phys-bits':
      return { ...one, remedy: narrower(one.host) }
    case 'model':
      return { ...one, remedy: otherModel(one) }
  }
}

/** The obstacles that one thing remedies, together. */
export function byRemedy(obstacles: readonly ObstacleAnswer[]): Map<string, ObstacleAnswer[]> {
  const found = new Map<string, ObstacleAnswer[]>()
  for (const one of obstacles) found.set(one.remedy, [...(found.get(one.remedy) ?? []), one])
  return found
}

const OTHER_VENDOR = 'power the guest off and start it there with a CPU of that vendor'

const narrower = (bits: number): string =>
  `power the guest off and give it <maxphysaddr mode='emulate' bits='${bits}'/>`

function otherModel({ because, blockers }: ModelRefusal): string {
  switch (because) {
    case 'unknown':
      return 'give the guest a model that this QEMU has (`models --usable-on`), or update QEMU'
    case 'blocked':
      return `turn off what it lacks, ${blockers.map(name => `<feature policy='disable' name='${name}'/>`).join('')}, or give the guest a model that is usable there (\`models --usable-on\`)`
    case 'untold':
      return 'give the guest a model that is usable there; domain capabilities of libvirt 10.0 or newer say what blocks this one'
  }
}
