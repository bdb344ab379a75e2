import { readdirSync, readFileSync } from 'node:fs'

/** Our own dumps: one CPU in every layout. */
export function dumpCorpus(): Map<string, string> {
  const folder = new URL('../corpus/dumps/', import.meta.url)
  const names = readdirSync(folder).filter(name => name.endsWith('.txt'))
  return new Map(names.sort().map(name => [name.slice(0, -4), readFileSync(new URL(name, folder), 'utf8')]))
}
