import { bytewise } from '../../src/core/text.ts'
import type { Context } from '../../src/questions/context.ts'
import { isFleetFile } from '../../src/questions/input/fleet/rules.ts'
import { describeNote } from '../../src/questions/words/describe.ts'
import type { FileProblem } from '../shared/displays.ts'
import { assemble } from './assemble.ts'
import { type Documents, messageOf, type PageDocument } from './documents.ts'
import { applyEdits, type PageFile, type Snapshot } from './history.ts'

/** Takes how many of the files are done, and lets other messages come in. @throws Error to stop */
export type Progress = (done: number, of: number) => Promise<void> | void

/** How many files are read between two reports. */
const STEP = 500

/** A path with its text, or with the error of reading the file. */
export type Text = readonly [path: string, text: string | Error]

/**
 * Adds texts to a snapshot. Content decides: the same text under a known path is passed over, another text is another
 * file, and its path gets a number. What is passed over, renumbered or bad becomes a problem.
 */
export class TextAdder {
  readonly #context: Context
  readonly #documents: Documents
  readonly #progress: Progress

  constructor(context: Context, documents: Documents, progress: Progress) {
    this.#context = context
    this.#documents = documents
    this.#progress = progress
  }

  /** @throws what the progress throws: nothing is added then */
  async add(snapshot: Snapshot, texts: readonly Text[]): Promise<Snapshot> {
    const files = new Map(snapshot.files.map(file => [file.path, file as PageFile]))
    const problems: FileProblem[] = []
    let { fleetFile } = snapshot
    for (const [i, [path, text]] of texts.entries()) {
      if (i % STEP === STEP - 1) await this.#progress(i + 1, texts.length)
      if (typeof text === 'string' && isFleetFile(path, text)) {
        fleetFile = chooseFleetFile(fleetFile, { path, text }, problems)
        continue
      }
      const document = this.#read(path, text, problems)
      if (!document) continue
      const own = findPath(files, path, document)
      if (own !== path || files.has(own)) problems.push(describeClash(path, own))
      files.set(own, { path: own, document })
    }
    const sorted = [...files.values()].sort((a, b) => bytewise(a.path, b.path))
    const found = assemble(this.#context, sorted, fleetFile)
    await this.#progress(texts.length, texts.length)
    const added = new Set(texts.map(([path]) => path))
    const edits = {
      read: found.fleet,
      poolByHost: snapshot.poolByHost,
      locked: snapshot.locked,
      smallest: snapshot.smallest,
      sites: snapshot.sites,
      removed: new Set([...snapshot.removed].filter(path => !added.has(path.replace(/#\d+$/, '')))),
    }
    return {
      ...edits,
      files: found.files,
      fleetFile,
      fleet: applyEdits(edits),
      problems: [...problems, ...found.problems],
      second: snapshot.second,
    }
  }

  /** Reads a text before it is added. */
  prepare(path: string, text: Text[1]): void {
    if (typeof text === 'string' && !isFleetFile(path, text)) this.#read(path, text, [])
  }

  #read(path: string, text: string | Error, problems: FileProblem[]): PageDocument | undefined {
    try {
      if (text instanceof Error) throw text
      const document = this.#documents.read(text, path)
      const { members, definitions, error, unsupported, notes } = document
      if (error) problems.push({ source: path, text: error, kind: unsupported ? 'note' : 'error' })
      for (const note of notes) problems.push({ source: path, text: note, kind: 'note' })
      if (members.length + definitions.length > 0) return document
      problems.push({ source: path, text: describeNote({ kind: 'file-without-cpu' }), kind: 'note' })
    } catch (error) {
      problems.push({ source: path, text: messageOf(error), kind: 'error' })
    }
    return undefined
  }
}

/** One fleet file applies: a new one of the same path, or else the one called `fleet.yaml`. */
function chooseFleetFile(
  old: Snapshot['fleetFile'],
  added: NonNullable<Snapshot['fleetFile']>,
  problems: FileProblem[],
): Snapshot['fleetFile'] {
  if (!old || old.path === added.path) return added
  const [used, other] = /(?:^|\/)fleet\.ya?ml$/.test(old.path) ? [old, added] : [added, old]
  const text = `${other.path} is ignored: ${used.path} is already the fleet file`
  problems.push({ source: other.path, text, kind: 'error' })
  return used
}

/** The path of a document: its own, unless another document has it; then the first free `host (2).xml`. */
function findPath(files: ReadonlyMap<string, PageFile>, path: string, { hash }: PageDocument): string {
  const [, stem = path, end = ''] = /^(.*?)(\.[A-Za-z0-9]{1,5})?$/s.exec(path) ?? []
  let found = path
  for (let n = 2; (files.get(found)?.document.hash ?? hash) !== hash; n++) found = `${stem} (${n})${end}`
  return found
}

const describeClash = (path: string, own: string): FileProblem => ({
  source: path,
  text:
    own === path
      ? 'skipped: a file with this name and content is already here'
      : `another file has this name: this one is called ${own}`,
  kind: 'note',
})
