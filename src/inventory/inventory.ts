import type { OpenedFleet } from '../questions/input/fleet/open-fleet.ts'
import type { AuditLog, TokenStore } from './access.ts'
import type { AlertStore } from './alerts.ts'
import type { StoredFacts } from './schema.ts'
import type { FleetOf, StoredFleet } from './stored-fleet.ts'

/** What a host, or someone for it, reports: a text in any dialect that describes one host. */
export interface HostReported {
  /** What the host is known by; no two hosts share one. */
  readonly id: string
  readonly text: string
  /** What people call it; absent: as its text says, as before, or as `id`. */
  readonly name?: string | undefined
  /** Label of its pool, empty for none; absent: as before, or none. */
  readonly pool?: string | undefined
  /** Who reported. */
  readonly reporter?: string | undefined
  /** When; absent: now, by the database's clock. */
  readonly at?: Date | undefined
}

/**
 * What became of a report: the host is new (`created`); its CPU, facts, name or pool are others than before (`changed`);
 * only that it was seen is new (`seen`); or it is older than what is stored, or than that the host was taken out, and nothing was written (`stale`).
 */
export type ReportResult = 'created' | 'changed' | 'seen' | 'stale'

/** @property hash SHA-256 of the text, in hex: what `touch` takes */
export interface Accepted {
  readonly id: string
  readonly hash: string
  readonly result: ReportResult
}

/** A report that could not be read, in a batch whose others were stored. */
export interface Refused {
  readonly id: string
  /** A BadRequest, ParseError or LibvirtError; an InventoryError `clone` where another machine reports under the same id. */
  readonly error: Error
}

export interface HostSearch {
  /** Part of an id or name, in capital letters or not; of one or two letters, how it begins. */
  readonly text?: string | undefined
  readonly pool?: string | undefined
  /** Number of a stored CPU. */
  readonly cpu?: number | undefined
  /** Hosts behind this id; absent: from the first. */
  readonly after?: string | undefined
  /** At most so many, from 1 to 1000; absent: 50. */
  readonly limit?: number | undefined
}

export interface StoredHost {
  readonly id: string
  readonly name: string
  /** Empty: in none. */
  readonly pool: string
  /** Number of its CPU, which hosts share. */
  readonly cpu: number
  readonly facts: StoredFacts
  /** SHA-256 of its text, in hex. */
  readonly evidence: string
  readonly reporter: string | undefined
  readonly firstSeen: Date
  readonly seen: Date
}

/** Hosts in the order of their ids. */
export interface HostPage {
  readonly hosts: readonly StoredHost[]
  /** The id to go on after; undefined: these were the last. */
  readonly next: string | undefined
}

/** What a host was for some time. */
export interface PastHost {
  readonly since: Date
  /** Undefined: it still is. */
  readonly until: Date | undefined
  readonly name: string
  readonly pool: string
  readonly cpu: number
  readonly facts: StoredFacts
  readonly evidence: string
}

export interface HostWithHistory extends StoredHost {
  /** Newest first. */
  readonly history: readonly PastHost[]
}

export interface StoredPool {
  readonly pool: string
  readonly hosts: number
  /** How many distinct CPUs they have. */
  readonly cpus: number
  readonly pinned: Decision | undefined
}

/**
 * What the hosts of a pool have in common, three-valued: a feature in none of `present`, `assumed` and `absent` is
 * unknown. Hosts of several architectures make several.
 */
export interface PoolBaseline {
  readonly pool: string
  readonly arch: string
  readonly hosts: number
  readonly cpus: number
  /** Each once; hosts of which nobody tells it add none. */
  readonly vendors: readonly string[]
  /** The smallest width of addresses; undefined: nobody tells. */
  readonly physBits: number | undefined
  /** Every host is recorded to have them. */
  readonly present: readonly string[]
  /** Every host has them, as far as can be assumed. */
  readonly assumed: readonly string[]
  /** Some host is recorded to lack them. */
  readonly absent: readonly string[]
  /** Of how many features nothing is known. */
  readonly unknown: number
  /** What guests that move are given: present or assumed everywhere, and not withheld. */
  readonly offered: readonly string[]
  /** Where having one is worse than not: some host has them. */
  readonly hazards: readonly string[]
  /** Some host has them, as far as can be assumed, and guests are not given them. */
  readonly lost: readonly string[]
}

