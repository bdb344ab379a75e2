import { FeatureSet } from '../../core/feature-set.ts'
import { type DataStatement, faultIn } from '../../map/text/data-file.ts'
import { hexOf, type ListedModel, parseModelList } from '../../map/text/model-list.ts'

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
