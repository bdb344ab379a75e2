import type { FleetCpus } from '../arch/driver.ts'
import { isLeftOut } from '../arch/operations.ts'
import type { Check, CpuFeature, GuestCpu, Policy } from '../core/cpu.ts'
import { FeatureSet } from '../core/feature-set.ts'
import type { LibvirtVersion } from '../core/libvirt-version.ts'
import { oncePer } from '../core/memo.ts'
import { findUnasked } from '../qemu/guest/live.ts'
import { turnsOffAlone } from '../qemu/hypervisor-cpu.ts'
import { withoutVoid } from './causes/finding.ts'

/** The named model that a guest's definition asks its hypervisor for. */
export interface RequestedModel {
  readonly name: string
  /** Features that the definition turns off by name: what the hypervisor lacks of them does no harm. */
  readonly disabled: ReadonlySet<string>
  /** Whether it is of old, defined by each hypervisor in a way of its own: libvirt compares bits, whatever blocks it. */
  readonly comparedByBits: boolean
  /** Whether a hypervisor that does not know the model may be given another one, at a start. */
  readonly replaceable: boolean
}

/**
 * The models that a host's hypervisor knows, each with what keeps it from running there, in libvirt's spelling;
 * `?`: something does, and the hypervisor does not report what; `unknown`: it does not report whether anything does.
 * Empty: it reports no models.
 */
export type HypervisorModels = ReadonlyMap<string, readonly string[] | 'unknown'>

/** A hypervisor's word against a model. */
export interface ModelRefusal {
  readonly kind: 'model'
  readonly model: string
  /** `unknown`: it has no such model; `blocked`: by what `blockers` names; `unexplained`: it does not say by what. */
  readonly because: 'unknown' | 'blocked' | 'unexplained'
  readonly blockers: readonly string[]
}

/** Why the hypervisor cannot give the model as it is asked for; undefined: it can. */
export function findModelRefusal(
  { name, disabled, comparedByBits }: RequestedModel,
  models: HypervisorModels,
): ModelRefusal | undefined {
  if (models.size === 0) return undefined
  const refusal = { kind: 'model', model: name } as const
  const known = models.get(name)
  if (!known) return { ...refusal, because: 'unknown', blockers: [] }
  if (comparedByBits || known === 'unknown') return undefined
  if (known.includes('?')) return { ...refusal, because: 'unexplained', blockers: [] }
  const blockers = known.filter(blocker => !disabled.has(blocker))
  return blockers.length > 0 ? { ...refusal, because: 'blocked', blockers } : undefined
}

/** The models that all hypervisors with a list know, blocked by whatever blocks one on any of them; undefined: no list. */
export function meetHypervisorModels(all: Iterable<HypervisorModels>): HypervisorModels | undefined {
  const [first, ...rest] = [...new Set(all)].filter(({ size }) => size > 0)
  return rest.reduce(
    (met, models) =>
      new Map(
        [...(met ?? [])].flatMap(([name, blockers]) => {
          const theirs = models.get(name)
          return theirs ? [[name, meetBlockers(blockers, theirs)] as const] : []
        }),
      ),
    first,
  )
}

type ModelBlockers = readonly string[] | 'unknown'

function meetBlockers(one: ModelBlockers, other: ModelBlockers): ModelBlockers {
  const known = [one, other].flatMap(blockers => (blockers === 'unknown' ? [] : blockers))
  return known.length === 0 && (one === 'unknown' || other === 'unknown') ? 'unknown' : [...new Set(known)]
}

