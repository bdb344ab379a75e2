import { requireDecoder } from '../../arch/registry.ts'
import type { Cpu } from '../../core/cpu.ts'
import type { FeatureSet } from '../../core/feature-set.ts'
import { fewNames } from '../../core/text.ts'
import { findOnRequest } from '../../fleet/offered.ts'
import type { Line } from '../../report/report.ts'
import type { FleetView } from '../input/fleet/view.ts'
import { poolCpuOf } from './choice.ts'

/**
 * What guests of all these hosts should be given, beside what libvirt computes of the hosts' definitions: libvirt asks what
 * the CPUs have, an operator what hypervisors give guests. Empty where both are one, or of this architecture no model is chosen.
 * @param cpu libvirt's answer
 */
export function compareWithPool(view: FleetView, cpu: Cpu): Line[] {
  const { context, groups, db, releases } = view
  if (!releases || groups.length === 0) return []
  const { features, definition } = poolCpuOf(view, groups)
  if (!definition) return []
  const { model, added, disabled, assumed } = definition
  const own = requireDecoder(context.map).featuresOf(cpu)
  const given = features.join(db.features.setOfNames(assumed))
  const plain = db.features.setOf(db.features.list.filter(({ class: of }) => of !== 'nested'))
  const onRequest = findOnRequest(db.features, groups)
  const names = (set: FeatureSet) => db.features.in(set.meet(plain)).map(({ name }) => name)
  const kept = names(own.minus(given).minus(onRequest))
  const asked = names(own.minus(given).meet(onRequest))
  const more = names(given.minus(own))
  if (kept.length + asked.length + more.length === 0 && model === cpu.model) return []
  const words = [model, ...added.map(name => `+${name}`), ...disabled.map(name => `-${name}`)].join(' ')
  return [
    [{ text: 'for guests:', tone: 'strong' }, ` ${words} (\`explain\`)`],
    ...reason(kept, 'hypervisors do not give guests'),
    ...reason(asked, 'given on request only'),
    ...reason(more, 'hypervisors give besides'),
    ...(model === cpu.model || cpu.model === undefined
      ? []
      : [[`  not ${cpu.model}: with ${model} the definition is shorter, by what guests can be given`]]),
  ]
}

/** More names do not help here; `explain` has them. */
const MANY = 12

const reason = (names: readonly string[], why: string): Line[] =>
  names.length > 0 ? [[`  ${why}: ${fewNames(names, MANY)}`]] : []
