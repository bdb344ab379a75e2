import type { FeatureSet } from '../../core/feature-set.ts'
import { groupBy } from '../../core/text.ts'
import {
  FlightPlan,
  type GuestFlight,
  hostVersions,
  type Judgement,
  modelsBetween,
  toolOf,
  upgradeHost,
} from '../../fleet/change/upgrade.ts'
import { groupHosts } from '../../fleet/groups.ts'
import { groupGuestsByPool } from '../../fleet/guest.ts'
import type { FleetHost } from '../../fleet/host.ts'
import { compareVersions, versionOf } from '../../map/kvm-rules.ts'
import { builtinReleases } from '../../map/releases.ts'
import { builtinUpgradeFacts, type HostVersions, hasReached, type UpgradeFact } from '../../map/upgrades.ts'
import { BadRequest } from '../context.ts'
import { otherHypervisor, versionedOffersOf } from '../input/fleet/host-evidence.ts'
import { guestNamed, hostsNamed } from '../input/fleet/named.ts'
import type { FleetView } from '../input/fleet/view.ts'
import { ObstacleList } from '../migrate/describe.ts'
import { reasonOf } from '../words/note.ts'
import type { GuestPreflight, JudgementAnswer, PreflightAnswer, UpgradeStep } from './answer.ts'

/** Upgrades as they are asked for. */
export interface WantedUpgrades {
  /** `qemu=11.1,libvirt=12.8`, or of some hosts or pools: `qemu=11.1@HOST,POOL`. */
  readonly upgrade?: readonly string[] | undefined
  /** `6.18` or `6.18@HOST,…` */
  readonly kernel?: readonly string[] | undefined
  /** `pc-q35-11.1` or `pc-q35-11.1@GUEST,…` */
  readonly machine?: readonly string[] | undefined
}

/** Hosts after upgrades, and what was done. */
export interface UpgradedFleet {
  readonly hosts: readonly FleetHost[]
  readonly done: readonly { readonly versions: HostVersions; readonly hosts: readonly string[] }[]
}

/** Upgrades hosts, one after the other. @throws BadRequest for a version or a name that means nothing */
export function upgradeHosts(view: FleetView, { upgrade = [], kernel = [] }: WantedUpgrades): UpgradedFleet {
  const offerOf = versionedOffersOf(view.context)
  const wanted = [...upgrade.map(text => splitTargets(text, parseVersions)), ...kernel.map(parseKernel)]
  const context = { db: view.db, arch: view.context.arch }
  let { hosts } = view.fleet
  const done = wanted.map(({ what: versions, at }) => {
    const only = at && new Set(at.flatMap(word => hostsOrPool(hosts, word)))
    const touched: string[] = []
    hosts = hosts.map(host => {
      if (only?.has(host.name) === false || otherHypervisor(host.hypervisor)) return host
      const next = upgradeHost(context, host, versions, offerOf)
      if (next !== host) touched.push(host.name)
      return next
    })
    return { versions, hosts: touched }
  })
  return { hosts, done }
}

interface Targeted<T> {
  readonly what: T
  /** Absent: all. */
  readonly at?: readonly string[]
}

function splitTargets<T>(text: string, parse: (what: string) => T): Targeted<T> {
  const at = text.indexOf('@')
  if (at < 0) return { what: parse(text) }
  const names = text.slice(at + 1).split(',')
  if (names.includes('')) throw new BadRequest(`a name is missing behind @ in '${text}'`)
  return { what: parse(text.slice(0, at)), at: names }
}

function parseVersions(text: string): HostVersions {
  const entries = text.split(',').map(part => {
    const [, tool, version] = /^(qemu|libvirt|kernel)=(\d+\.\d+(?:\.\d+)?)$/.exec(part) ?? []
    if (tool && version) return [tool, version]
    throw new BadRequest(
      `upgrade: '${part}' is not qemu=VERSION, libvirt=VERSION or kernel=VERSION, as in qemu=11.1,libvirt=12.8@HOST`,
    )
  })
  const versions: HostVersions = Object.fromEntries(entries)
  const [oldest] = builtinReleases().lookedAt('qemu')
  if (versions.qemu !== undefined && oldest !== undefined && compareVersions(versions.qemu, oldest) < 0)
    throw new BadRequest(
      `upgrade: QEMU ${versions.qemu} is older than ${oldest}, the oldest that is recorded`,
    )
  return versions
}

