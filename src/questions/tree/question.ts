import * as v from 'valibot'
import type { Feature } from '../../core/feature.ts'
import { nearest } from '../../core/text.ts'
import type { Database } from '../../map/database.ts'
import type { ModelFamily, Version } from '../../map/text/family.ts'
import { type Context, requireModels } from '../context.ts'
import { question } from '../question.ts'
import { text } from '../schema.ts'
import { describeQemuOnly } from '../words/cells.ts'
import { type Step, TreeAnswer, type TreeNode } from './answer.ts'

/** How the models descend from one another; with the name of a family or a model, that family's history. */
export function answerTree({ db }: Context, name?: string): TreeAnswer {
  if (name === undefined) return { kind: 'forest', roots: childrenOf(db, undefined) }
  const family = db.families.find(one => one.name === name) ?? db.families.find(one => has(one, name))
  if (!family) return { kind: 'unknown', name, nearest: nearest(allNames(db), name) }
  return {
    kind: 'family',
    name: family.name,
    ...(family.vendor && { vendor: family.vendor.name, vendorId: family.vendor.id }),
    note: family.note,
    ...(family.parent && { parent: family.parent.name }),
    childFamilies: db.families.filter(one => isChild(one, family)).map(one => one.name),
    steps: family.versions.map(version => stepOf(db, version)),
  }
}

const allNames = (db: Database): string[] => [
  ...new Set([...db.families.map(family => family.name), ...db.models.map(model => model.name)]),
]

const isChild = (child: ModelFamily, parent: ModelFamily): boolean =>
  child.parent !== undefined && has(parent, child.parent.name)

/** Whether one of the family's models is called so. */
const has = ({ versions }: ModelFamily, model: string): boolean =>
  versions.some(({ plain, versioned }) => plain?.name === model || versioned?.name === model)

function childrenOf(db: Database, parent: ModelFamily | undefined): TreeNode[] {
  const children = db.families.filter(family => (parent ? isChild(family, parent) : !family.parent))
  return children.map(family => ({
    name: family.name,
    ...(family.vendor && { vendor: family.vendor.name }),
    note: family.note,
    ...(family.parent && { parent: family.parent.name }),
    versions: family.versions
      .filter(({ qemuOnly }) => !qemuOnly)
      .map(({ row }) => row.version ?? row.plain ?? ''),
    children: childrenOf(db, family),
  }))
}

function stepOf(db: Database, version: Version): Step {
  const { plain, versioned, base, model, note, qemuOnly } = version
  const names = (list: readonly Feature[]) => list.map(feature => feature.name)
  const gained = base ? model.features.minus(base.features) : model.features
  return {
    names: [plain, versioned].flatMap(one => one?.name ?? []),
    ...(base && { base: base.name }),
    note,
    ...(qemuOnly && { onlyIn: describeQemuOnly([model.name]) }),
    removes: base ? names(db.features.in(base.features.minus(model.features))) : [],
    adds: names(db.features.in(gained)),
    size: db.features.count(model.features),
  }
}

export const treeQuestion = question({
  name: 'tree',
  summary: 'Show how CPU models descend from each other, or the history of one family',
  input: v.strictObject({
    model: v.optional(text('A model or family; absent: all families.')),
    arch: v.optional(text('Whose models; x86 if absent.')),
  }),
  answer: TreeAnswer,
  report: async () => (await import('./report.ts')).reportTree,
  run(context, { model, arch }) {
    return { answer: answerTree(requireModels(context, arch).context, model) }
  },
})
