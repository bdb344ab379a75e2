import type { CauseAnswer, Reason } from '../../src/questions/answer-parts.ts'
import type { GroupSummary, HostCost, OddHost } from '../../src/questions/explain/answer.ts'
import type { GuestPlaces } from '../../src/questions/migrate/answer.ts'
import type { CurvePoint, PoolAnswer, PoolDefinition } from '../../src/questions/pools/answer.ts'
import type { PoolDeltaAnswer } from '../../src/questions/what-if/answer.ts'
import type { Note } from '../../src/questions/words/note.ts'

/**
 * What the page's views display: plain data that the worker computes from the answers of the questions. A group of
 * hosts is identified by a number that its CPU makes, its `id`.
 */

export interface GroupRow extends Omit<GroupSummary, 'hosts' | 'signature' | 'microcodes'> {
  readonly id: number
  /** The name of its host; of several hosts the first name and how many more. */
  readonly title: string
  /** The number of hosts. */
  readonly count: number
  /** `06_55H, stepping 7`; empty: unknown. */
  readonly signature: string
  readonly microcodes: readonly string[]
  readonly pools: readonly string[]
  /** Its hosts; empty in a large fleet, which sends them on request. */
  readonly names: readonly string[]
}

export interface HostRow {
  readonly name: string
  /** The file, with a number where it holds several hosts. */
  readonly path: string
  readonly pool: string
}

export interface ClassedFeature extends Reason {
  readonly class: string
}

/** A group that differs from others with the same CPU. */
export interface OutlierRow extends Omit<OddHost, 'inGroups' | 'likeGroup'> {
  readonly group: number
  /** A host of the group that it is compared with, and how many that has. */
  readonly norm: string
  readonly normHosts: number
}

/** Why a file could not be used, or a note about it. */
export interface FileProblem {
  readonly source: string
  readonly text: string
  readonly kind: 'error' | 'note'
  /** What answers about the fleet say of it. */
  readonly note?: Note
}

/** Something to do, and what it gains. */
export interface ActionRow {
  readonly what: string
  /** On which hosts, in words. */
  readonly on: string
  readonly gain: string
}

/** What the search found. */
export interface FoundRow {
  /** `stored`: a host of the server's inventory. */
  readonly kind: 'host' | 'CPU' | 'feature' | 'model' | 'stored'
  readonly name: string
  /** What it is. */
  readonly detail: string
  /** The group of a host or CPU, or the id of a stored host. */
  readonly group?: number | string
}

export interface FoundDisplay {
  /** What was searched for. */
  readonly text: string
  readonly rows: readonly FoundRow[]
}

export interface FleetDisplay {
  readonly title: string
  /** What gains most first. */
  readonly actions: readonly ActionRow[]
  readonly hosts: number
  readonly guests: number
  readonly groups: readonly GroupRow[]
  /** Ids of all outliers. */
  readonly outlierGroups: readonly number[]
  /** The first outliers in detail. */
  readonly outliers: readonly OutlierRow[]
  readonly pools: readonly { readonly label: string; readonly hosts: number }[]
  readonly levels: readonly { readonly level: string; readonly hosts: number }[]
}

/** A named model, a level of x86-64 or a mode of EVC, and which hosts can give it. */
export interface Rung {
  readonly kind: RungKind
  readonly model: string
  /** Empty: of no vendor. */
  readonly vendor: string
  readonly level: string
  /** What is to be known of it: of a model the oldest QEMU and libvirt that know it. */
  readonly needs: string
  /** How many hosts can give it, as far as is known or assumed. */
  readonly runs: number
  /** Of how many hosts it is not known. */
  readonly unsure: number
  /** The hosts that cannot, those that lack least first. */
  readonly out: readonly {
    readonly hosts: number
    readonly names: string
    /** What they lack, or another reason. */
    readonly features: readonly string[]
  }[]
  /** Running guests that must be powered off and started anew: they have more, or gain it only then. */
  readonly restarts: readonly string[]
  readonly raises: readonly string[]
}

export type RungKind = 'model' | 'evc' | 'level'

export interface LadderDisplay {
  /** What stands above the rungs of each kind. */
  readonly titles: Readonly<Record<RungKind, string>>
  readonly hosts: number
  /** Best first. */
  readonly rungs: readonly Rung[]
}

export interface MatrixDisplay {
  readonly title: string
  /** Ids, in the order of the columns. */
  readonly groups: readonly number[]
  readonly causes: readonly CauseAnswer[]
  readonly rows: readonly MatrixRow[]
}

