import { requireDecoder } from '../../../arch/registry.ts'
import type { Cpu } from '../../../core/cpu.ts'
import type { FeatureSet } from '../../../core/feature-set.ts'
import type { Context } from '../../context.ts'
import type { Note } from '../../words/note.ts'

/**
 * What a CPU has, with a note for each feature that the database does not know and so leaves out: a host
 * described by a newer libvirt does not take the whole fleet's answer away.
 * @throws LibvirtError for an unknown model
 */
export function knownFeatures({ map }: Context, cpu: Cpu): { features: FeatureSet; notes: Note[] } {
  const { db, featuresOf } = requireDecoder(map)
  const unknown = cpu.features.filter(({ name }) => !db.features.get(name))
  if (unknown.length === 0) return { features: featuresOf(cpu), notes: [] }
  const features = cpu.features.filter(({ name }) => db.features.get(name))
  return {
    features: featuresOf({ ...cpu, features }),
    notes: unknown.map(({ name }): Note => ({ kind: 'feature-skipped', feature: name })),
  }
}