const parseKernel = (text: string): Targeted<HostVersions> =>
  splitTargets(text, kernel => {
    if (versionOf(kernel) === undefined || !/^\d/.test(kernel))
      throw new BadRequest(
        `kernel: '${kernel}' is no version such as 6.18, or a release such as 6.18.2-1-pve`,
      )
    return { kernel }
  })

/** A host's name, a pool's label, or a pattern of hosts. */
function hostsOrPool(hosts: readonly FleetHost[], word: string): string[] {
  const inPool = hosts.filter(({ pool }) => pool === word)
  if (inPool.length > 0 && !hosts.some(({ name }) => name === word)) return inPool.map(({ name }) => name)
  return hostsNamed(hosts, word)
}

/** The machine types that guests are to be given, by their names. @throws BadRequest */
export function machinesWanted({ fleet }: FleetView, { machine = [] }: WantedUpgrades): Map<string, string> {
  const wanted = machine.map(text =>
    splitTargets(text, what => {
      if (/^[\w.+-]+$/.test(what)) return what
      throw new BadRequest(`machine: '${what}' is no machine type such as pc-q35-11.1`)
    }),
  )
  return new Map(
    wanted.flatMap(({ what, at }) => {
      const guests = at?.map(name => guestNamed(fleet.guests, name)) ?? fleet.guests
      return guests.map(({ name }) => [name, what] as const)
    }),
  )
}

/**
 * What upgrades mean to guests: which survive the move there and back, and what changes at their next start.
 * @param after the same fleet with its hosts upgraded
 * @param machines the machine types that guests are given at their next start, by name
 */
export function preflightAnswer(
  before: FleetView,
  after: FleetView,
  machines: ReadonlyMap<string, string>,
): FoundPreflight {
  const { fleet, db, context } = before
  const old = new Map(fleet.hosts.map(host => [host.name, host]))
  const upgraded = after.fleet.hosts.filter(host => old.get(host.name) !== host)
  const plan = new FlightPlan({ db, arch: context.arch })
  const views = { before, after, list: new ObstacleList(after) }
  const guests = [...groupGuestsByPool(fleet.guests, fleet.hosts)].flatMap(([label, list]) => {
    const isOwn = ({ pool = '' }: FleetHost) => pool === label
    const pool = { before: fleet.hosts.filter(isOwn), upgraded: upgraded.filter(isOwn) }
    const asked = pool.upgraded.length > 0 ? list : list.filter(({ name }) => machines.has(name))
    return asked.map(guest => guestAnswer(views, plan.of(guest, pool, machines.get(guest.name)), machines))
  })
  return { steps: stepsOf(before, upgraded, old), obstacles: views.list.all, guests }
}

interface Views {
  readonly before: FleetView
  readonly after: FleetView
  readonly list: ObstacleList
}

function guestAnswer(
  { before, after, list }: Views,
  { guest, there, back, start, startBack, gained, lost }: GuestFlight,
  machines: ReadonlyMap<string, string>,
): GuestPreflight {
  const machine = machines.get(guest.name) ?? guest.terms?.machine
  const judge = judgementsOf(list)
  const reasons = (set: FeatureSet) => (set.isEmpty ? [] : before.db.features.in(set).map(reasonOf))
  return {
    guest: guest.name,
    host: guest.host ?? null,
    machine: machine ?? null,
    deprecated: machine !== undefined && isDeprecated(before, machine, there.host ?? start.host),
    move: judge(after, there, guest.terms?.machine),
    return: judge(before, back, guest.terms?.machine),
    atStart: {
      start: judge(after, start, machine),
      return: judge(before, startBack, machine),
      gained: reasons(gained),
      lost: reasons(lost),
    },
  }
}

function isDeprecated({ context }: FleetView, machine: string, host: FleetHost | undefined): boolean {
  const qemu = host && hostVersions(host).qemu
  const since = builtinReleases().deprecatedIn(toolOf(context.arch), machine)
  return qemu !== undefined && since !== undefined && compareVersions(qemu, since) >= 0
}