export interface MatrixRow extends ClassedFeature {
  /**
   * For each column `1` where the hosts have the feature, `0` where they are known to lack it, `?` where nothing is known
   * of it, `-` where only CPUs of other vendors have it.
   */
  readonly cells: string
  /** What the other vendor calls it: the line is about all these names. Empty as a rule. */
  readonly twins: readonly string[]
  /** How many hosts are known not to have it. */
  readonly without: number
  /** Whether somebody can do something about it where the hosts are. */
  readonly fixable: boolean
  /** For each column the number of the cause in `MatrixDisplay.causes`, from 1; 0: no known cause. */
  readonly why: Uint16Array
}

/** A CPU in the format of one program. */
export interface WrittenCpu {
  readonly name: string
  readonly text: string
  /** What the text does not say, and what becomes of it, a sentence each. */
  readonly unsaid: readonly string[]
}

export interface BaselineDisplay {
  readonly title: string
  /** The versions of QEMU for which definitions can be written, the newest first; empty: it makes no difference. */
  readonly versions: readonly string[]
  /** What guests of the hosts can be given, as `explain` has it; missing: no named model fits. */
  readonly guests?: {
    readonly written: readonly WrittenCpu[]
    /** How it says that: `18 features added, 3 disabled; since QEMU 9.2 and libvirt 11.3`. */
    readonly how: string
  }
  /** Missing where libvirt reports an error. */
  readonly cpu?: {
    readonly model: string
    readonly why: string
    readonly written: readonly WrittenCpu[]
    readonly features: number
    readonly level: string
  }
  /** libvirt's message. */
  readonly error?: string
  /** The host whose definition causes the error. */
  readonly culprit?: string
  readonly notes: readonly string[]
  /** Missing where it was not computed: libvirt reports an error, or compares by names alone. */
  readonly lost?: readonly LostRow[]
  /** The model with the shortest definition, then the runners-up. */
  readonly models: readonly ModelRow[]
}

interface LostRow {
  readonly hosts: readonly string[]
  readonly features: readonly ClassedFeature[]
}

export interface ModelRow {
  readonly model: string
  /** What it is, or its disadvantage. */
  readonly why: string
  readonly added: number
  readonly disabled: number
  /** The oldest QEMU and libvirt that know its definition. */
  readonly needs: string
}

export interface CostDisplay {
  readonly title: string
  readonly pools: readonly {
    /** `pool blue: 8 hosts` */
    readonly title: string
    readonly costs: readonly CostRow[]
    /** How many hosts cost nothing alone. */
    readonly free: number
  }[]
}

export interface CostRow extends Pick<HostCost, 'worth' | 'gain' | 'gains'> {
  readonly who: string
  readonly hosts: number
  readonly features: number
  /** How many of its features are of each class: `performance`. */
  readonly classes: readonly (readonly [string, number])[]
  /** `x86-64-v3 → x86-64-v4`; empty: the level stays. */
  readonly step: string
}

export interface PoolCard
  extends Omit<
    PoolAnswer,
    'inGroups' | 'hostCount' | 'definition' | 'unsafeFeatures' | 'keptCpu' | 'idRegisters'
  > {
  readonly label: string
  readonly hosts: number
  readonly expression: PoolDefinition | null
  /** Ids of groups, and their hosts in this pool: how many, and in words. */
  readonly groups: readonly { readonly id: number; readonly hosts: number; readonly title: string }[]
  /** Whether its hosts stay together in every plan. */
  readonly isLocked: boolean
}

export interface PoolsDisplay {
  readonly title: string
  readonly cards: readonly PoolCard[]
  readonly value: number
  /** The fewest hosts of a planned pool. */
  readonly smallest: number
}

export interface PlanDisplay {
  readonly title: string
  /** How the current pools compare with the best; empty: no host is in any. */
  readonly now: string
  readonly curve: readonly PlanPoint[]
  readonly enough: number | null
}

export interface PlanPoint extends CurvePoint {
  /** Ids of groups by pool, each with the pool in which their hosts are now, and the label of a locked pool. */
  readonly pools: readonly {
    readonly pin: string | undefined
    readonly parts: readonly { readonly group: number; readonly from: string }[]
  }[]
}

export interface MigrationDisplay {
  readonly title: string
  /** Sets of groups between which guests move both ways, the largest first. */
  readonly clusters: readonly {
    readonly id: number
    readonly groups: readonly number[]
    /** The pool of all their hosts; missing: they are in several, or the fleet has one. */
    readonly pool?: string
  }[]
  /** Between clusters, without those that follow from others. */
  readonly arrows: readonly { readonly from: number; readonly to: number }[]
  /** Guests that can move to the fewest hosts first. */
  readonly guests: readonly GuestRow[]
}

