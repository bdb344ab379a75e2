import { DEFAULT_ARCH } from '../../src/arch/registry.ts'
import type { Cpu } from '../../src/core/cpu.ts'
import type { Fleet } from '../../src/fleet/fleet.ts'
import type { FileProblem } from '../shared/displays.ts'
import type { StoredHosts } from '../shared/protocol.ts'
import type { PageDocument } from './documents.ts'

/** A file that the user added. */
export interface PageFile {
  readonly path: string
  readonly document: PageDocument
}

/** A file with the label of its folder's pool. */
export interface PlacedFile extends PageFile {
  readonly pool: string
}

/** The page's data at one time. */
export interface Snapshot {
  /** In the order in which a directory is read. */
  readonly files: readonly PlacedFile[]
  /** Hosts of an inventory, which are shown in place of files. */
  readonly stored?: OpenedHosts | undefined
  /** The text of `fleet.yaml`; undefined: folders are pools. */
  readonly fleetFile?: { readonly path: string; readonly text: string } | undefined
  /** The fleet as the files define it. */
  readonly read: Fleet
  /** The pools to which the user moved hosts, by the hosts' `path`. */
  readonly poolByHost: ReadonlyMap<string, string>
  /** The `path` of each host that the user removed. */
  readonly removed: ReadonlySet<string>
  /** Labels of the pools whose hosts stay together in every plan. */
  readonly locked: ReadonlySet<string>
  /** The fewest hosts of a planned pool; undefined: as the fleet file says. */
  readonly smallest?: number | undefined
  /** Where the user says that pools are, by label; empty: nowhere, whatever the fleet file says. */
  readonly sites: ReadonlyMap<string, string>
  /** The fleet with the user's changes. */
  readonly fleet: Fleet
  readonly problems: readonly FileProblem[]
  /** Another recording of the fleet, to compare with; undefined: there is none. */
  readonly second?: Snapshot | undefined
}

/** Hosts of an inventory, with the CPUs of which a baseline is computed by their paths. */
interface OpenedHosts extends StoredHosts {
  readonly definitions: ReadonlyMap<string, Cpu>
}

const NO_FLEET: Fleet = {
  arch: DEFAULT_ARCH,
  hosts: [],
  guests: [],
  pools: [],
  constraints: {},
  requirements: [],
}

export const EMPTY: Snapshot = {
  files: [],
  read: NO_FLEET,
  poolByHost: new Map(),
  removed: new Set(),
  locked: new Set(),
  sites: new Map(),
  fleet: NO_FLEET,
  problems: [],
}

/** The fleet with the user's changes. Guests move with their hosts. */
export function applyEdits({
  read,
  poolByHost,
  removed,
  locked,
  smallest,
  sites,
}: Pick<Snapshot, 'read' | 'poolByHost' | 'removed' | 'locked' | 'smallest' | 'sites'>): Fleet {
  if (poolByHost.size + removed.size + locked.size + sites.size === 0 && smallest === undefined) return read
  const hosts = read.hosts
    .filter(({ path = '' }) => !removed.has(path))
    .map(host => ({ ...host, pool: poolByHost.get(host.path ?? '') ?? host.pool }))
  const pools = new Map(
    hosts.filter(({ path = '' }) => poolByHost.has(path)).map(({ name, pool }) => [name, pool]),
  )
  const guests = read.guests.map(guest => ({ ...guest, pool: pools.get(guest.host ?? '') ?? guest.pool }))
  const { constraints } = read
  const pins = hosts.flatMap(({ name, pool = '' }) => (locked.has(pool) ? [[name, pool] as const] : []))
  return {
    ...read,
    constraints: {
      ...constraints,
      smallest: smallest ?? constraints.smallest,
      ...(pins.length > 0 ? { pins: new Map([...(constraints.pins ?? []), ...pins]) } : {}),
    },
    sites: new Map([...(read.sites ?? []), ...sites]),
    hosts,
    guests,
    pools: [...new Set(hosts.map(({ pool = '' }) => pool))],
  }
}

/** A list of snapshots, one of which is current. A new snapshot replaces those that were undone. */
export class History {
  #steps: { readonly label: string; readonly snapshot: Snapshot }[] = [{ label: '', snapshot: EMPTY }]
  #at = 0
  #version = 0
  #previous: Snapshot | undefined

  get current(): Snapshot {
    return this.#steps[this.#at]?.snapshot ?? EMPTY
  }

  /** What was current before the last step, also of undoing and redoing; undefined: none was made. */
  get previous(): Snapshot | undefined {
    return this.#previous
  }

  /** Changes with every change of the current snapshot, and never repeats. */
  get version(): number {
    return this.#version
  }

  /** The action that undo reverts; undefined: none. */
  get undoLabel(): string | undefined {
    return this.#at > 0 ? this.#steps[this.#at]?.label : undefined
  }

  get redoLabel(): string | undefined {
    return this.#steps[this.#at + 1]?.label
  }

  push(label: string, snapshot: Snapshot): void {
    this.#previous = this.current
    this.#steps = [...this.#steps.slice(0, this.#at + 1), { label, snapshot }]
    this.#at = this.#steps.length - 1
    this.#version++
  }

  /** Begins anew: nothing of before can be undone. */
  restart(snapshot: Snapshot): void {
    this.#steps = [{ label: '', snapshot }]
    this.#at = 0
    this.#previous = undefined
    this.#version++
  }

  /** Changes every step in the same way. */
  rebase(change: (snapshot: Snapshot) => Snapshot): void {
    this.#steps = this.#steps.map(({ label, snapshot }) => ({ label, snapshot: change(snapshot) }))
    this.#previous = this.#previous && change(this.#previous)
    this.#version++
  }

  /** Undoes or redoes one step. */
  go(by: -1 | 1): void {
    const to = this.#at + by
    if (to < 0 || to >= this.#steps.length) return
    this.#previous = this.current
    this.#at = to
    this.#version++
  }
}
