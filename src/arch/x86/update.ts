import { type Cpu, type CpuFeature, type GuestCpu, isRelative, required } from '../../core/cpu.ts'
import type { Cpuid } from '../../core/cpuid.ts'
import type { Feature } from '../../core/feature.ts'
import type { FeatureSet } from '../../core/feature-set.ts'
import { LibvirtError } from '../../core/libvirt-error.ts'
import type { Database } from '../../map/database.ts'
import type { RemovedPolicy } from '../driver.ts'
import { hasOtherBits, readCpuid } from './cpuid.ts'
import { featuresOf, featuresWith } from './definition.ts'
import { mentionRemoved, updateAll } from './expand.ts'
import { bitsHaveFeature } from './query.ts'

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
