import { globs } from '../core/text.ts'
import type { Constraints } from '../fleet/plan/items.ts'
import { featuresNamed, levelNamed } from '../questions/input/fleet/named.ts'
import type { FleetView } from '../questions/input/fleet/view.ts'
import type { PoolsOptions } from '../questions/pools/compute.ts'
import { DEFAULT_MOST } from '../questions/pools/plan-options.ts'
import type { Arguments } from './arguments.ts'
import { CommandError, UsageError } from './spec.ts'

/** What pools that are planned must keep to; each wins over the fleet file's constraint of that name. */
export const PLAN = [
  { name: 'k', value: 'number', help: 'at most so many pools (default: the fleet file’s, else 8)' },
  {
    name: 'level',
    value: 'level',
    help: 'every pool reaches it: x86-64-v2, v3, …',
    words: ['v1', 'v2', 'v3', 'v4'],
  },
  { name: 'must-have', value: 'features', help: 'every pool has these, separated by commas' },
  { name: 'smallest', value: 'number', help: 'every pool has so many hosts: N+1' },
  {
    name: 'vendors',
    value: 'how',
    words: ['separate', 'together'],
    help: 'whether hosts of several vendors may share a pool (default: separate)',
  },
  { name: 'pin', value: 'label=host,…', help: 'these hosts share a pool; several pins separated by blanks' },
] as const

/** @throws UsageError, CommandError for a name that means nothing */
export function planOptions(args: Arguments, { context, fleet, groups }: FleetView): PoolsOptions {
  const { constraints } = fleet
  const level = args.get('level')
  const wanted = args.get('must-have')
  const refuse = (what: string) => new CommandError([what])
  const needs = level === undefined ? undefined : levelNamed(context, level, refuse).needs
  const features = wanted === undefined ? undefined : featuresNamed(context, wanted.split(','), refuse)
  const mustHave = needs && features ? needs.join(features) : (needs ?? features ?? constraints.mustHave)
  const most = count(args, 'k') ?? fleet.mostPools ?? DEFAULT_MOST
  return {
    most: Math.min(
      most,
      Math.max(
        1,
        groups.reduce((sum, { hosts }) => sum + hosts.length, 0),
      ),
    ),
    constraints: {
      mustHave,
      vendors: vendorsOf(args) ?? constraints.vendors,
      smallest: count(args, 'smallest') ?? constraints.smallest,
      pins:
        pinsOf(
          args,
          fleet.hosts.map(({ name }) => name),
        ) ?? constraints.pins,
    },
  }
}

function count(args: Arguments, name: string): number | undefined {
  const given = args.get(name)
  if (given === undefined) return undefined
  const number = Number(given)
  if (/^\d+$/.test(given) && number >= 1 && number <= 1000) return number
  throw new UsageError(`--${name} takes a whole number from 1 to 1000, not '${given}'`)
}

function vendorsOf(args: Arguments): Constraints['vendors'] {
  const how = args.get('vendors')
  if (how === undefined || how === 'separate' || how === 'together') return how
  throw new UsageError(`--vendors takes separate or together, not '${how}'`)
}

function pinsOf(args: Arguments, names: readonly string[]): ReadonlyMap<string, string> | undefined {
  const given = args.get('pin')
  if (given === undefined) return undefined
  const pins = new Map<string, string>()
  for (const pin of given.split(/\s+/).filter(Boolean)) {
    const [, label = '', patterns = ''] = /^([^=]+)=(.+)$/.exec(pin) ?? []
    if (label === '') throw new UsageError(`--pin takes LABEL=HOST,…, not '${pin}'`)
    for (const pattern of patterns.split(',')) {
      const found = names.filter(name => globs(pattern, name))
      if (found.length === 0) throw new CommandError([`no host is called ${pattern}`])
      for (const name of found) pins.set(name, label)
    }
  }
  return pins
}