/** What a pool's guests were decided to get, and by whom. */
export interface Decision {
  readonly number: number
  readonly pool: string
  /** The definition; undefined: it was decided that nothing is pinned. */
  readonly cpu: string | undefined
  readonly before: string | undefined
  readonly by: string
  readonly why: string
  readonly at: Date
}

/** What a host was at two times. */
export interface HostChange {
  readonly id: string
  /** Undefined: it was not there. */
  readonly before: PastHost | undefined
  readonly after: PastHost | undefined
  /** Features that guests could count on, and cannot any more; and the other way round. */
  readonly lost: readonly string[]
  readonly gained: readonly string[]
  /** Who reported it last; undefined: nobody said, or it is not there any more. */
  readonly reporter: string | undefined
}

export interface ChangeSearch {
  readonly from: Date
  /** Absent: now. */
  readonly to?: Date | undefined
  readonly pool?: string | undefined
  readonly after?: string | undefined
  /** At most so many, from 1 to 10,000; absent: 1000. */
  readonly limit?: number | undefined
}

/** In the order of ids; `next` as in `HostPage`. A change that was taken back in between is none. */
export interface ChangePage {
  readonly changes: readonly HostChange[]
  readonly next: string | undefined
}

/** How much changed when, from the first report to now. */
export interface Timeline {
  /** Undefined: nothing was reported. */
  readonly from: Date | undefined
  readonly to: Date
  /** How many hosts came, changed or went in equal parts of that time; those without any are left out. */
  readonly changes: readonly { readonly at: Date; readonly hosts: number }[]
}

/** What happened to a host, or a pool. */
export interface InventoryEvent {
  readonly kind: 'host-added' | 'host-changed' | 'host-removed' | 'pinned' | 'alert-firing' | 'alert-resolved'
  /** Undefined: it is of the pool. */
  readonly host: string | undefined
  readonly pool: string
  readonly at: Date
  /** The number of the alert that it is of; absent: of none. */
  readonly alert?: number | undefined
}

/** What became of an export that was read in. */
export interface ImportDone {
  /** How many hosts it had; those of which something was written. */
  readonly hosts: number
  readonly changed: number
  /** Decisions that are new here. */
  readonly decisions: number
  /** Texts that this version cannot read. */
  readonly refused: readonly Refused[]
}

/** A file, or what is in it, that is not as it should be. */
export interface SyncFault {
  readonly file: string
  readonly message: string
}

/** A host as files have it. */
export interface SyncHost {
  readonly id: string
  readonly name: string
  readonly pool: string
  readonly files: readonly string[]
  /** SHA-256 of its text, in hex. */
  readonly hash: string
  readonly text: () => string
}

/** What all files of a source said at one time. */
export interface SyncLook {
  /** Where the source was: a commit; undefined: it has none. */
  readonly position: string | undefined
  /** Who made it so; undefined: nobody says. */
  readonly change:
    | { readonly commit: string; readonly author: string; readonly at: string; readonly subject: string }
    | undefined
  readonly hosts: readonly SyncHost[]
  /** CPUs by the pools that they are pinned for. */
  readonly pinned: ReadonlyMap<string, string>
  /** Files, and folders, of which nothing is known now. */
  readonly unread: ReadonlySet<string>
  readonly faults: readonly SyncFault[]
}

/** Where files are that say what hosts there are. */
export interface SyncSource {
  readonly name: string
  readonly look: (position: string | undefined, signal: AbortSignal) => AsyncIterable<SyncLook>
  readonly watch: (wake: () => void) => () => void
}

/** How an inventory stands to files that it is kept like. */
export interface SyncState {
  readonly source: string
  /** Who keeps it so. */
  readonly server: string
  /** The commit that it is like; undefined: the source has none. */
  readonly commit: string | undefined
  readonly author: string | undefined
  readonly hosts: number
  /** When the files were looked at last, and when they could be read. */
  readonly looked: string
  readonly read: string | undefined
  /** Why they could not be looked at. */
  readonly error: string | undefined
  /** What is wrong with them: the first hundred, and how many there are. */
  readonly faults: readonly SyncFault[]
  readonly faultCount: number
}

