import type { FeatureSet } from '../core/feature-set.ts'
import { LibvirtError } from '../core/libvirt-error.ts'
import { once } from '../core/memo.ts'
import { CpuMap } from '../map/cpu-map.ts'
import { dataFile } from '../map/data.ts'
import { faultIn, statementsOf } from '../map/text/data-file.ts'
import { parseDelta } from '../map/text/delta.ts'
import { express, findAnyModel, findGuestFeatures } from './express.ts'
import type { NotExpressed, Printer } from './printer.ts'

/** An EVC mode of vSphere: the CPU that the guests of a cluster have at most. */
export interface EvcMode {
  /** As PowerCLI and the API call it: `intel-haswell`. */
  readonly key: string
  /** As the CPU map calls it. */
  readonly vendor: string
  readonly features: FeatureSet
}

/** The modes, each vendor's from the lowest. @throws ParseError */
export const evcModes = once((): readonly EvcMode[] => {
  const db = CpuMap.builtIn().of('x86')
  const modes: EvcMode[] = []
  for (const at of statementsOf(dataFile('evc.txt'))) {
    const [, key = '', base = '', delta = ''] = /^(\S+) : (\S+) ?(.*)$/.exec(at.text) ?? []
    const model = db.model(base)
    const below = modes.find(mode => mode.key === base)
    const features = below?.features ?? model?.features
    const vendor = below?.vendor ?? model?.vendor?.name
    if (!features || vendor === undefined)
      throw faultIn(
        at,
        'expected `KEY : BASE - FEATURE … + FEATURE …`, the base a mode above or a model',
        base,
      )
    const bitsOf = (name: string) => {
      const feature = db.features.get(name)
      if (!feature) throw faultIn(at, `unknown feature '${name}'`, name)
      return feature.bits
    }
    const { minus, plus } = parseDelta(delta, at)
    const least = minus.reduce((all, name) => all.minus(bitsOf(name)), features)
    modes.push({ key, vendor, features: plus.reduce((all, name) => all.join(bitsOf(name)), least) })
  }
  return modes
})

/** The highest mode of a vendor all of whose features a CPU has; undefined: not even the lowest, or the vendor has none. */
export const greatestEvcMode = (features: FeatureSet, vendor: string): EvcMode | undefined =>
  evcModes().findLast(mode => mode.vendor === vendor && mode.features.leq(features))

/** The lowest mode of a vendor that gives all of these features that any of its modes names; undefined: none does. */
export const leastEvcMode = (features: FeatureSet, vendor: string): EvcMode | undefined =>
  evcModes().find(mode => mode.vendor === vendor && lostOf(mode, features).isEmpty)

/** The EVC mode whose guests lose and gain the fewest features; what is lost counts twice. */
export const evcMode: Printer = {
  name: 'evc',
  title: 'vSphere: nearest EVC mode',
  print(given) {
    const { cpu, notExpressed } = express(given, {
      reader: 'an EVC mode',
      policies: ['force', 'require', 'disable'],
    })
    const has = findGuestFeatures(cpu)
    const vendor = cpu.vendor ?? findAnyModel(cpu.model ?? '')?.vendor?.name
    const modes = evcModes().filter(mode => mode.vendor === vendor)
    const costs = modes.map(mode => (has ? 2 * lostOf(mode, has).size + gainedOf(mode, has).size : 0))
    const nearest = modes[costs.indexOf(Math.min(...costs))]
    if (!has || !nearest)
      throw new LibvirtError(
        'unsupported',
        `vSphere has EVC modes for models of Intel and AMD alone, not for ${cpu.model}`,
      )
    return { text: `${nearest.key}\n`, notExpressed: [...notExpressed, ...differences(nearest, has)] }
  },
}

/** Of what the vendor's modes name. */
const namedBy = ({ vendor }: EvcMode): FeatureSet =>
  evcModes()
    .filter(mode => mode.vendor === vendor)
    .map(({ features }) => features)
    .reduce((all, features) => all.join(features))

const lostOf = (mode: EvcMode, has: FeatureSet): FeatureSet => has.meet(namedBy(mode)).minus(mode.features)
const gainedOf = (mode: EvcMode, has: FeatureSet): FeatureSet => mode.features.minus(has)

/** What guests of a cluster in the mode have otherwise. */
function differences(mode: EvcMode, has: FeatureSet): NotExpressed[] {
  const { features } = CpuMap.builtIn().of('x86')
  const lists: readonly (readonly [FeatureSet, string])[] = [
    [lostOf(mode, has), `${mode.key}, the nearest mode, does not have them`],
    [gainedOf(mode, has), `${mode.key} gives guests these besides`],
    [has.minus(namedBy(mode)), 'no mode names them; what vCenter lists in supportedEVCMode decides'],
  ]
  return lists.flatMap(([set, why]) => {
    const names = features.in(set).map(({ name }) => name)
    return names.length > 0 ? [{ part: 'features', features: names, why }] : []
  })
}
