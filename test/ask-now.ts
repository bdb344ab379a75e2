import { answerWith } from '../src/questions/ask.ts'
import { type Context, contextOf } from '../src/questions/context.ts'
import { loadQuestions } from '../src/questions/table.ts'

const questions = new Map((await loadQuestions()).map(question => [question.name, question]))

/** What `answerVerb` answers, at once: the questions are loaded already. @throws what the question throws */
export function askNow(
  request: Readonly<Record<string, unknown>>,
  context: Context = contextOf(),
): Record<string, unknown> {
  const question = questions.get(String(request.verb))
  if (!question) throw new Error(`no question '${request.verb}'`)
  return answerWith(context, question, request)
}