/** A guest's definition as sets of features: whether it starts on a host is judged by these. */
export interface AskedCpu {
  readonly check: Check
  /** What it takes of its host: all that can move, by host-model or as a minimum; the whole CPU. Absent: nothing. */
  readonly takes?: 'movable' | 'whole' | undefined
  /** What it requires by name. */
  readonly required: FeatureSet
  readonly forbidden: FeatureSet
  /** What its host's CPU must have where features are compared. */
  readonly compared: FeatureSet
  /** What it asks QEMU for. */
  readonly wanted: FeatureSet
  /** Of these what its model has and means nothing: details of what it does not ask for. libvirt compares them all the same. */
  readonly idle: FeatureSet
  /** Of one that matches strictly: what it speaks of, which is all that its host may have. Absent: its host may have more. */
  readonly strict?: FeatureSet | undefined
  /** What it is given unasked. */
  readonly unasked: FeatureSet
  /** Whether it lists nothing but what it turns off. */
  readonly turnsOff: boolean
  /** Equal for definitions that are judged alike. */
  readonly key: string
}

/** Definitions that were read, by their key: a fleet has many guests and few different definitions. */
const readIn = oncePer((_: FleetCpus) => new Map<string, AskedCpu>())
const MOST_KEPT = 10_000

/** A definition under KVM. Names that are not known are left out. */
export function readAskedCpu(cpus: FleetCpus, cpu: GuestCpu, libvirt: LibvirtVersion): AskedCpu {
  const { mode = 'custom', match = 'exact', features } = cpu
  const { cores = 1, threads = 1, dies = 1 } = cpu.topology ?? {}
  const words = features.map(({ name, policy = 'require' }) => `${policy} ${name}`).sort()
  const many = dies * cores * threads > 1
  const key = [cpu.check, mode, match, cpu.model, cpu.vendor, many, libvirt, ...words].join(',')
  const known = readIn(cpus)
  const read = known.get(key) ?? readDefinition(cpus, cpu, libvirt, key)
  if (known.size >= MOST_KEPT) known.clear()
  known.set(key, read)
  return read
}

function readDefinition(cpus: FleetCpus, cpu: GuestCpu, libvirt: LibvirtVersion, key: string): AskedCpu {
  const { db } = cpus
  const { mode = 'custom', match = 'exact', features } = cpu
  const setOf = (list: readonly CpuFeature[]) =>
    list.length > 0 ? db.features.setOfNames(list.map(({ name }) => name)) : FeatureSet.empty
  const by = (wanted: Policy) => setOf(features.filter(({ policy = 'require' }) => policy === wanted))
  const [required, forced, optional, off] = [by('require'), by('force'), by('optional'), by('disable')]
  const forbidden = by('forbid')
  const isPassed = mode === 'host-passthrough' || mode === 'maximum'
  const takes = isPassed ? 'whole' : mode === 'host-model' || match === 'minimum' ? 'movable' : undefined
  const model = (mode === 'custom' && cpu.model !== undefined && db.model(cpu.model)) || undefined
  const named = (model?.features ?? FeatureSet.empty).join(required)
  const listed = required.join(forced)
  // What newer versions of QEMU's model are without is turned off, unless it is mentioned.
  const base = takes ? FeatureSet.empty : named.minus(db.features.setOf(model?.removed ?? []))
  const all = base.join(listed).minus(optional).minus(off).minus(forbidden)
  const every = named.join(forced).minus(optional).minus(off).minus(forbidden)
  const isStrict = match === 'strict' && mode === 'custom'
  const unasked = db.features
    .in(findUnasked(cpus, cpu, 'kvm').minus(optional))
    .filter(({ name }) => !isLeftOut(name, libvirt))
  return {
    check: cpu.check ?? (isPassed ? 'none' : 'partial'),
    takes,
    required,
    forbidden,
    compared: named.minus(forced).minus(optional).minus(off),
    wanted: all.minus(setOf(features.filter(({ name }) => isLeftOut(name, libvirt)))),
    idle: every.minus(withoutVoid(cpus, every)).minus(listed),
    strict: isStrict ? named.join(forced).join(optional).join(off) : undefined,
    unasked: db.features.setOf(unasked),
    turnsOff: turnsOffAlone(cpu),
    key,
  }
}
