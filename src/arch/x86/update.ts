import {
  addIfMissing,
  type Cpu,
  type CpuFeature,
  type GuestCpu,
  isRelative,
  type Policy,
  required,
  updateFeature,
} from '../../core/cpu.ts'
import type { Cpuid } from '../../core/cpuid.ts'
import type { Feature } from '../../core/feature.ts'
import type { FeatureSet } from '../../core/feature-set.ts'
import { internalError, LibvirtError } from '../../core/libvirt-error.ts'
import type { Database } from '../../map/database.ts'
import type { AllowedModels, RemovedPolicy } from '../driver.ts'
import { bitsHaveFeature } from './compare.ts'
import { hasOtherBits, readCpuid } from './cpuid.ts'
import { findClosestCpu } from './decode.ts'
import { featuresOf, featuresWith, modelOf } from './definition.ts'

/** A feature for a definition's list; a host's has no policy. */
const listed = (cpu: Cpu, name: string, policy: Policy): CpuFeature =>
  cpu.type === 'host' ? { name } : { name, policy }

/**
 * The definition with every feature of its model spelled out. A guest's forced, optional and forbidden features drop out of
 * the list, as they do in libvirt.
 * @throws LibvirtError `unknown CPU model`
 */
export function spellOutModel<C extends Cpu>(db: Database, cpu: C): C {
  const model = cpu.model === undefined ? undefined : db.model(cpu.model)
  if (cpu.model !== undefined && !model) throw internalError(`unknown CPU model ${cpu.model}`)
  const byName = new Map<string, CpuFeature>()
  const put = (feature: CpuFeature) => byName.set(feature.name, feature)
  if (model) for (const { name } of db.features.in(model.features)) put(listed(cpu, name, 'require'))
  for (const feature of cpu.features) {
    const { policy } = feature
    if (cpu.type === 'host' || policy === 'require' || policy === 'disable') put(feature)
  }
  if (cpu.type === 'guest') {
    for (const { name } of model?.removed ?? []) if (!byName.has(name)) put({ name, policy: 'disable' })
  }
  return { ...cpu, features: [...byName.values()] }
}

/** A copy without the features that block a migration, whatever their policy. What the model has stays. */
export const dropBlockers = <C extends Cpu>(db: Database, cpu: C): C => ({
  ...cpu,
  features: cpu.features.filter(({ name }) => db.features.get(name)?.migratable !== false),
})

/** The guest with its model's removed features mentioned, unless it mentions them itself. */
export function mentionRemoved(db: Database, cpu: GuestCpu, policy: 'require' | 'disable'): GuestCpu {
  if (cpu.model === undefined) return cpu
  const features = modelOf(db, cpu.model).removed.reduce<readonly CpuFeature[]>(
    (list, { name }) => addIfMissing(list, { name, policy }),
    cpu.features,
  )
  return { ...cpu, features }
}

/** `list` with all of `features`: those of a known name in place, the others appended. */
const updateAll = (list: readonly CpuFeature[], features: readonly CpuFeature[]): readonly CpuFeature[] =>
  features.reduce<readonly CpuFeature[]>(updateFeature, list)

/**
 * The guest CPU on a model that the hypervisor knows: same features, another name. The guest's vendor stays as
 * it was.
 * @throws LibvirtError where no allowed model can be chosen
 */
export function moveToAllowedModel<C extends Cpu>(db: Database, cpu: C, models: AllowedModels): C {
  const features = featuresOf(db, cpu)
  const model = cpu.model === undefined ? undefined : modelOf(db, cpu.model)
  const first = model?.signatures[0]
  const signature = first && { ...first, stepping: lowestStepping(first.steppings) }
  const decoded = findClosestCpu(
    db,
    { features, vendor: model?.vendor, signature },
    {
      as: cpu.type,
      fallback: 'allow',
      models,
    },
  )
  return { ...cpu, model: decoded.model, features: updateAll(decoded.features, cpu.features) }
}

const lowestStepping = (mask: number | undefined): number => (mask ? 31 - Math.clz32(mask & -mask) : 0)

/**
 * The guest CPU made definite on a host: optional features become required or disabled; `host-model` and
 * `minimum` take over the host's model and features.
 * @throws LibvirtError for unknown names and for a missing host
 */
export function updateGuest(
  db: Database,
  guest: GuestCpu,
  host: Cpu | undefined,
  removed: RemovedPolicy = 'disable',
): GuestCpu {
  const made = isRelative(guest) ? resolve(db, guest, host) : guest
  return mentionRemoved(db, made, removed)
}

