import { formatFeatures } from './format-features.ts'
import { formatModels } from './format-models.ts'
import { formatPlain } from './format-plain.ts'

/**
 * The text of a data file as it is committed: columns aligned, lines of at most 100 characters. Words,
 * their order and comments stay as they are, so formatting what is formatted changes nothing.
 * @param name the file's name, which says what kind of file it is
 * @throws ParseError for what the grammar does not know
 */
export function formatData(text: string, name: string): string {
  const file = name.slice(name.lastIndexOf('/') + 1)
  if (name.includes('models/')) return formatModels(text, name)
  return file === 'features.txt' ? formatFeatures(text, name) : formatPlain(text)
}
