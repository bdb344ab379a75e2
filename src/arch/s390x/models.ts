import type { Cpu } from '../../core/cpu.ts'
import type { Feature } from '../../core/feature.ts'
import { FeatureSet } from '../../core/feature-set.ts'
import { FeatureTable } from '../../core/feature-table.ts'
import { internalError } from '../../core/libvirt-error.ts'
import type { Model } from '../../core/model.ts'
import { readDataFile } from '../../map/data.ts'
import { Database } from '../../map/database.ts'
import {
  type DataStatement,
  faultIn,
  hexOf,
  type ListedModel,
  parseModelList,
} from '../../map/text/data-file.ts'
import { setsOf } from '../../map/text/delta.ts'
import { parseModels } from '../../map/text/parse-models.ts'

const MODELS = 's390x/models/generations.txt'

/** The file of the machines. */
export const MACHINES = 's390x/machines.txt'

/** A CPU of IBM Z: which machine it is, and what it has. */
interface ZCpu {
  readonly machine: Machine
  readonly features: FeatureSet
}

/** How new a common CPU may be. */
export interface Limit extends GenerationLevel {
  /** The machine's type where all of that generation agree in it. */
  readonly type?: number | undefined
}

/** What is known of IBM Z. libvirt has no map of it: all of this is as QEMU names it. */
export class Generations {
  /** The models, and the features with those groups of them that have a name. */
  readonly db: Database
  /** By the names of their models, in map order. */
  readonly machines: ReadonlyMap<string, Machine>
  /** What a CPU may lack of a model's base and be called by its name all the same. */
  readonly spared: FeatureSet

  /** @param plain the models and features as our data has them @throws ParseError */
  constructor(plain: Database) {
    const file = parseModels(readDataFile(MODELS), MODELS)
    const sets = setsOf(plain.features, [file])
    const bitsOf = (name: string) => sets.get(name) ?? plain.features.get(name)?.bits
    const groups = file.sets
      .filter(({ name }) => name !== SPARED)
      .map(({ name, at }) => ({
        name: name.slice(1),
        features: bitsOf(name) ?? FeatureSet.empty,
        title: at.note,
      }))
    const { vendors, families, models } = plain
    const list = readGenerations(readDataFile(MACHINES), MACHINES, bitsOf)
    this.db = new Database({ features: withGroups(plain.features, groups), vendors, models, families })
    this.machines = new Map(list.map(machine => [machine.name, machine]))
    this.spared = bitsOf(SPARED) ?? FeatureSet.empty
  }

  /** The machine that a model is named after, `z13-base` as `z13`. */
  machineOf(model: string): Machine | undefined {
    return this.machines.get(model.replace(/-base$/, ''))
  }

  /** A definition's CPU. @throws LibvirtError for a model that is of no generation, and for unknown features */
  cpuOf({ model = '', features }: Cpu): ZCpu {
    const [machine, own] = [this.machineOf(model), this.db.model(model)?.features]
    if (!machine || !own) throw internalError(`Unknown CPU model ${model}`)
    const has = features.reduce((set, { name, policy }) => {
      const bits = this.db.features.get(name)?.bits
      if (!bits) throw internalError(`Unknown CPU feature ${name}`)
      return policy === 'disable' || policy === 'forbid' ? set.minus(bits) : set.join(bits)
    }, own)
    return { machine, features: has }
  }

  /**
   * The newest base that a CPU with these features has and that is not newer than the limit. As QEMU looks for it: in
   * map order, until the limit's own machine, or one that is newer; a z14 ZR1, which stands behind z14.2 though it is
   * no newer than z14, is found for newer machines alone.
   * @returns undefined where not even the oldest is had
   */
  newestBase(limit: Limit, features: FeatureSet): Model | undefined {
    let found: Model | undefined
    for (const model of this.db.models) {
      const machine = this.machineOf(model.name)
      if (!machine || !model.name.endsWith('-base')) continue
      if (isNewer(machine, limit)) break
      if (model.features.minus(this.spared).leq(features)) found = model
      const { type, generation, ga } = machine
      if (type === limit.type && generation === limit.generation && ga === limit.ga) break
    }
    return found
  }
}

