import { matches } from '../../../src/core/signature.ts'
import { count } from '../../../src/core/text.ts'
import type { Group } from '../../../src/fleet/groups.ts'
import type { TreeNode } from '../../../src/questions/tree/answer.ts'
import { answerTree } from '../../../src/questions/tree/compute.ts'
import type { TreeDisplay, TreeRow } from '../../shared/displays.ts'
import type { HostScope } from '../../shared/protocol.ts'
import type { Analysis } from '../analysis.ts'
import { listModels } from './baseline.ts'

/** The model families, with the pool's hosts, its baseline model and the runners-up in their places. */
export function displayTree(analysis: Analysis, scope: HostScope): TreeDisplay {
  const forest = answerTree(analysis.view.context)
  let answer = ''
  try {
    answer = analysis.baseline(scope, false).result().model ?? ''
  } catch {
    // Hosts without a baseline still have their places.
  }
  const others = listModels(analysis, scope).flatMap(({ model }) => (model === answer ? [] : [model]))
  const place = createPlacer(analysis, analysis.in(scope), answer, others)
  const roots = forest.kind === 'forest' ? forest.roots.map(place) : []
  return { title: titleOf(analysis, answer, analysis.in(scope)), roots }
}

function createPlacer(
  analysis: Analysis,
  groups: readonly Group[],
  answer: string,
  others: readonly string[],
) {
  const { db } = analysis.view
  const place = (node: TreeNode): TreeRow => {
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
  if (answer === '') return `${count(groups.length, 'CPU')} in the family tree`
  const family = analysis.view.db.families.find(({ versions }) =>
    versions.some(({ plain, versioned }) => plain?.name === answer || versioned?.name === answer),
  )
  return `The baseline model is ${answer}${family?.note ? ` (${family.note})` : ''}`
}
