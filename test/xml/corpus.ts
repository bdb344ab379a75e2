import { readdirSync, readFileSync } from 'node:fs'

/** Our own small documents, good and bad, by name. */
export function xmlCorpus(): Map<string, string> {
  const folder = new URL('../corpus/xml/', import.meta.url)
  const names = readdirSync(folder).filter(name => name.endsWith('.xml'))
  return new Map(names.sort().map(name => [name.slice(0, -4), readFileSync(new URL(name, folder), 'utf8')]))
}
