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
