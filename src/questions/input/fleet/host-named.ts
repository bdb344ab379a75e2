import { globs, isGlob } from '../../../core/glob.ts'
import { nearest } from '../../../core/text.ts'
import type { FleetHost } from '../../../fleet/host.ts'
import { BadRequest } from '../../bad-request.ts'

/** The host of that name, or the only one whose name ends in `/NAME`, with or without an ending. @throws BadRequest */
export function hostNamed(hosts: readonly FleetHost[], name: string): FleetHost {
  const exact = hosts.find(host => host.name === name)
  if (exact) return exact
  const [only, ...more] = hosts.filter(host => lastWord(host.name) === lastWord(name))
  if (only && more.length === 0) return only
  const near = nearest(
    hosts.map(host => host.name),
    name,
    1,
  )
  const hint =
    more.length > 0 ? `; several end so: ${only?.name}, …` : near[0] ? `; did you mean ${near[0]}?` : ''
  throw new BadRequest(`no host is called ${name}${hint}`)
}

/** The names of the hosts that a pattern fits, or the one host that a name means. @throws BadRequest for none */
export function hostsNamed(hosts: readonly FleetHost[], pattern: string): string[] {
  if (!isGlob(pattern)) return [hostNamed(hosts, pattern).name]
  const found = hosts.filter(({ name }) => globs(pattern, name)).map(({ name }) => name)
  if (found.length === 0) throw new BadRequest(`no host is called ${pattern}`)
  return found
}

const lastWord = (name: string): string => name.slice(name.lastIndexOf('/') + 1).replace(/\.[a-z0-9]+$/i, '')