/** What of an inventory comes from files. */
export interface Synced {
  /** Of those hosts that come from files: which source and files. A source that nobody looked at for ten minutes does not count. */
  filesOf(
    ids: readonly string[],
  ): Promise<ReadonlyMap<string, { readonly source: string; readonly files: readonly string[] }>>
  states(): Promise<readonly SyncState[]>
  /** Keeps the inventory like a source, until the signal. One server at a time does, others wait for their turn. */
  keep(source: SyncSource, rules: SyncRules, signal: AbortSignal): Promise<void>
}

export interface SyncRules {
  /** What this server is called among several. */
  readonly server: string
  /** How often files are looked at, in ms. */
  readonly every: number
  /** Is told what goes wrong, and what changed. */
  readonly tell: (message: string, isFault: boolean) => void
}

/** Stored hosts and their history. Every method throws InventoryError where the database cannot do it. */
export interface Inventory {
  /** Stores what a host reports; again is the same as once. @throws BadRequest, ParseError, LibvirtError for a text that is not of one host */
  report(host: HostReported): Promise<Accepted>
  /** Many at once, in few statements. Those that cannot be read are refused, the others stored; in the order given. */
  reportAll(hosts: readonly HostReported[]): Promise<readonly (Accepted | Refused)[]>
  /** Notes that the host was seen with the text of this hash (hex), and is called so; false: that is not its text, or it is not: send it. */
  touch(id: string, hash: string, about?: Omit<HostReported, 'id' | 'text'>): Promise<boolean>
  hosts(search?: HostSearch): Promise<HostPage>
  host(id: string): Promise<HostWithHistory | undefined>
  /** The text of that hash, as it was reported. */
  evidence(hash: string): Promise<string | undefined>
  /** Takes a host out, from now on; its history stays. False: there is none. */
  remove(id: string): Promise<boolean>
  /** In the order of labels; one with a decision and no hosts counts. */
  pools(): Promise<readonly StoredPool[]>
  poolBaselines(pool?: string): Promise<readonly PoolBaseline[]>
  /** A fleet as questions take it (`inputOfFleet`): the hosts, with the guests in their texts, and the pinned CPUs. */
  fleetAt(of?: FleetOf): Promise<OpenedFleet>
  /** The same as plain data, which `openStoredFleet` makes a fleet of in whatever process. */
  storedFleet(of?: FleetOf): Promise<StoredFleet>
  changes(search: ChangeSearch): Promise<ChangePage>
  timeline(of: { readonly pool?: string | undefined; readonly parts: number }): Promise<Timeline>
  /** How many hosts of each pool are others than before, or gone, since so many seconds; pools without any are left out. */
  countChanged(seconds: number): Promise<ReadonlyMap<string, number>>
  /**
   * What happened from a moment on, in order, and until when that is; absent: nothing, and the moment. It is told a second
   * late, so that nobody writes something older any more; what was reported of the past is not told.
   */
  events(from?: Date): Promise<{ readonly events: readonly InventoryEvent[]; readonly until: Date }>
  /** Records a decision, the only way in which a pinned CPU changes. @throws BadRequest for what is no CPU with a name for its model */
  pin(pool: string, cpu: string | undefined, by: string, why: string): Promise<Decision>
  /** Newest first; absent: of all pools. */
  decisions(pool?: string): Promise<readonly Decision[]>
  /** Derives everything from the evidence again; returns how many hosts and past hosts have another CPU or other facts. */
  recompute(): Promise<number>
  /** Deletes texts that no host and no history has; returns how many. */
  tidy(): Promise<number>
  /**
   * Everything but tokens, the audit log and alerts, a line of JSON each; equal for inventories that keep the same.
   * @param pool hosts that are in it now, and its decisions; absent: all, and what was taken out
   */
  exportLines(pool?: string): AsyncIterable<string>
  /** Reads an export in: what is stored stays, what is later comes to it; again is the same as once. @throws BadRequest for what is no whole export */
  importLines(lines: AsyncIterable<string> | Iterable<string>): Promise<ImportDone>
  readonly tokens: TokenStore
  readonly auditLog: AuditLog
  readonly alerts: AlertStore
  readonly synced: Synced
  /** Whether the database answers. */
  check(): Promise<void>
  close(): Promise<void>
}
