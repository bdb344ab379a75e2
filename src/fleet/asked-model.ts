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
