import { FeatureSet } from '../../core/feature-set.ts'
import { CpuMap } from '../../map/cpu-map.ts'
import { readData } from '../../map/data.ts'
import { Database } from '../../map/database.ts'
import { setsOf } from '../../map/text/named-sets.ts'
import { parseModels } from '../../map/text/parse-models.ts'
import type { ArchitectureData } from '../driver.ts'
import { withGroups } from './groups.ts'
import { MACHINE_FIELDS, type Machine, readGenerations } from './machines.ts'

const MODELS = 's390x/models/generations.txt'
const MACHINES = 's390x/machines.txt'

export const DATA: ArchitectureData = { folder: 's390x', lists: { [MACHINES]: MACHINE_FIELDS } }

/** What is known of IBM Z. libvirt has no map of it: all of this is as QEMU names it. */
interface Generations {
  /** The models, and the features with those groups of them that have a name. */
  readonly db: Database
  /** By the names of their models, in map order. */
  readonly machines: ReadonlyMap<string, Machine>
  /** What a CPU may lack of a model's base and be called by its name all the same. */
  readonly spared: FeatureSet
}

/** @throws ParseError */
export function generations(): Generations {
  loaded ??= load()
  return loaded
}

let loaded: Generations | undefined

/** The set that is no group. */
const SPARED = '@spared'

function load(): Generations {
  const plain = CpuMap.builtIn().of('s390x')
  const file = parseModels(readData(MODELS), MODELS)
  const sets = setsOf(plain, [file])
  const bitsOf = (name: string) => sets.get(name) ?? plain.features.get(name)?.bits
  const groups = file.sets
    .filter(({ name }) => name !== SPARED)
    .map(({ name, at }) => ({
      name: name.slice(1),
      features: bitsOf(name) ?? FeatureSet.empty,
      title: at.note,
    }))
  const { vendors, families } = plain
  const list = readGenerations(readData(MACHINES), MACHINES, bitsOf)
  return {
    db: new Database({
      features: withGroups(plain.features, groups),
      vendors,
      models: plain.models,
      families,
    }),
    machines: new Map(list.map(machine => [machine.name, machine])),
    spared: bitsOf(SPARED) ?? FeatureSet.empty,
  }
}
