import * as v from 'valibot'
import type { FeatureSet } from '../../../core/feature-set.ts'
import { globs, nearest } from '../../../core/text.ts'
import type { Ignored, KeptCpu } from '../../../fleet/fleet.ts'
import type { Requirement } from '../../../fleet/requirements/requirement.ts'
import { dialectsOf } from '../../../formats/dialects.ts'
import type { Level } from '../../../map/levels.ts'
import type { ClassWeights } from '../../../map/weights.ts'
import type { Context } from '../../context.ts'
import { baseOf } from './members.ts'

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

const TIME = 'must be a day such as 2026-11-30, or a time with its zone such as 2026-11-30T12:30Z'

/** When something was; a day is its beginning in UTC. */
export const timeText = v.pipe(
  v.string(TIME),
  v.regex(/^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:\d\d))?$/, TIME),
  v.check(given => !Number.isNaN(Date.parse(given)), TIME),
)

const PERIOD = 'must be minutes, hours or days, such as 90m, 12h or 2d'
const period = v.pipe(v.string(PERIOD), v.regex(/^[1-9]\d{0,4}[mhd]$/, PERIOD))

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
  reported: v.optional(timeText),
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
  'reported-within': v.optional(period),
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

/** What the pool without a label is called in a fleet file. */
export const UNLABELLED = 'fleet'

/** Where something stands in a fleet file: keys and numbers from the top. */
export type FilePath = readonly (string | number)[]

/** Makes the error for a fault of what the path leads to: the value there, or the key that it has. */
export type RuleFault = (path: FilePath, what: string, of?: 'value' | 'key') => Error

/** Files of a fleet, and what the fleet file says of all of them. */
export interface Rule<T> {
  readonly patterns: readonly string[]
  readonly says: Omit<T, 'files'>
  readonly path: FilePath
}

/** What a fleet file demands of hosts, with its names looked up among those of an architecture. */
export interface Demands {
  readonly level: Level | undefined
  readonly mustHave: FeatureSet | undefined
  readonly requirements: readonly Requirement[]
  /** By the label of their pool. */
  readonly kept: ReadonlyMap<string, KeptCpu>
}

/** What a fleet file says. */
export interface Rules {
  /** Absent: every file is part of the fleet, and folders are pools. */
  readonly hosts: readonly Rule<HostEntry>[] | undefined
  readonly guests: readonly Rule<GuestEntry>[]
  /** Host names by label. */
  readonly pools: ReadonlyMap<string, readonly string[]>
  readonly pins: ReadonlyMap<string, readonly string[]>
  /** Labels of the pools that have a kept CPU. */
  readonly keptPools: readonly string[]
  /** Where pools are, by their label. */
  readonly sites: ReadonlyMap<string, string>
  /** Whether hosts without a weight of their own weigh as much as they have logical CPUs. */
  readonly weighCpus: boolean
  readonly weights: ClassWeights | undefined
  readonly mostPools: number | undefined
  readonly vendors: 'separate' | 'together' | undefined
  readonly smallest: number | undefined
  readonly ignore: readonly Ignored[]
  /**
   * What must hold in the fleet of each of these architectures, in their order. What names a feature, level, model or
   * vendor of only some of them is about those.
   * @throws what `fault` makes for a name that none of them has
   */
  readonly policies: (contexts: readonly Context[]) => Demands[]
  readonly fault: RuleFault
}

/**
 * Whether a YAML file is a fleet file: by its name, or by its keys where no dialect reads it. A key that is nearly one
 * counts, so that it is told as the mistake that it is. The YAML reader should be loaded, for what dialects read of YAML.
 */
export function isFleetFile(path: string, text: string): boolean {
  if (!/\.ya?ml$/i.test(path)) return false
  if (baseOf(path) === 'fleet.yaml') return true
  if (dialectsOf(text).some(([, dialect]) => dialect)) return false
  const keys = [...text.matchAll(/^["']?([\w-]+)["']?:/gm)].map(([, key = '']) => key)
  return keys.length === 0 || keys.some(key => nearest(Object.keys(fleetFile.entries), key, 1).length > 0)
}

/** Whether the rule is about the file at `path`: some pattern is its, or names a folder that it lies in. */
export const appliesTo = ({ patterns }: Rule<unknown>, path: string): boolean =>
  patterns.some(pattern => {
    const plain = plainPattern(pattern)
    return plain === '.' || globs(plain, path) || globs(`${plain}/**`, path)
  })

/** Without `./` in front and `/` behind. */
export const plainPattern = (pattern: string): string =>
  pattern.replace(/^(?:\.\/)+/, '').replace(/(?<!\/)\/+$/, '')

/**
 * Which of the files below its folder a fleet file speaks of: those that its entries name, or all.
 * @throws what the rules' `fault` makes for a pattern that no file fits
 */
export function pathsOfRules({ hosts, guests, fault }: Rules, paths: readonly string[]): readonly string[] {
  if (!hosts) return paths
  const found = new Set<string>()
  for (const { patterns, path: at } of [...hosts, ...guests]) {
    patterns.forEach((pattern, i) => {
      const fitting = paths.filter(path => appliesTo({ patterns: [pattern], says: {}, path: at }, path))
      if (fitting.length === 0) throw fault([...at, 'files', i], `no file is called ${pattern}`)
      for (const path of fitting) found.add(path)
    })
  }
  return paths.filter(path => found.has(path))
}
