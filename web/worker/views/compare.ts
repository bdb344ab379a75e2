import type { FeatureSet } from '../../../src/core/feature-set.ts'
import { count } from '../../../src/core/text.ts'
import { baselineOf } from '../../../src/fleet/pools.ts'
import type { CompareAnswer } from '../../shared/answers.ts'
import type { Scope, Subject } from '../../shared/protocol.ts'
import type { Analysis } from '../analysis.ts'

interface Side {
  readonly title: string
  readonly features: FeatureSet
  readonly facts: Readonly<Record<string, string>>
}

/** What can be compared: the pool's common CPU, its groups, and every model. */
export function subjectsView(analysis: Analysis, scope: Scope) {
  return [
    { id: 'pool', title: 'what all hosts have', kind: 'Pool' },
    ...analysis.in(scope).map(group => ({
      id: `group:${analysis.id(group)}`,
      title: analysis.title(group),
      kind: 'Hosts',
    })),
    ...analysis.view.db.models.map(({ name }) => ({ id: `model:${name}`, title: name, kind: 'Models' })),
  ]
}

/** Two CPUs side by side. */
export function compareView(analysis: Analysis, a: Subject, b: Subject, scope: Scope): CompareAnswer {
  const [left, right] = [sideOf(analysis, a, scope), sideOf(analysis, b, scope)]
  if (!left || !right) return { title: 'Choose two CPUs', same: 0, only: [[], []], facts: [] }
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

function sideOf(analysis: Analysis, subject: Subject, scope: Scope): Side | undefined {
  const { db } = analysis.view
  const level = (features: FeatureSet) => analysis.level({ features })
  if (subject === 'pool') {
    const features = baselineOf(analysis.in(scope))
    return {
      title: 'The pool',
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
  const group = kind === 'group' ? analysis.view.groups[Number(name)] : undefined
  if (!group) return undefined
  const { vendor, signature, silicon, physBits, microcode, features, title } = analysis.group(group)
  const facts = {
    vendor: vendor ?? '',
    level: level(group.features),
    features: `${features}`,
    signature,
    silicon: silicon ?? '',
    microcode: microcode.join(', '),
    'address bits': physBits === null ? '' : `${physBits}`,
  }
  return { title, features: group.features, facts }
}

/** `kvm-a01 and 6 more beside kvm-a03: 4 features more, none less` */
function titleOf(left: string, right: string, more: number, less: number): string {
  const unlike =
    more > 0
      ? `${count(more, 'feature')} more, ${less || 'none'} less`
      : `${count(less, 'feature')} less, none more`
  return `${left} beside ${right}: ${more + less > 0 ? unlike : 'the same features'}`
}
