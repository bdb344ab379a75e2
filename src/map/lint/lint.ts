import { formatted, onePlaceEach, sourcesCited, titlesTell } from './features.ts'
import type { Finding } from './lint-finding.ts'
import { closedUnderDeps, inFileOrder, noNoOps, releasedStay, smallestDelta } from './models.ts'
import type { LintSubject } from './subject.ts'

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
