import type { Cpu, CpuFeature, Policy } from '../../core/cpu.ts'
import type { Feature } from '../../core/feature.ts'
import { FeatureSet, removeFrom } from '../../core/feature-set.ts'
import { internalError, type LibvirtError } from '../../core/libvirt-error.ts'
import type { Model } from '../../core/model.ts'
import type { Database } from '../../map/database.ts'

/** The model of that name. @throws LibvirtError `Unknown CPU model` */
export function modelOf(db: Database, name: string): Model {
  const model = db.model(name)
  if (!model) throw internalError(`Unknown CPU model ${name}`)
  return model
}

/** The feature of that name. @throws LibvirtError `Unknown CPU feature` */
function featureOf(db: Database, name: string): Feature {
  const feature = db.features.get(name)
  if (!feature) throw unknownFeature(name)
  return feature
}

const unknownFeature = (name: string): LibvirtError => internalError(`Unknown CPU feature ${name}`)

/**
 * Everything the CPU has: its model's features, with what it lists required or forced added, what it lists
 * disabled or forbidden taken away, in list order. Optional features are passed over, unlooked-up.
 * @throws LibvirtError for an unknown model or feature
 */
export function featuresOf(db: Database, cpu: Cpu): FeatureSet {
  const words = db.features.blank()
  writeFeatures(db, cpu, words)
  return FeatureSet.over(words)
}

/** As `featuresOf`, over what `words` holds: where hosts come by the hundred thousand, one set serves them all. */
export function writeFeatures(db: Database, cpu: Cpu, words: Uint32Array): void {
  words.fill(0)
  if (cpu.model !== undefined) words.set(modelOf(db, cpu.model).features.words)
  for (const { name, policy } of cpu.features) {
    if (policy === 'optional') continue
    if (policy === 'disable' || policy === 'forbid') removeFrom(words, featureOf(db, name).bits)
    else if (!db.features.addTo(words, name)) throw unknownFeature(name)
  }
}

/**
 * What the CPU lists with exactly this policy; what a host lists counts as required. The model's features
 * count as required. Features of other policies are not looked up.
 * @throws LibvirtError for an unknown model or feature
 */
export function featuresWith(db: Database, cpu: Cpu, policy: Policy): FeatureSet {
  if (cpu.type === 'host' && policy !== 'require') return FeatureSet.empty
  const required = policy === 'require' && cpu.model !== undefined
  const isListed = (feature: CpuFeature) => (feature.policy ?? 'require') === policy
  if (!required && !cpu.features.some(isListed)) return FeatureSet.empty
  const words = db.features.blank(required ? modelOf(db, cpu.model).features : undefined)
  for (const feature of cpu.features) {
    if (!isListed(feature)) continue
    if (!db.features.addTo(words, feature.name)) throw unknownFeature(feature.name)
  }
  return FeatureSet.over(words)
}
