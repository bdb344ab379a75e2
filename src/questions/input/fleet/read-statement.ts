import { driverOf } from '../../../arch/registry.ts'
import { Evidence } from '../../../core/evidence.ts'
import { FeatureSet } from '../../../core/feature-set.ts'
import type { Statement } from '../../../formats/found.ts'
import type { Database } from '../../../map/database.ts'
import { builtinLevels } from '../../../map/levels.ts'
import { coverageOf, resolveWords } from '../../../map/vocabulary.ts'
import type { Context } from '../../context.ts'
import type { Note } from '../../words/note.ts'
import type { Member } from './members.ts'

/** A host as a platform describes it: of its CPU or its kernel, or of what its hypervisor offers. */
export function memberOfStatement(context: Context, statement: Statement): Member {
  const { db } = context
  const { vocabulary, complete, name, layer, models, notes = [], ...facts } = statement
  const present = resolveWords(db, vocabulary, statement.present)
  const absent = resolveWords(db, vocabulary, statement.absent ?? [])
  const absentBits = db.features.setOf(absent.features)
  const listed = db.features.setOf(present.features)
  const features = listed.join(withNeeds(db, listed.join(impliedBy(context, statement))).minus(absentBits))
  const missing = absentBits.minus(features)
  const covered = complete ? coverageOf(db, vocabulary).join(features) : features
  const known = covered.join(missing)
  const unread = [...new Set([...present.unknown, ...absent.unknown])]
  const all = [
    ...notes.map(saidNote),
    ...(unread.length > 0 ? [{ kind: 'words-unknown', words: unread, vocabulary } as const] : []),
  ]
  const about = { features, ...pick(facts) }
  if (layer !== 'offered') return { kind: 'host', facts: { ...about, known }, notes: all, called: name }
  const offered = Evidence.recorded(features, known)
  const usable = new Map([...(models ?? [])].map(([model, blockers]) => [model, blockers ?? []]))
  return { kind: 'hypervisor', facts: { ...about, models: usable, offered }, notes: all, called: name }
}

/**
 * What a platform says without listing it: every x86_64 CPU has the lowest level, one that is called by a model has that
 * model's features, and a model that is usable there is given with all of its own but what KVM gives on request only.
 */
function impliedBy({ db, map }: Context, { arch, model, models, layer, vocabulary }: Statement): FeatureSet {
  const asked = driverOf(map, 'x86_64')?.predictOffered?.({ has: db.features.all }).onRequest
  // QEMU's models of some names are not libvirt's.
  const listed = vocabulary === 'qemu' ? [] : [...(models ?? [])]
  const usable = listed.flatMap(([name, blockers]) => (blockers?.length ? [] : name))
  const named = layer === 'offered' ? usable : [...usable, model ?? '']
  const [lowest] = arch === 'x86_64' ? builtinLevels(db.features) : []
  const all = named.flatMap(name => db.model(name)?.features.minus(asked ?? FeatureSet.empty) ?? [])
  return all.reduce((set, features) => set.join(features), lowest?.needs ?? FeatureSet.empty)
}

/** The features with all that they need: a CPU with AVX has SSE4.2, whether a list says so or not. */
function withNeeds(db: Database, features: FeatureSet): FeatureSet {
  const names = new Set(db.features.in(features).map(({ name }) => name))
  for (const name of names) for (const needed of db.dependencies.needs(name)) names.add(needed)
  return db.features.setOfNames(names)
}

/** What a host keeps of a statement beside its features. */
const pick = ({
  uuid,
  emulatorModels,
  vendor,
  model,
  signature,
  microcode,
  cpus,
  physBits,
  kernel,
  hypervisor,
  vulnerabilities,
}: Omit<Statement, 'vocabulary' | 'complete' | 'name' | 'layer' | 'models' | 'notes'>) => ({
  uuid,
  emulatorModels,
  vendor,
  model,
  signature,
  microcode,
  cpus,
  physBits,
  kernel,
  hypervisor,
  vulnerabilities,
})

/** What a document says of itself. */
export const saidNote = (text: string): Note => ({ kind: 'dump', text })
