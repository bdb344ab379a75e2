import type { FeatureClass } from '../core/feature.ts'
import { dataFile } from './data.ts'
import { type DataFile, type DataStatement, faultIn, statementsOf, tokensOf } from './text/data-file.ts'

/** A feature's class; `unknown` where the data says nothing (an installed map). */
export type WeightClass = FeatureClass | 'unknown'

/** What a feature of each class is worth: whole numbers from 0. */
export type ClassWeights = Readonly<Record<WeightClass, number>>

export const WEIGHT_CLASSES: readonly WeightClass[] = [
  'security',
  'performance',
  'virtualization',
  'nested',
  'platform',
  'volatile',
  'unknown',
]

/** Reads `weights.txt`: every class once, as `CLASS WEIGHT why`. @throws ParseError */
export function parseWeights(file: DataFile): ClassWeights {
  const weights = new Map<string, number>()
  for (const at of statementsOf(file)) {
    const [name, weight] = parseWeight(at)
    if (weights.has(name)) throw faultIn(at, `\`${name}\` is above already`, name)
    weights.set(name, weight)
  }
  const of = (name: WeightClass): number => {
    const weight = weights.get(name)
    if (weight === undefined) throw faultIn(END(file), `no line says what \`${name}\` weighs`)
    return weight
  }
  return {
    security: of('security'),
    performance: of('performance'),
    virtualization: of('virtualization'),
    nested: of('nested'),
    platform: of('platform'),
    volatile: of('volatile'),
    unknown: of('unknown'),
  }
}

/** The weights that come with this package. */
export const builtinWeights = (): ClassWeights => parseWeights(dataFile('weights.txt'))

const END = (file: DataFile): DataStatement => ({
  file,
  offset: file.text.length,
  indent: 0,
  text: '',
  note: '',
})

function parseWeight(at: DataStatement): [name: string, weight: number] {
  const [name = '', weight = ''] = tokensOf(at.text)
  if (!WEIGHT_CLASSES.some(known => known === name)) {
    throw faultIn(at, `a class is one of ${WEIGHT_CLASSES.join(', ')}`, name)
  }
  if (!/^\d{1,6}$/.test(weight)) throw faultIn(at, 'a weight is a whole number from 0 to 999999', weight)
  return [name, Number(weight)]
}
