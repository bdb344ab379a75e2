import { documentOf } from '../../src/questions/document.ts'
import { explainQuestion } from '../../src/questions/explain/question.ts'
import { inputOfFleet } from '../../src/questions/input/fleet/open-fleet.ts'
import type { FleetView } from '../../src/questions/input/fleet/view.ts'
import { migrateQuestion } from '../../src/questions/migrate/question.ts'
import { poolsQuestion } from '../../src/questions/pools/question.ts'
import type { AnyQuestion } from '../../src/questions/question.ts'
import type { AnswerDocument } from '../../src/questions/table.ts'
import type { FleetQuestion, FleetQuestionInput } from '../shared/protocol.ts'

const FLEET_QUESTIONS: Readonly<Record<FleetQuestion, AnyQuestion>> = {
  explain: explainQuestion,
  pools: poolsQuestion,
  migrate: migrateQuestion,
}

/** Answers a question about a fleet that was already read. @throws BadRequest, LibvirtError, ParseError */
export function askAboutFleet<Q extends FleetQuestion>(
  view: FleetView,
  question: Q,
  input: FleetQuestionInput<Q>,
): AnswerDocument<Q> {
  const request = { ...inputOfFleet({ view, notes: [] }), ...input }
  const outcome = FLEET_QUESTIONS[question].run(view.context, request as never, { explain: false })
  return documentOf(outcome) as AnswerDocument<Q>
}
