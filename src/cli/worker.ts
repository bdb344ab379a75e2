// The program of a process that answers a server's requests, one after another.
import { on } from 'node:events'
import { openCpuMap } from '../host/files/cpu-map.ts'
import { answerRequest, RequestRefused, type Sources } from '../http/answer.ts'
import type { FleetSource } from '../http/inventory-fleet.ts'
import { CpuMap } from '../map/cpu-map.ts'
import { contextOf } from '../questions/context.ts'
import { answerHostText, HOST_TEXT } from './host-texts.ts'
import type { FleetReply, WorkerData, WorkerReply, WorkerRequest } from './worker-pool.ts'

/** Answers what the process is sent. */
export async function answerMessages(): Promise<void> {
  const { own, named, largest, signs, hasFleets, folders } = JSON.parse(process.argv[2] ?? '') as WorkerData
  const sources: Sources = {
    own: own === undefined ? CpuMap.builtIn() : openCpuMap(own),
    named: new Map(named.map(([name, folder]) => [name, openCpuMap(folder)])),
    largest,
    signs,
    fleets: hasFleets ? askForHosts : undefined,
    ...(folders && {
      resolve: async (...asked) => (await import('./tool-files.ts')).filesIn(folders)(...asked),
    }),
    onProgress: progress => process.send?.({ progress } satisfies WorkerReply),
  }
  // Ctrl-C goes to the whole group: the server ends its workers, after what is under way.
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => {})
  process.on('message', async (message: WorkerRequest | FleetReply) => {
    if ('verb' in message) await reply(await heard(sources, message.verb, message.body))
  })
}

/** Bytes of an answer that are sent at once: a large message keeps the server from all else. */
const PIECE = 2 ** 18

async function reply(said: WorkerReply): Promise<void> {
  if (!('body' in said)) {
    process.send?.(said)
    return
  }
  const { status, body } = said
  let at = 0
  for (; body.length - at > PIECE; at += PIECE) {
    const piece = body.slice(at, at + PIECE)
    await new Promise(sent => process.send?.({ piece } satisfies WorkerReply, sent))
  }
  process.send?.({ status, body: body.slice(at) } satisfies WorkerReply)
}

/** Asks the server for hosts of its inventory. */
const askForHosts: FleetSource = async needs => {
  const replies = on(process, 'message')
  process.send?.({ needs } satisfies WorkerReply)
  try {
    const first = await nextOf(replies)
    if ('hosts' in first) return { hosts: first.hosts, parts: partsIn(replies) }
    throw new RangeError('the server sends parts of no fleet')
  } catch (error) {
    await replies.return?.()
    throw error
  }
}

/** @throws RequestRefused */
async function nextOf(replies: AsyncIterator<unknown>): Promise<FleetReply> {
  const { value } = await replies.next()
  const [reply] = value as [FleetReply]
  if ('refused' in reply) throw new RequestRefused(reply.refused.kind, reply.refused.message)
  return reply
}

async function* partsIn(replies: AsyncIterableIterator<unknown>): AsyncGenerator<string> {
  try {
    for (let reply = await nextOf(replies); 'part' in reply; reply = await nextOf(replies)) yield reply.part
  } finally {
    await replies.return?.()
  }
}

async function heard(sources: Sources, verb: string, body: Uint8Array): Promise<WorkerReply> {
  try {
    if (verb === HOST_TEXT) return await answerHostText(contextOf(sources.own), body)
    return await answerRequest(sources, verb, body)
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error))
    return { fault: { name, message } }
  }
}
