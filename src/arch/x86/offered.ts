import { FeatureSet } from '../../core/feature-set.ts'
import { once, oncePer } from '../../core/memo.ts'
import type { Database } from '../../map/database.ts'
import { withDependents } from '../../map/effects.ts'
import {
  builtinKvmRules,
  compareVersions,
  type HypervisorVersions,
  type KvmKind,
  type KvmRule,
  type KvmRules,
} from '../../map/kvm-rules.ts'
import { builtinReleases } from '../../map/releases.ts'
import type { Hardware, Offered } from '../driver.ts'

/**
 * What KVM can give guests on a host, by the rules of `kvm.txt` and what else is known of features. A feature is
 * offered, offered on request, not offered, or unknown, and more hardware never makes less of it:
 * 1. details of what the CPU lacks are void (an MSR that is not there tells nothing);
 * 2. each feature gets the most that a rule that holds gives it; one without a rule gets what the CPU has;
 * 3. what QEMU does not know is not offered;
 * 4. a detail of a feature that a rule is about is offered no further than that feature.
 * @param vendor by its name; absent: rules of one vendor do not hold
 */
export function predictByKvmRules(
  db: Database,
  hardware: Hardware,
  vendor = '',
  versions: HypervisorVersions = {},
): Offered {
  const key = [vendor, versions.kernel, versions.qemu].join(' ')
  const predictor = MADE(db).get(key) ?? makePredictor(db, vendor, versions, builtinKvmRules())
  MADE(db).set(key, predictor)
  return predictor(hardware)
}

type Predictor = (hardware: Hardware) => Offered

/** Hosts are many, kinds of hosts few. */
const MADE = oncePer((_: Database) => new Map<string, Predictor>())

/** Prepares for hosts of one vendor and of the same versions. */
export function makePredictor(
  db: Database,
  vendor: string,
  versions: HypervisorVersions,
  { rules, oldest }: KvmRules,
): Predictor {
  const own = rules.filter(({ vendors }) => vendors.length === 0 || vendors.includes(vendor))
  const parents = findParents(db, rules)
  const steps = prepareSteps(db, own, rule => findTruth(rule, versions, oldest))
  const ruled = own.flatMap(({ features }) => features)
  const plain = db.features.all.minus(db.features.setOfNames(ruled))
  const limit = prepareLimit(db, versions.qemu, oldest.qemu)
  return hardware => {
    const cpu = withoutVoid(db, hardware, parents)
    const unruled = gradesOf('passed', plain, cpu)
    const found = limit(steps.reduce((grades, step) => joinGrades(grades, step(cpu)), unruled))
    const { has, onRequest, unknown } = parents.reduce(limitDetails, makeDisjoint(found))
    return { has, onRequest, known: db.features.all.minus(onRequest).minus(unknown) }
  }
}

/** What a CPU has and lacks. */
interface Told {
  readonly has: FeatureSet
  readonly known: FeatureSet
}

/** Features by how far they are offered; what is in none of the sets is not offered. */
interface Grades {
  readonly has: FeatureSet
  readonly onRequest: FeatureSet
  readonly unknown: FeatureSet
}

const NONE = FeatureSet.empty

const joinGrades = (a: Grades, b: Grades): Grades => ({
  has: a.has.join(b.has),
  onRequest: a.onRequest.join(b.onRequest),
  unknown: a.unknown.join(b.unknown),
})

/** Each feature in the best of its grades only. */
const makeDisjoint = ({ has, onRequest, unknown }: Grades): Grades => ({
  has,
  onRequest: onRequest.minus(has),
  unknown: unknown.minus(onRequest).minus(has),
})

/** A feature that a rule is about, and its details: what is void without it. */
interface Parent {
  readonly bits: FeatureSet
  readonly details: FeatureSet
}

function findParents(db: Database, rules: readonly KvmRule[]): Parent[] {
  const names = new Set(rules.flatMap(({ features }) => features))
  return [...names]
    .flatMap(name => db.features.get(name)?.bits ?? [])
    .map(bits => ({ bits, details: withDependents(db, bits).minus(bits) }))
    .filter(({ details }) => !details.isEmpty)
}

function withoutVoid(
  db: Database,
  { has, known = db.features.all }: Hardware,
  parents: readonly Parent[],
): Told {
  const lacking = parents.filter(
    ({ bits, details }) => bits.leq(known) && !bits.leq(has) && (details.meets(has) || !details.leq(known)),
  )
  if (lacking.length === 0) return { has, known }
  const gone = lacking.reduce((all, { details }) => all.join(details), NONE)
  return { has: has.minus(gone), known: known.join(gone) }
}

type Truth = 'yes' | 'no' | 'unknown'

