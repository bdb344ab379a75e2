import type { FeatureSet } from '../../../core/feature-set.ts'
import { globs, nearest } from '../../../core/text.ts'
import type { Ignored, KeptCpu } from '../../../fleet/fleet.ts'
import type { Requirement } from '../../../fleet/requirements/requirement.ts'
import { dialectsOf } from '../../../formats/dialects.ts'
import type { Level } from '../../../map/levels.ts'
import type { ClassWeights } from '../../../map/weights.ts'
import type { Context } from '../../context.ts'
import { fleetFile, type GuestEntry, type HostEntry } from './file-schema.ts'
import { baseOf } from './members.ts'

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
export const plainPattern = (pattern: string): string => pattern.replace(/^(?:\.\/)+/, '').replace(/\/+$/, '')

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
