import * as v from 'valibot'
import { described, whole } from '../questions/schema.ts'
import {
  type Asked,
  answerOf,
  type InventoryRoute,
  moment,
  number,
  PoolLabel,
  route,
  sendJson,
  time,
} from './inventory-routes.ts'

/** As many bytes are read ahead of a client. */
const AHEAD = 2 ** 16

/** The hosts as plain data, read as fast as the client does. */
async function sendFleet({ inventory, query }: Asked<v.InferOutput<typeof FleetQuery>>) {
  const { hosts, parts } = await inventory.storedFleet(query)
  const lines = parts[Symbol.asyncIterator]()
  const encoder = new TextEncoder()
  const stream = new ReadableStream<Uint8Array>(
    {
      start: controller => controller.enqueue(encoder.encode(`${JSON.stringify({ hosts })}\n`)),
      async pull(controller) {
        const { done, value } = await lines.next()
        if (done) controller.close()
        else controller.enqueue(encoder.encode(`${value}\n`))
      },
      async cancel() {
        await lines.return?.()
      },
    },
    { highWaterMark: AHEAD, size: bytes => bytes?.length ?? 0 },
  )
  return new Response(stream, { headers: { 'content-type': 'application/x-ndjson' } })
}

const FleetQuery = v.strictObject({
  pool: v.optional(PoolLabel),
  time: v.optional(time('As they were then; absent: now.')),
})

const TimelineQuery = v.strictObject({
  pool: v.optional(PoolLabel),
  parts: v.optional(number('How many parts the time has; 200 by default.', 1, 1000)),
})

/** What the page needs of the inventory beside its hosts, pools and changes. */
export const PAGE_ROUTES: readonly InventoryRoute[] = [
  route({
    ...{ method: 'get', path: '/v1/fleet', operation: 'fleet', role: 'read' },
    summary: 'Return all hosts as plain data, as the page opens them',
    description:
      'A line of JSON says how many there are, others have hosts in groups of the same pool and the same CPU, texts of those CPUs, or pinned CPUs. Meant for the page of the same version.',
    query: FleetQuery,
    answers: { 200: { description: 'the lines', type: 'application/x-ndjson' } },
    handle: sendFleet,
  }),
  route({
    ...{ method: 'get', path: '/v1/timeline', operation: 'timeline', role: 'read' },
    summary: 'Count how many hosts changed when, from the first report to now',
    query: TimelineQuery,
    answers: {
      200: {
        description: 'equal parts of the time in which hosts came, changed or went',
        schema: answerOf({
          from: described(v.nullable(v.string()), 'The first report; null: there is none.'),
          to: moment('Now, by the database’s clock.'),
          changes: v.array(
            v.strictObject({ at: moment('The middle of the part.'), hosts: whole('How many hosts.') }),
          ),
        }),
        example: { schema: 2, from: null, to: '2026-11-30T12:00:00.000Z', changes: [] },
      },
    },
    async handle({ c, inventory, query: { pool, parts = 200 } }) {
      const { from, to, changes } = await inventory.timeline({ pool, parts })
      return sendJson(c, { from: from ?? null, to, changes })
    },
  }),
]
