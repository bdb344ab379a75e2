import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { databaseTexts } from '../../src/map/cpu-map.ts'
import type { DatabaseTexts } from '../../src/map/database.ts'

/** Our data of x86. */
export const TEXTS = databaseTexts('x86')

/** A file of the repository. */
export const committed = (...path: string[]): string =>
  readFileSync(join(import.meta.dirname, '..', '..', ...path), 'utf8')

/** Our data with one slip: in `file`, `from` has become `to`. */
export function slip(file: string, from: string, to: string): DatabaseTexts {
  const change = (text: string): string => {
    if (!text.includes(from)) throw new RangeError(`${file} has no \`${from}\``)
    return text.replace(from, to)
  }
  const models = TEXTS.models[file]
  if (models !== undefined) return { ...TEXTS, models: { ...TEXTS.models, [file]: change(models) } }
  const key = file.replace('.txt', '') as 'features' | 'walk' | 'names' | 'deps'
  return { ...TEXTS, [key]: change(TEXTS[key] ?? '') }
}

/** Features a to e in one word, then `models` of vendor V. */
export const small = (models: string, walk = 'm'): DatabaseTexts => ({
  features: `word 7.0.ebx = Word [key]\n${[...'abcde'].map((name, bit) => `    ${bit}  ${name}  &  p  Title ${name}`).join('\n')}\n`,
  models: { 'm.txt': models },
  walk,
})
