import { readdirSync, readFileSync } from 'node:fs'
import { readText } from '../../src/formats/dialects.ts'
import type { DistinctDump } from '../../src/formats/found.ts'

/** Our own dumps: one CPU in every layout. */
export function dumpCorpus(): Map<string, string> {
  const folder = new URL('../corpus/dumps/', import.meta.url)
  const names = readdirSync(folder).filter(name => name.endsWith('.txt'))
  return new Map(names.sort().map(name => [name.slice(0, -4), readFileSync(new URL(name, folder), 'utf8')]))
}

/** What tools tell of one machine of ours. */
export function machineCorpus(): string[] {
  const folder = new URL('../corpus/machine/', import.meta.url)
  const names = readdirSync(folder).filter(name => /\.(txt|json)$/.test(name))
  return names.sort().map(name => readFileSync(new URL(name, folder), 'utf8'))
}

/** The distinct logical CPUs of x86 machines in a text. */
export const dumpsOf = (text: string, source = ''): readonly DistinctDump[] =>
  readText(text, source).flatMap(found => (found.kind === 'dump' ? found.dumps : []))