function resolve(db: Database, guest: GuestCpu, host: Cpu | undefined): GuestCpu {
  if (!host) throw new LibvirtError('unsupported', 'unknown host CPU model')
  const has = featuresOf(db, host)
  const features = guest.features.map((listed): CpuFeature => {
    if (listed.policy !== 'optional') return listed
    return { name: listed.name, policy: bitsHaveFeature(db, has, listed.name) ? 'require' : 'disable' }
  })
  if (guest.mode === 'custom' && guest.match !== 'minimum') return { ...guest, features }
  return {
    ...guest,
    mode: 'custom',
    match: 'exact',
    model: host.model,
    vendor: guest.mode === 'host-model' ? host.vendor : guest.vendor,
    features: updateAll(host.features.map(required), features),
  }
}

/**
 * The definition of a running guest, corrected by what the hypervisor really gave: `enabled`, and asked for
 * but refused: `disabled`. With `check full` a difference is an error instead.
 * @throws LibvirtError listing extra and missing features, or on contradicting data
 */
export function correctByCpuid(db: Database, cpu: GuestCpu, enabled: Cpuid, disabled: Cpuid): GuestCpu {
  const live = correctByFeatures(db, cpu, readCpuid(db, enabled).features, readCpuid(db, disabled).features)
  if (cpu.check === 'full' && hasOtherBits(db, disabled)) throw mismatch([], [])
  return live
}

/** As `updateLive`, of features. @throws LibvirtError */
export function correctByFeatures(
  db: Database,
  cpu: GuestCpu,
  enabled: FeatureSet,
  disabled: FeatureSet,
): GuestCpu {
  const found = differences(db, cpu, enabled, disabled)
  const features = updateAll(cpu.features, found.changes)
  const live = mentionRemoved(db, { ...cpu, features }, 'disable')
  if (found.extra.length + found.missing.length > 0) throw mismatch(found.extra, found.missing)
  if (cpu.check === 'full' && !found.unexplained.isEmpty) throw mismatch([], [])
  return { ...live, check: 'full' }
}

interface Differences {
  readonly changes: CpuFeature[]
  readonly extra: string[]
  readonly missing: string[]
  /** Refused features that no change accounts for. */
  unexplained: FeatureSet
}

function differences(db: Database, cpu: GuestCpu, enabled: FeatureSet, disabled: FeatureSet): Differences {
  const has = featuresOf(db, cpu)
  const off = featuresWith(db, cpu, 'disable')
  const hostLike = cpu.mode === 'host-passthrough' || cpu.mode === 'maximum'
  const added = cpu.model === undefined ? [] : (db.model(cpu.model)?.added ?? [])
  const found: Differences = { changes: [], extra: [], missing: [], unexplained: disabled }
  for (const feature of db.features.list) {
    const { name, bits } = feature
    const explicit = bits.leq(has) || bits.leq(off)
    const expected = bits.leq(has) ? 'require' : bits.leq(off) || !hostLike ? 'disable' : undefined
    const isOn = bits.leq(enabled)
    const isOff = bits.leq(disabled)
    if (isOn && isOff) throw conflict(feature)
    const fatal = cpu.check === 'full' && (explicit || !added.includes(feature))
    if (expected === 'disable' && isOn) {
      if (fatal) found.extra.push(name)
      else found.changes.push({ name, policy: 'require' })
    } else if (isOff || (expected === 'require' && !isOn)) {
      if (fatal) found.missing.push(name)
      else {
        found.changes.push({ name, policy: 'disable' })
        found.unexplained = found.unexplained.minus(bits)
      }
    }
  }
  return found
}

function conflict({ name }: Feature): LibvirtError {
  const what = `feature '${name}' is both enabled and disabled at the same time`
  return new LibvirtError('op-failed', `hypervisor provided conflicting CPU data: ${what}`)
}

function mismatch(extra: readonly string[], missing: readonly string[]): LibvirtError {
  const parts = [
    extra.length > 0 && `extra features: ${extra.join(',')}`,
    missing.length > 0 && `missing features: ${missing.join(',')}`,
  ].filter(Boolean)
  const tail = parts.length > 0 ? `: ${parts.join(', ')}` : ''
  return new LibvirtError('op-failed', `guest CPU doesn't match specification${tail}`)
}
