import * as v from 'valibot'

const text = v.string('must be text')
const name = v.optional(text)
const names = v.optional(v.array(v.string('must be a name'), 'must be a list of names'))
const flag = v.optional(v.boolean('must be true or false'))

const document = v.strictObject({ path: text, text }, 'must be {path, text}')

/** A fleet: documents by path, whose first folder is a pool, and what a fleet file says (docs/fleet-file.md). */
const fleet = {
  documents: v.array(document, 'must be a list of {path, text}'),
  fleet: v.optional(v.record(v.string(), v.unknown(), 'must be an object')),
}

export const whatIf = v.strictObject({
  ...fleet,
  remove: names,
  replace: v.optional(
    v.array(v.strictObject({ host: text, text }, 'must be {host, text}'), 'must be a list'),
  ),
  add: v.optional(
    v.array(v.strictObject({ pool: name, path: text, text }, 'must be {pool, path, text}'), 'must be a list'),
  ),
  drop: names,
  apply: names,
})

export const migrate = v.pipe(
  v.strictObject({ ...fleet, across: flag, from: name, guest: name, to: name }),
  v.check(
    ({ from, guest, to }) =>
      to === undefined ? !from && !guest : (from === undefined) !== (guest === undefined),
    'to goes with either from or guest, and these with to',
  ),
)

export const drain = v.strictObject({
  ...fleet,
  hosts: names,
  apply: names,
  room: v.optional(
    v.pipe(v.number('must be a number'), v.integer('must be whole'), v.minValue(0, 'must not be negative')),
  ),
})

export const drift = v.strictObject({
  before: v.strictObject(fleet, 'must be a fleet: {documents, fleet}'),
  after: v.strictObject(fleet, 'must be a fleet: {documents, fleet}'),
  by: v.optional(v.picklist(['path', 'uuid'], 'must be "path" or "uuid"')),
})

export const check = v.strictObject(fleet)

export const explain = v.pipe(
  v.strictObject({
    ...fleet,
    pool: name,
    feature: name,
    cost: flag,
  }),
  v.check(({ feature, cost }) => feature === undefined || !cost, 'give either feature or cost'),
)

export const plan = v.strictObject({
  ...fleet,
  k: v.optional(
    v.pipe(
      v.number('must be a whole number from 1'),
      v.integer('must be a whole number from 1'),
      v.minValue(1, 'must be a whole number from 1'),
      v.maxValue(1000, 'must be 1000 at most'),
    ),
  ),
})
