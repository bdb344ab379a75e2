import type { CpuFeature, GuestCpu, Policy } from '../../core/cpu.ts'
import { CpuMap } from '../../map/cpu-map.ts'
import { resolveWords, type Vocabulary } from '../../map/vocabulary.ts'
import type { Found } from '../found.ts'

/** What a definition says of a feature, in the words of its platform. */
export type Setting = readonly [word: string, policy: Policy]

/**
 * The features of these settings under libvirt's names, in their order; the last setting of a feature counts. A word
 * that names no feature keeps its name.
 * @param vocabularies the first that knows a word counts
 */
export function featuresOfSettings(
  settings: Iterable<Setting>,
  ...vocabularies: readonly Vocabulary[]
): CpuFeature[] {
  const db = CpuMap.builtIn().of('x86')
  const policies = new Map<string, Policy>()
  for (const [word, policy] of settings) {
    const found = vocabularies.map(vocabulary => resolveWords(db, vocabulary, [word]).features)
    const features = found.find(({ length }) => length > 0)
    for (const { name } of features ?? [{ name: word }]) policies.set(name, policy)
  }
  return [...policies].map(([name, policy]) => ({ name, policy }))
}

/** A word's policy where it is switched on or off. */
export const setting = (word: string, on: boolean): Setting => [word, on ? 'require' : 'disable']

/**
 * A guest's CPU by the name that a platform gives its model: `host` and libvirt's modes are modes, every other name is
 * a model. Without a name: the features alone.
 */
export function guestCpuOf(
  name: string | undefined,
  features: readonly CpuFeature[],
  more: Partial<GuestCpu> = {},
): GuestCpu {
  const mode = MODES.get(name ?? '')
  if (mode) return { type: 'guest', mode, features, ...more }
  return { type: 'guest', mode: 'custom', match: 'exact', model: name, features, ...more }
}

/** A guest's CPU whose model is one of its platform's own: as that is defined, and what the guest itself adds. */
export function onOwnModel(
  { model: _, mode: __, match: ___, features, ...own }: GuestCpu,
  model: GuestCpu,
): GuestCpu {
  const named = new Set(features.map(({ name }) => name))
  const given = Object.entries(own).filter(([, value]) => value !== undefined)
  return {
    ...model,
    ...Object.fromEntries(given),
    features: [...model.features.filter(({ name }) => !named.has(name)), ...features],
  }
}

/** What a text holds with each guest's own model in place of its name; the models themselves only where no guest stands beside. */
export function resolveOwnModels(found: Found[]): Found[] {
  const models = new Map(
    found.flatMap(one => (one.kind === 'guest' && one.isModel ? [[one.name ?? '', one] as const] : [])),
  )
  if (models.size === 0 || found.length === models.size) return found
  return found.flatMap(one => {
    if (one.kind !== 'guest') return one
    const model = models.get(one.cpu.model ?? '')
    if (one.isModel) return []
    return model ? { ...one, cpu: onOwnModel(one.cpu, model.cpu), notes: model.notes } : one
  })
}

const MODES: ReadonlyMap<string, NonNullable<GuestCpu['mode']>> = new Map([
  ['host', 'host-passthrough'],
  ['host-passthrough', 'host-passthrough'],
  ['host-model', 'host-model'],
  ['max', 'maximum'],
  ['maximum', 'maximum'],
])
