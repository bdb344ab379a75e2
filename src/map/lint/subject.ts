import { type Database, type DatabaseTexts, loadDatabase } from '../database.ts'
import { type DataFile, type DataStatement, faultAt, faultIn } from '../text/data-file.ts'
import { inWalkOrder, type ModelFamily, parseWalk, type Version } from '../text/family.ts'
import { parseFeatureRows, type WordRow } from '../text/parse-features.ts'
import type { ModelsFile } from '../text/parse-models.ts'
import { parseModels } from '../text/parse-models.ts'

/** What the laws look at: the texts, and what was read from them. */
export interface LintSubject {
  readonly texts: DatabaseTexts
  readonly db: Database
  readonly features: DataFile
  readonly words: readonly WordRow[]
  readonly files: readonly ModelsFile[]
  /** `docs/sources.md`. */
  readonly sources: string
  /** `test/expected/released.txt`: a line a model that may not change any more. */
  readonly released: string
}

/** @throws ParseError where the texts are not even readable */
export function lintSubject(texts: DatabaseTexts, sources: string, released: string): LintSubject {
  const features = { name: 'features.txt', text: texts.features }
  const files = Object.entries(texts.models).map(([name, text]) => parseModels(text, name))
  return {
    texts,
    db: loadDatabase(texts),
    features,
    words: parseFeatureRows(features),
    files: inWalkOrder(files, parseWalk(texts.walk, 'walk.txt')),
    sources,
    released,
  }
}

/** Every version of every family, in the order of the files. */
export function versionsOf(db: Database): { family: ModelFamily; version: Version }[] {
  return db.families.flatMap(family => family.versions.map(version => ({ family, version })))
}

/** Where the data breaks one of its laws, and how. */
export interface LintFinding {
  readonly file: string
  /** 1-based; 0: the file as a whole. */
  readonly line: number
  readonly message: string
}

/** A finding at `token` of a statement. */
export function findingIn(at: DataStatement, message: string, token = ''): LintFinding {
  return { file: at.file.name, line: faultIn(at, message, token).line, message }
}

/** A finding at `offset` of a file. */
export function findingAt(file: DataFile, offset: number, message: string): LintFinding {
  return { file: file.name, line: faultAt(file, offset, message).line, message }
}

/** `models/intel.txt:12: message` */
export const printFinding = ({ file, line, message }: LintFinding): string => `${file}:${line}: ${message}`
