import * as v from 'valibot'
import type { Decision, HostChange, Inventory } from '../inventory/inventory.ts'
import type { StoredFleet } from '../inventory/stored-fleet.ts'
import { checkInput, parseRequest } from '../questions/ask.ts'
import { described, names, text, whole } from '../questions/schema.ts'
import { RequestRefused } from './answer.ts'
import { Past, pastJson } from './inventory-hosts.ts'
import {
  AfterId,
  type Asked,
  answerOf,
  HostId,
  type InventoryRoute,
  moment,
  NO_QUERY,
  number,
  PoolLabel,
  route,
  sendJson,
  sendLines,
  time,
  Why,
} from './inventory-routes.ts'

const DecisionMade = v.strictObject({
  number: whole('Later ones have a higher number.'),
  cpu: described(v.nullable(v.string()), 'The definition; null: nothing is pinned from now on.'),
  before: described(v.nullable(v.string()), 'What was pinned before.'),
  by: text('Whose token it was decided with.'),
  why: Why,
  at: moment('When.'),
})

const decisionJson = ({ number, cpu, before, by, why, at }: Decision) => ({
  ...{ number, cpu: cpu ?? null, before: before ?? null },
  ...{ by, why, at },
})

const Pinned = described(
  v.nullable(DecisionMade),
  'What guests of the pool get, and who decided it; null: nobody did.',
)

const POOL = {
  pool: PoolLabel,
  hosts: whole('How many hosts it has.'),
  cpus: whole('How many distinct CPUs they have.'),
  pinned: Pinned,
}

const Baseline = v.strictObject({
  arch: text('The architecture.'),
  hosts: POOL.hosts,
  cpus: POOL.cpus,
  vendors: names('Who made the CPUs.'),
  physBits: described(v.nullable(v.number()), 'The smallest width of addresses; null: nobody tells.'),
  present: names('Features that every host is recorded to have.'),
  assumed: names('Features that every host has, as far as can be assumed.'),
  absent: names('Features that some host is recorded to lack.'),
  unknown: whole('Of how many features nothing is known.'),
  offered: names('Features that guests which move are given.'),
  hazards: names('Features that some host has, where it is worse to have them.'),
  lost: names('Features that some hosts have, or may have, and guests that move are not given.'),
})

const CPU = '<cpu match="exact"><model>Skylake-Server-IBRS</model></cpu>'

const EXAMPLE_DECISION = {
  ...{ number: 3, cpu: CPU, before: null, by: 'ada', why: 'the oldest host is a Skylake' },
  at: '2026-11-30T12:00:00.000Z',
}

const EXAMPLE_POOL = { pool: 'intel', hosts: 40, cpus: 3, pinned: EXAMPLE_DECISION }

async function poolOf({ c, inventory, id }: Asked) {
  const [pools, baselines, decisions] = await Promise.all([
    inventory.pools(),
    inventory.poolBaselines(id),
    inventory.decisions(id),
  ])
  const found = pools.find(({ pool }) => pool === id)
  if (!found && decisions.length === 0)
    throw new RequestRefused('not-found', `the inventory has no pool '${id}'`)
  const { hosts = 0, cpus = 0, pinned } = found ?? {}
  return sendJson(c, {
    ...{ pool: id, hosts, cpus, pinned: pinned ? decisionJson(pinned) : null },
    baselines: baselines.map(({ pool, physBits, arch, hosts, cpus, vendors, ...features }) => ({
      ...{ arch, hosts, cpus, vendors, physBits: physBits ?? null },
      ...features,
    })),
    decisions: decisions.map(decisionJson),
  })
}

const PinInput = v.strictObject({
  cpu: described(
    v.nullable(v.pipe(v.string('must be text or null'), v.maxLength(65_536))),
    'A definition, as a guest has it; null: nothing is pinned.',
  ),
  why: Why,
})

/** As much as a definition may have. */
const SMALL_BODY = 128 * 2 ** 10

async function pin({ c, inventory, id, read }: Asked) {
  const body = await read(c, SMALL_BODY)
  const said = new TextDecoder().decode(body.bytes)
  body.release()
  const { cpu, why } = checkInput(PinInput, parseRequest(said), { name: 'pin' })
  const decision = await inventory.pin(id, cpu ?? undefined, c.get('who').name, why)
  c.set('detail', { why, number: decision.number })
  return sendJson(c, { pool: id, ...decisionJson(decision) })
}

