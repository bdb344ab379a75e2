import { allOf, Evidence, VERDICTS, type Verdict } from '../../core/evidence.ts'
import { FeatureSet } from '../../core/feature-set.ts'
import { oncePer } from '../../core/memo.ts'
import type { Model } from '../../core/model.ts'
import { withoutVoid } from '../../fleet/causes/finding.ts'
import type { FleetHost } from '../../fleet/host.ts'
import { levelOf } from '../../map/levels.ts'
import type { FeatureInGroups } from '../answer-parts.ts'
import type { Context } from '../context.ts'
import type { FleetView } from '../input/fleet/view.ts'
import { reasonOf } from '../words/note.ts'
import type { ModelVerdict, ModelVerdicts } from './answer.ts'

/** Hosts of which documents say the same. */
interface Kind {
  readonly first: FleetHost
  readonly hosts: string[]
}

/** What hosts of a kind say of a model. */
interface OnKind {
  readonly verdict: Verdict
  readonly missing: FeatureSet
  readonly unknown: FeatureSet
  readonly refusal?: 'absent' | 'unexplained'
}

/** Every model of the fleet's architecture, by whether all hosts of a fleet can give it. */
export function modelVerdicts(view: FleetView): ModelVerdicts {
  const kinds = kindsOf(view.fleet.hosts)
  const models = view.db.models.map(model => ({ model, answer: verdictOn(view, model, kinds) }))
  models.sort(
    (a, b) =>
      VERDICTS.indexOf(a.answer.verdict) - VERDICTS.indexOf(b.answer.verdict) ||
      b.answer.worth - a.answer.worth ||
      b.model.index - a.model.index,
  )
  return {
    groups: kinds.map(({ first, hosts }) => ({ hosts, vendor: first.vendor ?? null })),
    models: models.map(({ answer }) => answer),
  }
}

function kindsOf(hosts: readonly FleetHost[]): Kind[] {
  const kinds: Kind[] = []
  for (const host of hosts) {
    const { evidence, models, emulatorModels, features } = host
    const kind = kinds.find(
      ({ first }) =>
        first.evidence === evidence &&
        first.models === models &&
        first.emulatorModels === emulatorModels &&
        first.features === features,
    )
    if (kind) kind.hosts.push(host.name)
    else kinds.push({ first: host, hosts: [host.name] })
  }
  return kinds
}

function verdictOn(view: FleetView, model: Model, kinds: readonly Kind[]): ModelVerdict {
  const on = kinds.map(kind => onKind(view, model, kind))
  const refused = (why: OnKind['refusal']) => on.flatMap(({ refusal }, i) => (refusal === why ? i : []))
  const level = levelOf(view.levels, model.features)
  return {
    name: model.name,
    vendor: model.vendor?.name ?? '',
    worth: view.valuation.worth(model.features),
    level: level?.name ?? null,
    ...view.needed([model.name]),
    verdict: allOf(on.map(({ verdict }) => verdict)),
    blockers: lostOf(view, on, ({ missing }) => missing),
    unknown: lostOf(view, on, ({ unknown }) => unknown),
    absentInGroups: refused('absent'),
    unexplainedInGroups: refused('unexplained'),
  }
}

/** The hypervisor's own word, where it was recorded; else what is known of the model's features. */
function onKind({ db, cpus, context }: FleetView, model: Model, { first }: Kind): OnKind {
  const nothing = { missing: FeatureSet.empty, unknown: FeatureSet.empty }
  const { models, emulatorModels } = cpus.modelsAreModes ? {} : first
  const blockers = models?.get(model.name)
  if (blockers?.length === 0) return { ...nothing, verdict: 'yes' }
  if (blockers && blockers !== 'unknown') {
    const missing = db.features.setOfNames(blockers)
    return { ...nothing, verdict: 'no', missing, ...(missing.isEmpty ? { refusal: 'unexplained' } : {}) }
  }
  const isNamed = emulatorModels?.includes(model.name) ?? true
  if (!isNamed || (!blockers && listsAllModels({ ...first, models })))
    return { ...nothing, verdict: 'no', refusal: 'absent' }
  const needed = withoutVoid(cpus, model.features).minus(findAsked(context))
  const evidence = first.evidence ?? Evidence.recorded(first.features, db.features.all)
  return {
    verdict: evidence.gives(needed),
    missing: evidence.missing(needed),
    unknown: evidence.unknown(needed),
  }
}

/** What KVM gives on request only: it leaves that out of a model that has it, as qemu64 has svm. */
const findAsked: (context: Context) => FeatureSet = oncePer(
  ({ db, cpus }) => cpus.predictOffered({ has: db.features.all }).onRequest,
)

const COMPLETE: ReadonlySet<string> = new Set(['domainCapabilities', 'qmp'])

/** Platforms list only some of the models that a hypervisor has. */
const listsAllModels = ({ models, readFrom = [] }: FleetHost): boolean =>
  models !== undefined && models.size > 0 && readFrom.some(({ document }) => COMPLETE.has(document))

function lostOf(
  { db }: FleetView,
  on: readonly OnKind[],
  setOf: (one: OnKind) => FeatureSet,
): FeatureInGroups[] {
  const all = on.reduce((set, one) => set.join(setOf(one)), FeatureSet.empty)
  return db.features.in(all).map(feature => ({
    ...reasonOf(feature),
    inGroups: on.flatMap((one, i) => (feature.bits.leq(setOf(one)) ? i : [])),
  }))
}