/** The set that is no group. */
const SPARED = '@spared'

/** The older of both; of one generation, what both machines are. */
export function olderOf(a: Limit, b: Limit): Limit {
  if (a.generation !== b.generation) return isNewer(a, b) ? b : a
  const type = a.type === b.type ? a.type : undefined
  return { generation: a.generation, ga: Math.min(a.ga, b.ga), type }
}

/** Features that have a name together, as QEMU's `msa4`. */
interface Group {
  readonly name: string
  readonly features: FeatureSet
  readonly title: string
}

/**
 * The table with groups: where all of one are there, its name stands for them. Groups come first, so that they are
 * found before what is in them.
 */
export function withGroups(table: FeatureTable, groups: readonly Group[]): FeatureTable {
  const grouped = groups.flatMap(group => {
    const [first] = table.in(group.features)
    return first ? [{ ...factsOf(first), name: group.name, bits: group.features, title: group.title }] : []
  })
  const list = [...grouped, ...table.list.map(factsOf)]
  return new FeatureTable(
    list.map((feature, index) => ({ ...feature, index })),
    table.words,
  )
}

const factsOf = (feature: Feature): Omit<Feature, 'index'> => ({
  name: feature.name,
  bits: feature.bits,
  place: feature.place,
  bit: feature.bit,
  migratable: feature.migratable,
  order: feature.order,
  ...(feature.class && { class: feature.class }),
  title: feature.title,
})

/** The words that begin a field of `machines.txt`. */
export const MACHINE_FIELDS = ['type', 'level', 'new']

/** A machine that a model is named after. */
export interface Machine extends GenerationLevel {
  /** The model's name, without `-base`. */
  readonly name: string
  /** As STORE CPU ID reports it: 0x2964 for a z13. */
  readonly type: number
  /** What a CPU of the model can be given at most: QEMU refuses the rest. */
  readonly possible: FeatureSet
}

/** How new a machine is. */
export interface GenerationLevel {
  /** 13 for z13, z13.2 and z13s. */
  readonly generation: number
  /** General availability: the second is the same machine with more microcode. */
  readonly ga: number
}

export const isNewer = (a: GenerationLevel, b: GenerationLevel): boolean =>
  a.generation === b.generation ? a.ga > b.ga : a.generation > b.generation

/**
 * Reads `machines.txt`. What is new in one machine, all later ones can be given too.
 * @param bitsOf a feature or `@set`; undefined where there is none
 * @throws ParseError
 */
export function readGenerations(
  text: string,
  name: string,
  bitsOf: (word: string) => FeatureSet | undefined,
): Machine[] {
  let possible = FeatureSet.empty
  return parseModelList(text, name, MACHINE_FIELDS).models.map(({ at, name, fields }) => {
    for (const word of fields.new ?? []) {
      const bits = bitsOf(word)
      if (!bits) throw faultIn(at, `no feature and no set is called \`${word}\``, word)
      if (bits.leq(possible)) throw faultIn(at, `\`${word}\` is not new here`, word)
      possible = possible.join(bits)
    }
    return {
      name,
      type: hexOf(only(fields, 'type', at), at),
      ...levelOf(only(fields, 'level', at), at),
      possible,
    }
  })
}

function levelOf(text: string, at: DataStatement): GenerationLevel {
  const [, generation, ga] = /^(\d+)\.(\d+)$/.exec(text) ?? []
  if (generation === undefined) throw faultIn(at, 'a level is `GENERATION.GA`', text)
  return { generation: Number(generation), ga: Number(ga) }
}

function only(fields: ListedModel['fields'], field: string, at: DataStatement): string {
  const [value, more] = fields[field] ?? []
  if (value === undefined || more !== undefined) throw faultIn(at, `a machine has one \`${field}\``, field)
  return value
}
