import { requireDecoder } from '../../../arch/registry.ts'
import { addIfMissing, type CpuFeature } from '../../../core/cpu.ts'
import type { Feature } from '../../../core/feature.ts'
import type { FeatureSet } from '../../../core/feature-set.ts'
import type { Vendor } from '../../../core/model.ts'
import { printCpu } from '../../../formats/libvirt/print-cpu.ts'
import type { Releases } from '../../../map/releases.ts'
import { toQemuName } from '../../../qemu/names.ts'
import type { Context } from '../../context.ts'
import type { Candidate } from '../../pools/choice.ts'

/** The smallest way to write a CPU down. */
export interface Expression {
  readonly model: string
  /** The name that means the same on every machine type. */
  readonly pinned: string
  /** What has to be said beyond the model, in map order. */
  readonly added: readonly string[]
  readonly disabled: readonly string[]
  /** For a domain's definition. */
  readonly xml: string
  /** QEMU's `-cpu`. */
  readonly qemu: string
  /** The least versions that know all of it, as far as they were looked at. */
  readonly needs: Releases
}

/** The candidate written down for guests that have all of `given`. */
export function expressionOf(
  { map }: Context,
  given: FeatureSet,
  vendor: Vendor | undefined,
  { model, added, disabled, needs }: Candidate,
): Expression {
  const cpu = requireDecoder(map).decodeOn({ features: given, vendor }, model, { migratable: true })
  const off = disabled.map(({ name }): CpuFeature => ({ name, policy: 'disable' }))
  const features = off.reduce(addIfMissing, cpu.features)
  const pinned = model.canonical ?? model.name
  return {
    model: model.name,
    pinned,
    added: namesOf(added),
    disabled: namesOf(disabled),
    xml: printCpu({ ...cpu, features }),
    qemu: [
      pinned,
      ...added.map(({ name }) => `${toQemuName(name)}=on`),
      ...disabled.map(({ name }) => `${toQemuName(name)}=off`),
    ].join(','),
    needs,
  }
}

const namesOf = (features: readonly Feature[]): string[] => features.map(({ name }) => name)
