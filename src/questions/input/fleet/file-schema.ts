import * as v from 'valibot'
import { nearest } from '../../../core/text.ts'

/** A mapping with these keys alone; its messages say what would be right. */
const mapping = <T extends v.ObjectEntries>(entries: T) =>
  v.strictObject(entries, ({ expected, received, input }) => {
    if (expected !== 'never') return received === 'undefined' ? 'is missing' : 'must be a mapping'
    const [near] = nearest(Object.keys(entries), String(input), 1)
    return near
      ? `no such key; did you mean ${near}?`
      : `no such key; there are ${Object.keys(entries).join(', ')}`
  })

const text = v.pipe(v.string('must be text'), v.nonEmpty('must not be empty'))
const whole = (least: number, most = Number.MAX_SAFE_INTEGER) => {
  const words = `must be a whole number from ${least}${most < Number.MAX_SAFE_INTEGER ? ` to ${most}` : ''}`
  return v.pipe(v.number(words), v.integer(words), v.minValue(least, words), v.maxValue(most, words))
}
const flag = v.boolean('must be true or false')

/** One text, or a list of them. */
const texts = v.lazy(value => (Array.isArray(value) ? v.array(text) : text))

const facts = {
  'phys-bits': v.optional(whole(32, 64)),
  'tsc-hz': v.optional(whole(1)),
  'xsave-size': v.optional(whole(1)),
  'line-size': v.optional(whole(1)),
  cpus: v.optional(whole(1)),
  microcode: v.optional(whole(0, 0xffff_ffff)),
  kernel: v.optional(text),
  hypervisor: v.optional(text),
  libvirt: v.optional(text),
  uuid: v.optional(text),
  vulnerabilities: v.optional(v.record(text, text, 'must be a status by name')),
  mitigations: v.optional(text),
}

const hostEntry = mapping({
  files: texts,
  name: v.optional(text),
  pool: v.optional(text),
  weight: v.optional(whole(0, 1_000_000_000)),
  ...facts,
})

const guestEntry = mapping({ files: texts, host: v.optional(text), pool: v.optional(text) })

/** An entry, or only the files of one. */
const entries = <T extends typeof hostEntry | typeof guestEntry>(entry: T) =>
  v.array(
    v.lazy(value => (typeof value === 'string' ? text : entry)),
    'must be a list',
  )

const level = v.pipe(
  v.string('must be a level such as x86-64-v3'),
  v.regex(/^(?:x86-64-)?v[1-9]$/, 'must be a level such as x86-64-v3'),
)

/** Classes of features, as `weights.txt` has them. */
const byClass = v.strictObject(
  {
    security: v.exactOptional(whole(0, 999_999)),
    performance: v.exactOptional(whole(0, 999_999)),
    virtualization: v.exactOptional(whole(0, 999_999)),
    nested: v.exactOptional(whole(0, 999_999)),
    platform: v.exactOptional(whole(0, 999_999)),
    volatile: v.exactOptional(whole(0, 999_999)),
    unknown: v.exactOptional(whole(0, 999_999)),
  },
  'must be whole numbers by class: security, performance, virtualization, nested, platform, volatile, unknown',
)

const constraints = mapping({
  pools: v.optional(whole(1, 1000)),
  vendors: v.optional(v.picklist(['separate', 'together'], 'must be separate or together')),
  level: v.optional(level),
  'must-have': v.optional(texts),
  smallest: v.optional(whole(1)),
  pin: v.optional(v.record(text, texts, 'must be host names by label')),
})

const requirement = mapping({
  name: v.optional(text),
  pools: v.optional(texts),
  level: v.optional(level),
  'must-have': v.optional(texts),
  'must-not': v.optional(texts),
  model: v.optional(text),
  vendor: v.optional(text),
  microcode: v.optional(v.record(text, whole(0, 0xffff_ffff), 'must be revisions by signature')),
  lost: v.optional(byClass),
  hosts: v.optional(whole(1)),
  'phys-bits': v.optional(whole(32, 64)),
  'same-microcode': v.optional(flag),
  alike: v.optional(flag),
  'not-vulnerable': v.optional(flag),
  movable: v.optional(flag),
  safe: v.optional(flag),
  os: v.optional(texts),
})

const day = v.pipe(text, v.isoDate('must be a day such as 2027-01-31'))

/** A finding of `audit` that is known; a reason and a last day are part of it. */
const ignored = mapping({ id: text, of: v.optional(texts), reason: text, until: day })

/** The content of a fleet file (docs/fleet-file.md). What its names mean is looked up by `readRules`. */
export const fleetFile = mapping({
  hosts: v.optional(entries(hostEntry)),
  guests: v.optional(entries(guestEntry)),
  pools: v.optional(v.record(text, texts, 'must be host names by label')),
  weights: v.optional(
    mapping({
      hosts: v.optional(v.picklist(['one', 'cpus'], 'must be one or cpus')),
      classes: v.optional(byClass),
    }),
  ),
  constraints: v.optional(constraints),
  requirements: v.optional(v.array(requirement, 'must be a list')),
  ignore: v.optional(v.array(ignored, 'must be a list')),
  sites: v.optional(v.record(text, text, 'must be where pools are, by their label')),
  'kept-cpus': v.optional(
    v.record(v.string(), text, 'must be CPUs, each a text, by the label of their pool'),
  ),
})

export type FleetFile = v.InferOutput<typeof fleetFile>
export type HostEntry = v.InferOutput<typeof hostEntry>
export type GuestEntry = v.InferOutput<typeof guestEntry>
