// The program of a process that answers a server's requests, one after another.
import { openCpuMap } from '../host/files/cpu-map.ts'
import { answerRequest, type Sources } from '../http/answer.ts'
import { CpuMap } from '../map/cpu-map.ts'
import type { WorkerData, WorkerReply, WorkerRequest } from './worker-pool.ts'

/** Answers what the process is sent. */
export async function answerMessages(): Promise<void> {
  const { own, named, largest, signs } = JSON.parse(process.argv[2] ?? '') as WorkerData
  const sources: Sources = {
    own: own === undefined ? CpuMap.builtIn() : openCpuMap(own),
    named: new Map(named.map(([name, folder]) => [name, openCpuMap(folder)])),
    largest,
    signs,
  }
  // Ctrl-C goes to the whole group: the server ends its workers, after what is under way.
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => {})
  process.on('message', async ({ verb, body }: WorkerRequest) => {
    process.send?.(await heard(sources, verb, body))
  })
}

async function heard(sources: Sources, verb: string, body: Uint8Array): Promise<WorkerReply> {
  try {
    return await answerRequest(sources, verb, body)
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error))
    return { fault: { name, message } }
  }
}
