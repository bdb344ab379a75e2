import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Mutant } from './mutants.ts'

// What the command and the process that runs tests tell each other, in files of a folder.

export interface Plan {
  /** The mutants; a mutant's number is its place here plus 1. */
  readonly mutants: readonly Mutant[]
  /** The test files, in the order in which they run. */
  readonly tests: readonly string[]
}

/** What became known. A mutant is killed by a test, or by a run without end. */
export type Event =
  | { readonly killed: number; readonly by: string; readonly endless?: true }
  | { readonly file: string; readonly seconds: number; readonly reached: readonly number[] }
  | { readonly unfit: string; readonly why: string }

/** Two campaigns at a time have two folders. */
export const FOLDER = process.env.MUTATION_FOLDER ?? '.cache/mutation'
const path = (name: string): string => join(FOLDER, name)

export const writePlan = (plan: Plan): void => {
  mkdirSync(FOLDER, { recursive: true })
  writeFileSync(path('plan.json'), JSON.stringify(plan))
}

export const readPlan = (): Plan => JSON.parse(readFileSync(path('plan.json'), 'utf8'))

export const tell = (event: Event): void => appendFileSync(path('events.jsonl'), `${JSON.stringify(event)}\n`)

export const forgetEvents = (): void => writeFileSync(path('events.jsonl'), '')

export function readEvents(): Event[] {
  if (!existsSync(path('events.jsonl'))) return []
  return readFileSync(path('events.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .filter(Boolean)
    .map(line => JSON.parse(line))
}
