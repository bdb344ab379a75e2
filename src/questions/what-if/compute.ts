import { nearest } from '../../core/text.ts'
import {
  compareGuests,
  comparePools,
  type GuestDelta,
  isPoolChanged,
  type PoolDelta,
  type PoolState,
} from '../../fleet/change/delta.ts'
import { changeFleet, type FleetChange, parseFeatureEffect } from '../../fleet/change/what-if.ts'
import type { FleetHost } from '../../fleet/host.ts'
import { catalogue, printProduct } from '../../formats/catalogue.ts'
import { CpuMap } from '../../map/cpu-map.ts'
import { builtinEffects, type Effect } from '../../map/effects.ts'
import { builtinGenerations } from '../../map/generations.ts'
import { builtinLevels, levelOf } from '../../map/levels.ts'
import type { HostVersions } from '../../map/upgrades.ts'
import type { Context } from '../context.ts'
import { BadRequest } from '../context.ts'
import { HostTable } from '../explain/reasons.ts'
import { offersOf } from '../input/fleet/host-evidence.ts'
import { hostNamed, hostsNamed } from '../input/fleet/named.ts'
import { type FleetView, viewOf } from '../input/fleet/view.ts'
import { obstacleAnswers } from '../migrate/describe.ts'
import { poolCpuOf } from '../pools/choice.ts'
import { keptCpusOf } from '../pools/compute.ts'
import { reasonOf } from '../words/note.ts'
import type {
  ChangeDone,
  DeltaAnswer,
  EffectAnswer,
  GuestDeltaAnswer,
  PoolDeltaAnswer,
  PoolSummary,
  ProductAnswer,
  WhatIfAnswer,
} from './answer.ts'
import {
  type FoundPreflight,
  machinesWanted,
  preflightAnswer,
  upgradeHosts,
  type WantedUpgrades,
} from './preflight.ts'

/** What the changes would do to pools and guests. */
export function whatIfAnswer(
  context: Context,
  before: FleetView,
  changes: readonly FleetChange[],
  upgrades: WantedUpgrades = {},
): WhatIfAnswer {
  const { hosts, touched } = changeFleet(before.db, before.fleet.hosts, changes, offersOf(context))
  const changed = viewOf(context, { ...before.fleet, hosts })
  const done = changes.map(
    (change, i): FoundChange => ({
      kind: change.kind,
      ...(change.kind === 'move' ? { title: change.pool } : {}),
      ...('effect' in change ? { effect: change.effect.name, title: change.effect.title } : {}),
      hosts: hostsCalled(touched[i]),
    }),
  )
  const isUpgraded = Object.values(upgrades).some(list => list !== undefined)
  const kept = keptCpusOf(before)
  if (!isUpgraded) return { ...namedOnce(done), ...deltaAnswer(before, changed), ...kept }
  const upgraded = upgradeHosts(changed, upgrades)
  const machines = machinesWanted(changed, upgrades)
  const after = viewOf(context, { ...before.fleet, hosts: upgraded.hosts })
  const all = [
    ...done,
    ...upgraded.done.map(
      (one): FoundChange => ({
        kind: 'upgrade',
        title: sayVersions(one.versions),
        hosts: hostsCalled(one.hosts),
      }),
    ),
    ...[...new Set(machines.values())].map((title): FoundChange => ({ kind: 'machine', title, hosts: [] })),
  ]
  return {
    ...namedOnce(all, preflightAnswer(changed, after, machines)),
    ...deltaAnswer(before, after),
    ...kept,
  }
}

/** A change before its hosts are referred to by their places. */
interface FoundChange extends Omit<ChangeDone, 'inGroups'> {
  readonly hosts: readonly { readonly name: string }[]
}

const hostsCalled = (names: readonly string[] = []) => names.map(name => ({ name }))

