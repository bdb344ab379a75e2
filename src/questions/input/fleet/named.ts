import type { Feature } from '../../../core/feature.ts'
import type { FeatureSet } from '../../../core/feature-set.ts'
import type { Model } from '../../../core/model.ts'
import { didYouMean, fewNames, globs, isGlob, nearest } from '../../../core/text.ts'
import type { FleetGuest } from '../../../fleet/guest.ts'
import type { FleetHost } from '../../../fleet/host.ts'
import type { Level } from '../../../map/levels.ts'
import { featuresSpelled } from '../../../map/vocabulary.ts'
import type { Context } from '../../context.ts'
import { BadRequest } from '../../context.ts'
import { baseOf, hostStemOf } from './members.ts'

/** Makes the error for a name that means nothing; the text says what would be right. */
type Refuse = (what: string) => Error

/** The level of that name; of x86-64 with or without `x86-64-`. @throws what `refuse` makes */
export function levelNamed({ cpus: { levels }, arch }: Context, name: string, refuse: Refuse): Level {
  const level = levels.find(one => one.name === name || one.name === `x86-64-${name}`)
  if (level) return level
  const known = levels.map(one => one.name).join(', ')
  throw refuse(`no level is called ${name}; ${known ? `there are ${known}` : `${arch} has none`}`)
}

/** The features of these names. @throws what `refuse` makes, with the name's place in the list */
export const featuresNamed = (
  context: Context,
  names: readonly string[],
  refuse: (what: string, index: number) => Error,
): FeatureSet =>
  context.db.features.setOf(names.map((name, i) => featureNamed(context, name, what => refuse(what, i))))

/**
 * The feature of that name: libvirt's, or any tool's where it means one feature.
 * @throws what `refuse` makes
 */
export function featureNamed({ db }: Context, name: string, refuse: Refuse): Feature {
  const own = db.features.get(name)
  if (own) return own
  const known = featuresSpelled(db, name).flatMap(feature => db.features.get(feature.name) ?? [])
  const [only, ...more] = known
  if (only && more.length === 0) return only
  if (only) throw refuse(`${name} means several features: ${known.map(one => one.name).join(', ')}`)
  const all = db.features.list.map(feature => feature.name)
  throw refuse(`no feature is called ${name}${didYouMean(all, name)}`)
}

/** The CPU model of that name. @throws what `refuse` makes */
export function modelNamed({ db }: Context, name: string, refuse: Refuse): Model {
  const model = db.model(name)
  if (model) return model
  const names = db.models.map(one => one.name)
  throw refuse(`no model is called ${name}${didYouMean(names, name)}`)
}

/** The vendor of that name, as libvirt has it: `Intel`. @throws what `refuse` makes */
export function vendorNamed({ db }: Context, name: string, refuse: Refuse): string {
  const vendor = db.vendors.find(one => one.name === name || one.id === name)
  if (vendor) return vendor.name
  throw refuse(`no vendor is called ${name}; there are ${db.vendors.map(one => one.name).join(', ')}`)
}

/** The guest of that name or UUID. @throws BadRequest where there is none */
export function guestNamed(guests: readonly FleetGuest[], name: string): FleetGuest {
  const guest = guests.find(one => one.name === name || one.uuid === name)
  if (guest) return guest
  const names = guests.map(one => one.name)
  const [near] = nearest(names, name, 1)
  const none = names.length === 0 ? '; the fleet has no guests' : ''
  throw new BadRequest(`no guest is called ${name}${near ? `; did you mean ${near}?` : none}`)
}

/**
 * The host of that name, of that UUID, that its document calls so, or the only one whose name ends in `/NAME`, with or
 * without an ending. @throws BadRequest
 */
export function hostNamed(hosts: readonly FleetHost[], name: string): FleetHost {
  const word = lastWord(name)
  const ways: readonly ((host: FleetHost) => boolean)[] = [
    host => host.name === name,
    ({ uuid }) => uuid !== undefined && uuid.toLowerCase() === name.toLowerCase(),
    ({ called }) => called === name,
    host => lastWord(host.name) === word,
    host => shortOf(host.called ?? baseOf(host.name)) === shortOf(name),
  ]
  const found = ways.map(isMeant => hosts.filter(isMeant)).find(({ length }) => length > 0) ?? []
  const [only, ...more] = found
  if (only && more.length === 0) return only
  const names = hosts.flatMap(host => [host.name, lastWord(host.name), host.called ?? []].flat())
  const hint =
    more.length > 0
      ? `; several are meant: ${fewNames(found.map(host => host.name))}`
      : didYouMean(names, name)
  throw new BadRequest(
    `no host is called ${name}${hint || `; there are ${fewNames(hosts.map(host => host.name))}`}`,
  )
}

/** The names of the hosts that a pattern fits, or the one host that a name means. @throws BadRequest for none */
export function hostsNamed(hosts: readonly FleetHost[], pattern: string): string[] {
  if (!isGlob(pattern)) return [hostNamed(hosts, pattern).name]
  const found = hosts.filter(({ name }) => globs(pattern, name)).map(({ name }) => name)
  if (found.length === 0) throw new BadRequest(`no host is called ${pattern}`)
  return found
}

/** `n1` of `blue/n1.domcaps.xml`. */
const lastWord = (name: string): string => baseOf(hostStemOf(name)).replace(/\.[a-z0-9]+$/i, '')

/** Without the domain. */
const shortOf = (name: string): string => name.replace(/\..*/, '')
