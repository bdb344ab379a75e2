import * as v from 'valibot'
import type { StoredFleet } from '../inventory/stored-fleet.ts'
import { described, whole } from '../questions/schema.ts'
import {
  answerOf,
  type InventoryRoute,
  moment,
  number,
  PoolLabel,
  route,
  sendJson,
  sendLines,
  time,
} from './inventory-routes.ts'

/** The hosts as plain data: how many there are, and then they. */
async function* fleetLines({ hosts, parts }: StoredFleet): AsyncGenerator<string> {
  yield JSON.stringify({ hosts })
  yield* parts
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
    handle: async ({ inventory, query }) => sendLines(fleetLines(await inventory.storedFleet(query))),
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