/** A graph before it is drawn: the sizes of its boxes in pixels, and the arrows between them. */
export interface GraphSizes {
  readonly boxes: readonly {
    readonly id: number
    readonly width: number
    readonly height: number
    readonly pool?: string
  }[]
  readonly arrows: MigrationDisplay['arrows']
  /** How wide the drawing may be, in pixels: where it can be. */
  readonly room: number
}

interface Place {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** Where boxes, the areas of pools and arrows are drawn, in pixels from the upper left. */
export interface GraphPlaces {
  readonly width: number
  readonly height: number
  readonly boxes: readonly ({ readonly id: number } & Place)[]
  readonly areas: readonly ({ readonly pool: string } & Place)[]
  readonly arrows: readonly {
    readonly from: number
    readonly to: number
    /** From the edge of one box around all others to that of the other. */
    readonly points: readonly (readonly [x: number, y: number])[]
  }[]
}

export interface GuestRow extends Pick<GuestPlaces, 'guest' | 'host' | 'pool' | 'others'> {
  /** Names of groups, in words. */
  readonly starts: string
  readonly moves: string
  /** Ids of the groups that it can move to. */
  readonly open: readonly number[]
}

export interface MoveDisplay {
  readonly title: string
  readonly moves: boolean
  /** The obstacles, by what remedies them. */
  readonly remedies: readonly RemedyRow[]
}

/** What is missing, and what remedies it. */
export interface RemedyRow {
  readonly remedy: string
  /** Empty: what is missing are not features. */
  readonly cause: string
  readonly features: readonly ClassedFeature[]
  readonly others?: readonly string[]
}

/** What a change does to pools and guests. */
export interface DeltaDisplay {
  readonly title: string
  readonly pools: readonly (Omit<PoolDeltaAnswer, 'gained' | 'lost' | 'unknown'> & {
    readonly gained: readonly ClassedFeature[]
    readonly lost: readonly ClassedFeature[]
    readonly unknown: readonly ClassedFeature[]
  })[]
  readonly guests: readonly {
    readonly guest: string
    readonly host: string | null
    /** `cannot come back`, `no other host`, `2 other hosts`. */
    readonly what: string
    readonly why: string
    readonly isGood: boolean
  }[]
}

/** How the fleet differs between two recordings. */
export interface DriftDisplay extends DeltaDisplay {
  readonly actions: readonly ActionRow[]
  /** How many hosts the recordings have. */
  readonly hosts: { readonly before: number; readonly after: number }
  readonly gone: readonly string[]
  readonly added: readonly string[]
  /** Hosts that changed in the same way, most hosts first. */
  readonly changed: readonly {
    readonly hosts: readonly string[]
    /** All but features. */
    readonly facts: readonly { readonly what: string; readonly before: string; readonly now: string }[]
    readonly lost: readonly RemedyRow[]
    readonly gained: readonly ClassedFeature[]
  }[]
}

/** A family of models. */
export interface TreeRow {
  readonly family: string
  readonly vendor: string
  readonly note: string
  readonly versions: readonly string[]
  readonly children: readonly TreeRow[]
  /** The model of the pool's guests where it is one of the family's; else empty. */
  readonly answer: string
  readonly runnersUp: readonly string[]
  /** Groups with this CPU, or with a model of the family. */
  readonly groups: readonly number[]
  /** Whether the family or one below it has any of these. */
  readonly marked: boolean
}

export interface TreeDisplay {
  readonly title: string
  readonly roots: readonly TreeRow[]
  /** Groups whose CPU belongs to no family of the data. */
  readonly elsewhere: readonly number[]
}

export interface CompareDisplay {
  readonly title: string
  readonly same: number
  readonly only: readonly [readonly ClassedFeature[], readonly ClassedFeature[]]
  readonly facts: readonly { readonly name: string; readonly values: readonly [string, string] }[]
}

/** The worker's state after an action. */
export interface PageState {
  readonly hosts: number
  /** How many hosts each pool has, bytewise by label. */
  readonly pools: readonly (readonly [label: string, hosts: number])[]
  readonly guests: number
  /** CPUs that cannot be part of the fleet: only a baseline includes them. */
  readonly unplaced: number
  readonly problems: readonly FileProblem[]
  /** The folder that all files are in, or which hosts of an inventory they are; empty: there is none. */
  readonly name: string
  /** Whether the hosts are of an inventory. */
  readonly isStored: boolean
  /** The hosts of the second recording; undefined: there is none. */
  readonly second: number | undefined
  /** The action that undo reverts; undefined: none. */
  readonly undo: string | undefined
  readonly redo: string | undefined
  /** A number for each state: answers for another version are outdated. */
  readonly version: number
}