const changeJson = ({ id, before, after, lost, gained, reporter }: HostChange) => ({
  id,
  before: before ? pastJson(before) : null,
  after: after ? pastJson(after) : null,
  ...{ lost, gained, reporter: reporter ?? null },
})

const ChangesQuery = v.strictObject({
  from: time('From when on.'),
  to: v.optional(time('Until when; absent: now.')),
  pool: v.optional(PoolLabel),
  after: v.optional(AfterId),
  limit: v.optional(number('At most so many; 1000 by default.', 1, 10_000)),
})

async function changes({ c, inventory, query }: Asked<v.InferOutput<typeof ChangesQuery>>) {
  const page = await inventory.changes(query)
  return sendJson(c, { changes: page.changes.map(changeJson), next: page.next ?? null })
}

const listPools = async (inventory: Inventory) =>
  (await inventory.pools()).map(({ pool, hosts, cpus, pinned }) => ({
    ...{ pool, hosts, cpus, pinned: pinned ? decisionJson(pinned) : null },
  }))

/** The routes about pools, and what changed in them. */
export const POOL_ROUTES: readonly InventoryRoute[] = [
  route({
    ...{ method: 'get', path: '/v1/pools', operation: 'list-pools', role: 'read' },
    summary: 'List the pools',
    query: NO_QUERY,
    answers: {
      200: {
        description: 'in the order of their labels; the empty one has the hosts of no pool',
        schema: answerOf({ pools: v.array(v.strictObject(POOL)) }),
        example: { schema: 2, pools: [EXAMPLE_POOL] },
      },
    },
    handle: async ({ c, inventory }) => sendJson(c, { pools: await listPools(inventory) }),
  }),
  route({
    ...{ method: 'get', path: '/v1/pools/{name}', operation: 'pool', role: 'read' },
    summary: 'Show what a pool has in common, what is pinned, and who decided it',
    query: NO_QUERY,
    answers: {
      200: {
        description: 'the pool, with a baseline of each architecture',
        schema: answerOf({
          ...POOL,
          baselines: v.array(Baseline),
          decisions: described(v.array(DecisionMade), 'Newest first.'),
        }),
        example: { schema: 2, ...EXAMPLE_POOL, baselines: [], decisions: [EXAMPLE_DECISION] },
      },
    },
    handle: poolOf,
  }),
  route({
    ...{ method: 'put', path: '/v1/pools/{name}/pinned', operation: 'pin', role: 'plan' },
    summary: 'Decide which CPU the guests of a pool get',
    description: 'Nothing else changes a pinned CPU; the decision is recorded with who made it and why.',
    query: NO_QUERY,
    body: {
      description: 'The definition, and why.',
      schema: PinInput,
      example: { cpu: CPU, why: EXAMPLE_DECISION.why },
    },
    answers: {
      200: {
        description: 'the decision',
        schema: answerOf({ pool: PoolLabel, ...DecisionMade.entries }),
        example: { schema: 2, pool: 'intel', ...EXAMPLE_DECISION },
      },
    },
    handle: pin,
  }),
  route({
    ...{ method: 'get', path: '/v1/changes', operation: 'changes', role: 'read' },
    summary: 'Compare what hosts were at two times',
    description: 'A change that was taken back in between is none.',
    query: ChangesQuery,
    answers: {
      200: {
        description: 'the hosts that differ, in the order of their ids',
        schema: answerOf({
          changes: v.array(
            v.strictObject({
              id: HostId,
              before: described(v.nullable(Past), 'Null: it was not there.'),
              after: described(v.nullable(Past), 'Null: it is not there any more.'),
              lost: names('Features that guests could count on, and cannot any more.'),
              gained: names('The other way round.'),
              reporter: described(v.nullable(v.string()), 'Whose token it was reported with last.'),
            }),
          ),
          next: described(
            v.nullable(v.string()),
            'What `after` takes for those that follow; null: none does.',
          ),
        }),
        example: { schema: 2, changes: [], next: null },
      },
    },
    handle: changes,
  }),
]

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
