import type { FeatureSet } from '../../../src/core/feature-set.ts'
import { count } from '../../../src/core/text.ts'
import { poolCpuOf } from '../../../src/questions/pools/choice.ts'
import type { CompareDisplay } from '../../shared/displays.ts'
import type { ComparedCpu, HostScope } from '../../shared/protocol.ts'
import type { Analysis } from '../analysis.ts'

interface Side {
  readonly title: string
  readonly features: FeatureSet
  readonly facts: Readonly<Record<string, string>>
}

/** Lists what can be compared: the common features of the hosts, the groups, and every model. */
export function listComparedCpus(analysis: Analysis, scope: HostScope) {
  return [
    { id: 'pool', title: 'common to all hosts', kind: 'Pool' },
    ...analysis.in(scope).map(group => ({
      id: `group:${analysis.id(group)}`,
      title: analysis.title(group),
      kind: 'Hosts',
    })),
    ...analysis.view.db.models.map(({ name }) => ({ id: `model:${name}`, title: name, kind: 'Models' })),
  ]
}

/** Two CPUs side by side. */
export function displayComparison(
  analysis: Analysis,
  a: ComparedCpu,
  b: ComparedCpu,
  scope: HostScope,
): CompareDisplay {
  const [left, right] = [sideOf(analysis, a, scope), sideOf(analysis, b, scope)]
  if (!left || !right) return { title: 'Select two CPUs', same: 0, only: [[], []], facts: [] }
  const { features } = analysis.view.db
  const only = (x: Side, y: Side) => features.in(x.features.minus(y.features)).map(analysis.feature)
  const [more, less] = [only(left, right), only(right, left)]
  const names = [...new Set([...Object.keys(left.facts), ...Object.keys(right.facts)])]
  return {
    title: titleOf(left.title, right.title, more.length, less.length),
    same: features.count(left.features.meet(right.features)),
    only: [more, less],
    facts: names.map(name => ({ name, values: [left.facts[name] ?? '', right.facts[name] ?? ''] })),
  }
}

function sideOf(analysis: Analysis, subject: ComparedCpu, scope: HostScope): Side | undefined {
  const { db } = analysis.view
  const level = (features: FeatureSet) => analysis.level(features)
  if (subject === 'pool') {
    const { features } = poolCpuOf(analysis.view, analysis.in(scope))
    return {
      title: 'Common to all hosts',
      features,
      facts: { level: level(features), features: `${db.features.count(features)}` },
    }
  }
  const [, kind, name = ''] = /^(group|model):(.*)$/s.exec(subject) ?? []
  const model = kind === 'model' ? db.model(name) : undefined
  if (model) {
    const facts = {
      vendor: model.vendor?.name ?? 'any',
      level: level(model.features),
      features: `${db.features.count(model.features)}`,
    }
    return { title: name, features: model.features, facts }
  }
  const group = kind === 'group' ? analysis.groupOf(Number(name)) : undefined
  if (!group) return undefined
  const {
    vendor,
    signature,
    microarchitecture,
    physBits,
    microcodes,
    featureCount: features,
    title,
  } = analysis.group(group)
  const facts = {
    vendor: vendor ?? '',
    level: level(group.offered),
    features: `${features}`,
    signature,
    microarchitecture: microarchitecture ?? '',
    microcode: microcodes.join(', '),
    'address bits': physBits === null ? '' : `${physBits}`,
  }
  return { title, features: group.offered, facts }
}

/** `kvm-a01 and 6 more compared with kvm-a03: 4 more features, 2 fewer` */
function titleOf(left: string, right: string, more: number, less: number): string {
  const [first, second] = [
    more > 0 && `${count(more, 'more feature')}`,
    less > 0 && `${count(less, 'fewer feature')}`,
  ]
  return `${left} compared with ${right}: ${[first, second].filter(Boolean).join(', ') || 'the same features'}`
}