const judgementsOf =
  (list: ObstacleList) =>
  (view: FleetView, found: Judgement, machine: string | undefined): JudgementAnswer => {
    const { verdict, host, obstacles, facts, unknown = [] } = found
    const group = host && view.groupOf.get(host.name)
    const version = host && hostVersions(host).qemu
    const qemu = version === undefined ? 'the QEMU there' : `QEMU ${version}`
    return {
      verdict,
      host: host?.name ?? null,
      reasons: group ? list.numbersOf(group, obstacles, view) : [],
      facts: facts.map(factAnswer),
      settle: [
        ...(unknown.includes('machine')
          ? [`'qemu-system-${view.context.arch} -machine help' of ${qemu} (does it have ${machine}?)`]
          : []),
        ...(unknown.includes('model')
          ? [`\`virsh domcapabilities\` with ${qemu} (is its model usable?)`]
          : []),
        ...(verdict === 'unknown' && facts.length > 0
          ? [`\`virsh version\` on ${host?.name} and its peers`]
          : []),
      ],
    }
  }

const NAMES = { qemu: 'QEMU', libvirt: 'libvirt' } as const

function factAnswer(fact: UpgradeFact): JudgementAnswer['facts'][number] {
  const { tool, version, title } = fact
  const other = fact.kind === 'gives' ? undefined : fact.kind === 'needs' ? fact.least : fact.until
  const remedy = other ? `upgrade ${NAMES[other.tool]} there to ${other.version} or newer first` : ''
  return { tool, version, title, remedy }
}

/** A step before its hosts are referred to by their places. */
interface FoundStep extends Omit<UpgradeStep, 'inGroups'> {
  readonly hosts: readonly FleetHost[]
}

export interface FoundPreflight extends Omit<PreflightAnswer, 'steps'> {
  readonly steps: readonly FoundStep[]
}

/** The upgraded hosts by what happens to them. */
function stepsOf(
  view: FleetView,
  upgraded: readonly FleetHost[],
  old: ReadonlyMap<string, FleetHost>,
): FoundStep[] {
  const all = upgraded.map(host => ({
    host,
    step: stepOf(view, old.get(host.name) ?? host, host),
  }))
  return [...groupBy(all, ({ step }) => JSON.stringify(step)).values()].flatMap(same => {
    const [first] = same
    return first ? { hosts: same.map(({ host }) => host), ...first.step } : []
  })
}

function stepOf({ db, context }: FleetView, was: FleetHost, is: FleetHost): Omit<UpgradeStep, 'inGroups'> {
  const [from, to] = [hostVersions(was), hostVersions(is)]
  const [before, after] = [was, is].map(host => groupHosts([host])[0])
  const [given, gives] = [before?.offered, after?.offered]
  const reasons = (set: FeatureSet | undefined) => (set ? db.features.in(set).map(reasonOf) : [])
  const unsure = after?.unsure && given?.meet(after.unsure)
  const lost = gives && unsure ? given?.minus(gives).minus(unsure) : undefined
  const has = (names: readonly string[]) =>
    db.features.setOfNames(names).leq(is.hardwareFeatures ?? is.features)
  const { added, removed } = modelsBetween({ db, arch: context.arch }, from, to)
  const versions = ({ qemu, libvirt, kernel }: HostVersions) => ({
    qemu: qemu ?? null,
    libvirt: libvirt ?? null,
    kernel: kernel ?? null,
  })
  return {
    versionsBefore: versions(from),
    versionsAfter: versions(to),
    gained: reasons(given && gives?.minus(given)),
    lost: reasons(lost),
    unsure: reasons(unsure),
    addedModels: added,
    removedModels: removed,
    facts: builtinUpgradeFacts()
      .filter(fact => hasReached(to, fact) === true && hasReached(from, fact) !== true)
      .filter(fact => fact.kind !== 'gives' || has(fact.having))
      .map(factAnswer),
    unknownVersions: (['qemu', 'libvirt', 'kernel'] as const).flatMap(tool => openVersion(tool, from, to)),
  }
}

/** What tells a version that is not known, or what it brings where nobody looked at it. */
function openVersion(
  tool: keyof HostVersions,
  from: HostVersions,
  to: HostVersions,
): UpgradeStep['unknownVersions'][number][] {
  const commands: string[] = []
  if (from[tool] === undefined) commands.push(tool === 'kernel' ? 'uname -r' : 'virsh version --daemon')
  const newest = tool === 'kernel' ? undefined : builtinReleases().versions(tool).at(-1)
  if (newest !== undefined && to[tool] !== undefined && compareVersions(to[tool] ?? '', newest) > 0)
    commands.push(`virsh domcapabilities of ${to[tool]}: ${newest} is the newest that is recorded`)
  return commands.map(command => ({ tool, command }))
}
