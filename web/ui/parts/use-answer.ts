import { createContext } from 'preact'
import { useContext, useEffect, useState } from 'preact/hooks'
import type { PageAnswer, PageQuestion, PageQuestions } from '../../shared/protocol.ts'
import type { Client } from './client.ts'

/** The worker, the version of its state, and the answers for this version so far. */
interface AnswerSource {
  readonly client: Client
  readonly version: number
  readonly known: Map<string, unknown>
}

export const AnswerContext = createContext<AnswerSource | undefined>(undefined)

/**
 * The worker's answer. While the worker computes a new one, the previous one stays, so that the layout is stable.
 * @throws the worker's error, which the view's error card shows
 */
export function useAnswer<Q extends PageQuestion>(
  question: Q,
  ...input: Parameters<PageQuestions[Q]>
): PageAnswer<Q> | undefined {
  const { client, known } = useAnswerSource()
  const key = JSON.stringify([question, input])
  const [answer, setAnswer] = useState<PageAnswer<Q> | undefined>(
    () => known.get(key) as PageAnswer<Q> | undefined,
  )
  const [error, setError] = useState<{ readonly key: string; readonly error: Error }>()
  useEffect(() => {
    let wanted = true
    const show = (answer: PageAnswer<Q>) => {
      known.set(key, answer)
      if (wanted) setAnswer(() => answer)
    }
    if (known.has(key)) show(known.get(key) as PageAnswer<Q>)
    else client.ask(question, ...input).then(show, error => wanted && setError({ key, error }))
    return () => {
      wanted = false
    }
  }, [client, known, key])
  if (error?.key === key) throw error.error
  return answer
}

/** The worker, for actions. */
export const useClient = (): Client => useAnswerSource().client

function useAnswerSource(): AnswerSource {
  const source = useContext(AnswerContext)
  if (!source) throw new RangeError('outside of the page')
  return source
}
