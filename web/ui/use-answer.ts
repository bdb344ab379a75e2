import { createContext } from 'preact'
import { useContext, useEffect, useState } from 'preact/hooks'
import type { Question, Questions } from '../shared/protocol.ts'
import type { Answer, Client } from './client.ts'

/** The worker, the state that its answers are about, and the answers about it so far. */
export interface Asking {
  readonly client: Client
  readonly version: number
  readonly known: Map<string, unknown>
}

export const Asking = createContext<Asking | undefined>(undefined)

/** What the worker answers; while it works, the answer before, so that nothing jumps. */
export function useAnswer<Q extends Question>(
  question: Q,
  ...given: Parameters<Questions[Q]>
): Answer<Q> | undefined {
  const { client, known } = useAsking()
  const key = JSON.stringify([question, given])
  const [answer, setAnswer] = useState<Answer<Q> | undefined>(() => known.get(key) as Answer<Q> | undefined)
  useEffect(() => {
    let wanted = true
    const show = (answer: Answer<Q>) => {
      known.set(key, answer)
      if (wanted) setAnswer(() => answer)
    }
    if (known.has(key)) show(known.get(key) as Answer<Q>)
    else void client.ask(question, ...given).then(show)
    return () => {
      wanted = false
    }
  }, [client, known, key])
  return answer
}

/** The worker, for deeds. */
export const useClient = (): Client => useAsking().client

function useAsking(): Asking {
  const asking = useContext(Asking)
  if (!asking) throw new RangeError('outside of the page')
  return asking
}