/** The changes, and what upgrades mean, with their hosts by their places. */
function namedOnce(
  changes: readonly FoundChange[],
  preflight?: FoundPreflight,
): Pick<WhatIfAnswer, 'groups' | 'changes' | 'preflight'> {
  const steps = preflight?.steps ?? []
  const table = new HostTable([...changes, ...steps].map(({ hosts }) => hosts))
  const placed = <T extends { readonly hosts: readonly { readonly name: string }[] }>({
    hosts,
    ...one
  }: T) => ({
    ...one,
    inGroups: table.placesOf([hosts]),
  })
  return {
    groups: table.groups,
    changes: changes.map(placed),
    ...(preflight ? { preflight: { ...preflight, steps: steps.map(placed) } } : {}),
  }
}

/** `qemu 11.1, libvirt 12.8` */
const sayVersions = (versions: HostVersions): string =>
  Object.entries(versions)
    .map(([tool, version]) => `${tool} ${version}`)
    .join(', ')

/** The effects that have a name. */
export const effects = ({ db }: Context): EffectAnswer[] =>
  builtinEffects(db).map(({ name, kind, title, gives, takes }) => ({
    effect: name,
    kind,
    title,
    gives: db.features.in(gives).map(feature => feature.name),
    takes: db.features.in(takes).map(feature => feature.name),
  }))

/** The products of the catalogue, in its order. */
export function products(): ProductAnswer[] {
  const db = CpuMap.builtIn().of('x86')
  const levels = builtinLevels(db.features)
  const known = new Set(db.features.list)
  return catalogue().map(({ name, brand, vendor, signature, features, sources }) => {
    const generation = builtinGenerations(db).find(vendor.name, signature)
    const level = levelOf(levels, db.features.setOf(features.filter(feature => known.has(feature))))
    return {
      product: name,
      brand,
      vendor: vendor.name,
      signature,
      generation: generation?.title ?? null,
      since: generation?.since ?? null,
      level: level?.name ?? null,
      sources,
    }
  })
}

/** A product's dump as text. @throws BadRequest for a name that the catalogue has not */
export function productText(name: string): string {
  const all = catalogue()
  const product = all.find(one => one.name.toLowerCase() === name.toLowerCase())
  if (product) return printProduct(product)
  const [near] = nearest(
    all.map(one => one.name),
    name,
    1,
  )
  const like = near === undefined ? '' : ` did you mean ${near}?`
  throw new BadRequest(`unknown product '${name}';${like} --products lists what there is`)
}

/** The effect of that name, or of those features: `+md-clear,-hle`. @throws BadRequest that says what there is */
export function effectNamed({ db }: Context, name: string): Effect {
  const all = builtinEffects(db)
  const found = all.find(effect => effect.name === name) ?? parseFeatureEffect(db, name)
  if (found) return found
  const names = all.map(effect => effect.name)
  if (!/^[+-]/.test(name)) {
    const near = nearest(names, name, 1).map(one => `did you mean ${one}? `)
    throw new BadRequest(
      `no effect is called ${name}; ${near.join('')}--effects lists what there is; or give features: +md-clear,-hle`,
    )
  }
  const wrong = name.split(',').find(word => !parseFeatureEffect(db, word)) ?? ''
  const known = db.features.list.map(feature => feature.name)
  const near = nearest(known, wrong.slice(1), 1).map(one => `; did you mean ${one}?`)
  throw new BadRequest(`'${wrong}' is not + or - and the name of a feature${near.join('')}`)
}

/** Changes as they are asked for; made in this order. */
export interface WantedChanges {
  /** Names of hosts; `*` stands for any characters. */
  readonly remove?: readonly string[] | undefined
  readonly replace?: readonly { readonly host: string; readonly by: FleetHost }[] | undefined
  readonly add?: readonly { readonly pool?: string | undefined; readonly host: FleetHost }[] | undefined
  /** Names of hosts and the label of the pool that they go to. */
  readonly move?: readonly { readonly hosts: readonly string[]; readonly pool: string }[] | undefined
  /** `EFFECT` or `EFFECT@HOST` */
  readonly drop?: readonly string[] | undefined
  readonly apply?: readonly string[] | undefined
}

