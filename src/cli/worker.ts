// The program of a thread that answers a server's requests, one after another.
import { parentPort, workerData } from 'node:worker_threads'
import { loadYaml, mayHoldYaml } from '../formats/yaml.ts'
import { openCpuMap } from '../host/files/cpu-map.ts'
import { answerRequest } from '../http/answer.ts'
import { CpuMap } from '../map/cpu-map.ts'
import type { MapFolders, WorkerReply, WorkerRequest } from './worker-pool.ts'

const { own, named } = workerData as MapFolders
const sources = {
  own: own === undefined ? CpuMap.builtIn() : openCpuMap(own),
  named: new Map(named.map(([name, folder]) => [name, openCpuMap(folder)])),
}

parentPort?.on('message', async ({ verb, body }: WorkerRequest) =>
  parentPort?.postMessage(await heard(verb, new TextDecoder().decode(body))),
)

async function heard(verb: string, text: string): Promise<WorkerReply> {
  try {
    if (mayHoldYaml(text)) await loadYaml()
    return await answerRequest(sources, verb, text)
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error))
    return { fault: { name, message } }
  }
}
