import { matches } from '../../../src/core/model.ts'
import { count } from '../../../src/core/text.ts'
import type { Group } from '../../../src/fleet/groups.ts'
import type { ModelFamily } from '../../../src/map/text/family.ts'
import type { TreeNode } from '../../../src/questions/tree/answer.ts'
import { answerTree } from '../../../src/questions/tree/question.ts'
import type { TreeDisplay, TreeRow } from '../../shared/displays.ts'
import type { HostScope } from '../../shared/protocol.ts'
import type { Analysis } from '../analysis.ts'
import { cpuOf, listModels } from './baseline.ts'

/** The model families, with the pool's hosts, its guests' model and the runners-up in their places. */
export function displayTree(analysis: Analysis, scope: HostScope): TreeDisplay {
  const forest = answerTree(analysis.view.context)
  const answer = cpuOf(analysis, scope)?.definition?.model ?? ''
  const others = listModels(analysis, scope).flatMap(({ model }) => (model === answer ? [] : [model]))
  const groups = analysis.in(scope)
  const { families } = analysis.view.db
  const homes = new Map(groups.map(group => [group, homeOf(families, group) ?? '']))
  const place = createPlacer(analysis, homes, answer, others)
  const roots = forest.kind === 'forest' ? forest.roots.map(place) : []
  const elsewhere = groups.flatMap(group => (homes.get(group) ? [] : [analysis.id(group)]))
  return { title: titleOf(analysis, answer, groups), roots, elsewhere }
}

function createPlacer(
  analysis: Analysis,
  homes: ReadonlyMap<Group, string>,
  answer: string,
  others: readonly string[],
) {
  const { db } = analysis.view
  const place = (node: TreeNode): TreeRow => {
    const family = db.families.find(({ name }) => name === node.name)
    const names = family ? modelNames(family) : []
    const children = node.children.map(place)
    const runnersUp = others.filter(name => names.includes(name))
    const isAnswer = answer !== '' && names.includes(answer)
    const groups = [...homes].flatMap(([group, home]) => (home === node.name ? [analysis.id(group)] : []))
    return {
      family: node.name,
      vendor: node.vendor ?? '',
      note: node.note,
      versions: node.versions,
      children,
      answer: isAnswer ? answer : '',
      runnersUp,
      groups,
      marked: isAnswer || runnersUp.length > 0 || groups.length > 0 || children.some(({ marked }) => marked),
    }
  }
  return place
}

const modelNames = ({ versions }: ModelFamily): string[] =>
  versions.flatMap(({ plain, versioned }) => [plain?.name ?? '', versioned?.name ?? ''])

/** The one family of a group: that of its signature, else that of its model. Undefined: none. */
const homeOf = (families: readonly ModelFamily[], { signature, hosts }: Group): string | undefined => {
  const bySignature = families.find(({ versions }) =>
    versions.some(({ model }) => signature && matches(model.signatures, signature)),
  )
  const model = hosts[0]?.model ?? ''
  return (bySignature ?? families.find(family => model !== '' && modelNames(family).includes(model)))?.name
}

function titleOf(analysis: Analysis, answer: string, groups: readonly Group[]): string {
  const family = analysis.view.db.families.find(({ versions }) =>
    versions.some(({ plain, versioned }) => plain?.name === answer || versioned?.name === answer),
  )
  if (!family) return `${count(groups.length, 'CPU')} in the family tree`
  return `Guests can have ${answer}${family.note ? ` (${family.note})` : ''}`
}
