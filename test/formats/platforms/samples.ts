import { readdirSync, readFileSync } from 'node:fs'
import { DIALECTS, readText } from '../../../src/formats/dialects.ts'
import type { FoundGuest, Statement } from '../../../src/formats/found.ts'
import { resolveWords } from '../../../src/map/vocabulary.ts'
import { builtin } from '../../built-in.ts'

const folder = new URL('../../corpus/platforms/', import.meta.url)

/** What platforms print, of our own making, by file name. */
export const sampleNames = (): string[] => readdirSync(folder).filter(name => name !== 'README.md')

export const sample = (name: string): string => readFileSync(new URL(name, folder), 'utf8')

/** The dialects that accept a text. */
export const sniffed = (text: string): string[] =>
  DIALECTS.filter(dialect => dialect.sniff(text)).map(({ name }) => name)

export const statementsIn = (text: string): Statement[] =>
  readText(text).flatMap(found => (found.kind === 'statement' ? found : []))

export const guestsIn = (text: string): FoundGuest[] =>
  readText(text).flatMap(found => (found.kind === 'guest' ? found : []))

/** The words of a statement that name no feature of ours. */
export const unknownIn = ({ vocabulary, present, absent = [] }: Statement): readonly string[] =>
  resolveWords(builtin(), vocabulary, [...present, ...absent]).unknown

/** A guest on one line: `custom Haswell +aes -hle`. */
export const shownGuest = ({ cpu }: FoundGuest): string =>
  [cpu.mode, cpu.model, ...cpu.features.map(({ name, policy }) => `${policy} ${name}`)]
    .filter(Boolean)
    .join(' ')

/** A section of a host's report: what was printed, the exit status, and what went wrong. */
export type SampleSection = readonly [name: string, text: string, status?: number, errors?: readonly string[]]

/** A host's report, as virt-cpu-collect.sh prints it. */
export function reportOf(name: string, sections: readonly SampleSection[]): string {
  const host: SampleSection = ['host', `name: ${name}\nkernel: 6.8.0-45-generic\narch: x86_64`]
  const all = [host, ...sections].map(([section, text, status = 0, errors = []]) => {
    const lines = text.replace(/\n$/, '').split('\n')
    const said = [...lines.map(line => `|${line}`), ...errors.map(line => `!${line}`)]
    return [`[${section}]`, ...said, `[/${section}] ${status}`].join('\n')
  })
  return `[virt-cpu-collect] 1\n${all.join('\n')}\n[end] ${all.length}\n`
}
