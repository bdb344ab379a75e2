import { matches } from '../../../src/core/signature.ts'
import { count } from '../../../src/core/text.ts'
import type { Group } from '../../../src/fleet/groups.ts'
import type { TreeNode } from '../../../src/questions/tree/answer.ts'
import { tree } from '../../../src/questions/tree/compute.ts'
import type { TreeAnswer, TreeNodeAnswer } from '../../shared/answers.ts'
import type { Scope } from '../../shared/protocol.ts'
import type { Analysis } from '../analysis.ts'
import { modelsOf } from './baseline.ts'

/** The models as they descend, with the pool's hosts, its answer and the runners-up in their places. */
export function treeView(analysis: Analysis, scope: Scope): TreeAnswer {
  const forest = tree(analysis.view.context)
  let answer = ''
  try {
    answer = analysis.baseline(scope, false).result().model ?? ''
  } catch {
    // Hosts without a baseline have their places all the same.
  }
  const others = modelsOf(analysis, scope).flatMap(({ model }) => (model === answer ? [] : [model]))
  const place = placer(analysis, analysis.in(scope), answer, others)
  const roots = forest.kind === 'forest' ? forest.roots.map(place) : []
  return { title: titleOf(analysis, answer, analysis.in(scope)), roots }
}

function placer(analysis: Analysis, groups: readonly Group[], answer: string, others: readonly string[]) {
  const { db } = analysis.view
  const place = (node: TreeNode): TreeNodeAnswer => {
    const family = db.families.find(({ name }) => name === node.family)
    const versions = family?.versions ?? []
    const names = versions.flatMap(({ plain, versioned }) => [plain?.name ?? '', versioned?.name ?? ''])
    const own = groups.filter(({ signature, hosts }) =>
      signature && versions.some(({ model }) => matches(model.signatures, signature))
        ? true
        : !signature && names.includes(hosts[0]?.model ?? '-'),
    )
    const children = node.children.map(place)
    const runnersUp = others.filter(name => names.includes(name))
    const isAnswer = answer !== '' && names.includes(answer)
    return {
      family: node.family,
      vendor: node.vendor ?? '',
      note: node.note,
      versions: node.versions,
      children,
      answer: isAnswer ? answer : '',
      runnersUp,
      groups: own.map(group => analysis.id(group)),
      marked: isAnswer || runnersUp.length > 0 || own.length > 0 || children.some(({ marked }) => marked),
    }
  }
  return place
}

function titleOf(analysis: Analysis, answer: string, groups: readonly Group[]): string {
  if (answer === '') return `Where ${count(groups.length, 'CPU')} stand in the family tree`
  const family = analysis.view.db.families.find(({ versions }) =>
    versions.some(({ plain, versioned }) => plain?.name === answer || versioned?.name === answer),
  )
  return `The pool’s answer is ${answer}${family?.note ? ` (${family.note})` : ''}`
}