/** The changes, with their names looked up. @throws BadRequest for a name that means nothing */
export function changesOf(
  context: Context,
  hosts: readonly FleetHost[],
  { remove = [], replace = [], add = [], move = [], drop = [], apply = [] }: WantedChanges,
): FleetChange[] {
  const taken = new Set(hosts.map(({ name }) => name))
  const effect = (kind: 'apply' | 'drop', text: string) => effectChange(context, hosts, kind, text)
  return [
    ...remove.flatMap(pattern => hostsNamed(hosts, pattern)).map(name => ({ kind: 'remove', name }) as const),
    ...replace.map(({ host, by }) => ({ kind: 'replace', name: hostNamed(hosts, host).name, by }) as const),
    ...add.map(
      ({ pool, host }) =>
        ({ kind: 'add', host: { ...host, name: freeName(taken, host.name), pool } }) as const,
    ),
    ...move.map(({ hosts: names, pool }) => ({ kind: 'move', hosts: new Set(names), pool }) as const),
    ...drop.map(text => effect('drop', text)),
    ...apply.map(text => effect('apply', text)),
  ]
}

function effectChange(
  context: Context,
  hosts: readonly FleetHost[],
  kind: 'apply' | 'drop',
  text: string,
): FleetChange {
  const at = text.indexOf('@')
  if (at < 0) return { kind, effect: effectNamed(context, text) }
  const only = new Set(hostsNamed(hosts, text.slice(at + 1)))
  return { kind, effect: effectNamed(context, text.slice(0, at)), hosts: only }
}

/** A host of a name that is taken is another one all the same. */
function freeName(taken: Set<string>, name: string): string {
  let free = name
  for (let n = 2; taken.has(free); n++) free = `${name} (${n})`
  taken.add(free)
  return free
}

/** What the change from one fleet to the other does to pools and guests; guests are those of `before`. */
export function deltaAnswer(before: FleetView, after: FleetView): DeltaAnswer {
  const { valuation, levels, db, fleet } = before
  const pools = comparePools(valuation, levels, fleet.hosts, after.fleet.hosts)
  const guests = compareGuests(db.features, fleet.guests, fleet.hosts, after.fleet.hosts)
  return {
    pools: pools.filter(isPoolChanged).map(delta => poolAnswer(before, delta)),
    guests: guests.map(delta => guestAnswer(after, delta)),
  }
}

function poolAnswer(
  view: FleetView,
  { label, before, after, gained, lost, unknown }: PoolDelta,
): PoolDeltaAnswer {
  const { db } = view
  const state = (of: PoolState | undefined): PoolSummary | null => {
    if (!of) return null
    const { hosts, weight, level, value, pool } = of
    const { features, definition, kept } = poolCpuOf(view, pool.groups, undefined, label)
    return {
      hostCount: hosts,
      weight,
      featureCount: db.features.count(features),
      level: (kept ? levelOf(view.levels, features) : level)?.name ?? null,
      model: definition?.model ?? null,
      value,
    }
  }
  return {
    pool: label,
    before: state(before),
    after: state(after),
    gained: db.features.in(gained).map(reasonOf),
    lost: db.features.in(lost).map(reasonOf),
    unknown: db.features.in(unknown).map(reasonOf),
  }
}

function guestAnswer(after: FleetView, delta: GuestDelta): GuestDeltaAnswer {
  const { guest, own, before, after: left, stuck, freed, why, kept } = delta
  const group = kept && after.groupOf.get(kept.name)
  return {
    guest: guest.name,
    host: guest.host ?? null,
    own,
    othersBefore: before,
    othersAfter: left,
    stuck,
    freed,
    obstacles: group ? obstacleAnswers(after, group, why) : [],
  }
}