/** Whether the versions are those of which the rule speaks. An unknown version is the oldest or any later one. */
function findTruth(
  { since, until }: KvmRule,
  versions: HypervisorVersions,
  oldest: KvmRules['oldest'],
): Truth {
  const truths = (['kernel', 'qemu'] as const).flatMap((tool): Truth[] => {
    const own = versions[tool]
    const version = own ?? oldest[tool]
    const later: Truth = own === undefined ? 'unknown' : 'no'
    const [first, end] = [since[tool], until[tool]]
    const started = first === undefined || compareVersions(version, first) >= 0 ? 'yes' : later
    if (end === undefined) return [started]
    return [started, compareVersions(version, end) >= 0 ? 'no' : own === undefined ? 'unknown' : 'yes']
  })
  if (truths.includes('no')) return 'no'
  return truths.includes('unknown') ? 'unknown' : 'yes'
}

type Step = (cpu: Told) => Grades

/** One step for all rules that have the same effect under the same conditions. */
function prepareSteps(db: Database, rules: readonly KvmRule[], truthOf: (rule: KvmRule) => Truth): Step[] {
  const effects = new Map<string, [rule: KvmRule, features: string[]]>()
  for (const rule of rules) {
    const key = [rule.kind, truthOf(rule), ...rule.needs].join(' ')
    const [, features] = effects.get(key) ?? [rule, []]
    effects.set(key, [rule, [...features, ...rule.features]])
  }
  return [...effects.values()].flatMap(([rule, features]) =>
    rule.kind === 'kept' || truthOf(rule) === 'no'
      ? []
      : [
          prepareStep(
            rule.kind,
            truthOf(rule),
            db.features.setOfNames(rule.needs),
            db.features.setOfNames(features),
          ),
        ],
  )
}

function prepareStep(kind: Effective, versions: Truth, needs: FeatureSet, features: FeatureSet): Step {
  return cpu => {
    const lacking = needs.minus(cpu.has)
    if (lacking.meets(cpu.known)) return NOTHING
    const grades = gradesOf(kind, features, cpu)
    if (versions === 'yes' && lacking.isEmpty) return grades
    return { ...NOTHING, unknown: grades.has.join(grades.onRequest).join(grades.unknown) }
  }
}

type Effective = Exclude<KvmKind, 'kept'>

const NOTHING: Grades = { has: NONE, onRequest: NONE, unknown: NONE }

function gradesOf(kind: Effective, features: FeatureSet, { has, known }: Told): Grades {
  const own = features.meet(has)
  const unknown = features.minus(known)
  switch (kind) {
    case 'given':
      return { ...NOTHING, has: features }
    case 'passed':
      return { ...NOTHING, has: own, unknown }
    case 'asked':
      return { ...NOTHING, onRequest: own, unknown }
    case 'judged':
      return { ...NOTHING, has: own, unknown: features.minus(own) }
  }
}

const RELEASES = once(builtinReleases)

/** Takes away what QEMU does not know, and doubts what only a version knows that it may or may not be. */
function prepareLimit(db: Database, qemu: string | undefined, oldest: string): (grades: Grades) => Grades {
  const dated = RELEASES().versions('qemu')
  const last = dated.findLastIndex(version => compareVersions(version, qemu ?? oldest) <= 0)
  const after = (age: number) => db.features.list.filter(({ name }) => RELEASES().age('qemu', name) > age)
  const newer = db.features.setOf(after(Math.max(0, last)))
  const isNewest = qemu !== undefined && compareVersions(qemu, dated.at(-1) ?? qemu) > 0
  const gone = qemu === undefined || isNewest ? db.features.setOf(after(dated.length)) : newer
  return ({ has, onRequest, unknown }) => ({
    has: has.minus(newer),
    onRequest: onRequest.minus(newer),
    unknown: unknown.join(newer.meet(has.join(onRequest))).minus(gone),
  })
}

/** A detail is offered no further than its parent. */
function limitDetails(grades: Grades, { bits, details }: Parent): Grades {
  const { has, onRequest, unknown } = grades
  const isSettled = ![has, onRequest, unknown].some(set => set.meets(details))
  if (isSettled || bits.leq(has)) return grades
  const most = has.join(onRequest).meet(details)
  const all = most.join(unknown.meet(details))
  const rest = { has: has.minus(all), onRequest: onRequest.minus(all), unknown: unknown.minus(all) }
  if (bits.leq(onRequest)) {
    return { ...rest, onRequest: rest.onRequest.join(most), unknown: rest.unknown.join(all.minus(most)) }
  }
  return bits.leq(unknown) ? { ...rest, unknown: rest.unknown.join(all) } : rest
}
