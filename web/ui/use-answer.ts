import { createContext } from 'preact'
import { useContext, useEffect, useState } from 'preact/hooks'
import type { Question, Questions } from '../shared/protocol.ts'
import type { Client } from './client.ts'

type Answer<Q extends Question> = Awaited<ReturnType<Questions[Q]>>

/** The worker and the state that its answers are about. */
export const Asking = createContext<{ readonly client: Client; readonly version: number } | undefined>(
  undefined,
)

/** What the worker answers; while it works, the answer before, so that nothing jumps. */
export function useAnswer<Q extends Question>(
  question: Q,
  ...given: Parameters<Questions[Q]>
): Answer<Q> | undefined {
  const asking = useContext(Asking)
  const [answer, setAnswer] = useState<Answer<Q>>()
  const { client, version } = asking ?? {}
  useEffect(() => {
    let wanted = true
    void client?.ask(question, ...given).then(answer => {
      if (wanted) setAnswer(() => answer)
    })
    return () => {
      wanted = false
    }
  }, [client, version, question, JSON.stringify(given)])
  return answer
}

/** The worker, for deeds. */
export function useClient(): Client {
  const asking = useContext(Asking)
  if (!asking) throw new RangeError('outside of the page')
  return asking.client
}
