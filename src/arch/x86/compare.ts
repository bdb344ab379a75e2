import type { Cpu } from '../../core/cpu.ts'
import type { Feature } from '../../core/feature.ts'
import type { FeatureSet } from '../../core/feature-set.ts'
import { LibvirtError } from '../../core/libvirt-error.ts'
import type { Database } from '../../database/database.ts'
import { featuresOf, featuresWith } from './definition.ts'
import { tablesOf } from './tables.ts'

/** How a host relates to a CPU: whether what the CPU needs is there, and whether there is more. */
export type Comparison =
  | { readonly result: 'identical' | 'superset'; readonly extra: readonly Feature[] }
  | {
      readonly result: 'incompatible'
      /** libvirt's words, without the prefix. */
      readonly detail: string
      /** Required and absent, in map order. */
      readonly missing: readonly Feature[]
      /** Forbidden and present. */
      readonly forbidden: readonly Feature[]
      /** Present and not asked for: only where the match is strict. */
      readonly extra: readonly Feature[]
    }

/** The refusal as the error that `--error` shows. */
export const incompatibility = (detail: string): LibvirtError => new LibvirtError('cpu-incompatible', detail)

const incompatible = (
  detail: string,
  reasons: Partial<Record<'missing' | 'forbidden' | 'extra', Feature[]>> = {},
) => ({ result: 'incompatible', detail, missing: [], forbidden: [], extra: [], ...reasons }) as const

/**
 * Whether `host` has what `cpu` (a host or a guest) requires and nothing that it forbids.
 * Modes, fallback and `minimum` play no role; a guest without a model requires nothing.
 * @throws LibvirtError for an unknown model or feature on either side
 */
export function compare(db: Database, host: Cpu | undefined, cpu: Cpu): Comparison {
  if (host?.model === undefined) return incompatible('unknown host CPU')
  if (cpu.arch !== undefined && cpu.arch !== 'x86_64' && cpu.arch !== 'i686') {
    return incompatible(`CPU arch ${cpu.arch} does not match host arch`)
  }
  if (cpu.vendor !== undefined && cpu.vendor !== host.vendor) {
    return incompatible(`host CPU vendor does not match required CPU vendor ${cpu.vendor}`)
  }
  return compareFeatures(db, host, cpu)
}

function compareFeatures(db: Database, host: Cpu, cpu: Cpu): Comparison {
  const has = featuresOfHost(db, host)
  // The order decides which unknown name is reported.
  const force = featuresWith(db, cpu, 'force')
  const requireAll = featuresWith(db, cpu, 'require')
  const optional = featuresWith(db, cpu, 'optional')
  const disable = featuresWith(db, cpu, 'disable')
  const forbid = featuresWith(db, cpu, 'forbid')

  const forbidden = forbid.meet(has)
  if (!forbidden.isEmpty) {
    const list = db.features.in(forbidden)
    return incompatible(`Host CPU provides forbidden features: ${names(list)}`, { forbidden: list })
  }
  const require = requireAll.minus(force).minus(optional).minus(disable)
  if (!require.leq(has)) {
    const list = db.features.in(require.minus(has))
    return incompatible(`Host CPU does not provide required features: ${names(list)}`, { missing: list })
  }
  const rest = has.minus(optional).minus(require).minus(disable).minus(force)
  if (rest.isEmpty) return { result: 'identical', extra: [] }
  const extra = db.features.in(rest)
  if (cpu.type === 'guest' && cpu.match === 'strict') {
    return incompatible(`Host CPU does not strictly match guest CPU: Extra features: ${names(extra)}`, {
      extra,
    })
  }
  return { result: 'superset', extra }
}

/** One host is compared with many CPUs, and a definition never changes. */
function featuresOfHost(db: Database, host: Cpu): FeatureSet {
  const { hosts } = tablesOf(db)
  let features = hosts.get(host)
  if (!features) {
    features = featuresOf(db, host)
    hosts.set(host, features)
  }
  return features
}

const names = (features: readonly Feature[]): string => features.map(feature => feature.name).join(', ')
