import type { Finding } from './finding.ts'
import { formatted, onePlaceEach, sourcesCited, titlesTell } from './lint-features.ts'
import { closedUnderDeps, inFileOrder, noNoOps, releasedStay, smallestDelta } from './lint-models.ts'
import type { LintSubject } from './lint-subject.ts'

/** The laws of the data, in the order of `data/README.md`. */
export const LAWS: Readonly<Record<string, (subject: LintSubject) => Finding[]>> = {
  noNoOps,
  inFileOrder,
  closedUnderDeps,
  smallestDelta,
  releasedStay,
  onePlaceEach,
  sourcesCited,
  titlesTell,
  formatted,
}

/** Everything that breaks a law; the data may be committed when there is nothing. */
export const lint = (subject: LintSubject): Finding[] => Object.values(LAWS).flatMap(law => law(subject))
