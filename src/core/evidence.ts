import { FeatureSet } from './feature-set.ts'

/**
 * What a document about a CPU speaks of:
 * `hardware` what the CPU has, `kernel` what the host's kernel lets programs use, `offered` what the hypervisor can give
 * guests, `defined` what a guest asks for, `running` what a guest has now.
 */
export type Layer = 'hardware' | 'kernel' | 'offered' | 'defined' | 'running'

export const LAYERS: readonly Layer[] = ['hardware', 'kernel', 'offered', 'defined', 'running']

/** What evidence says of a feature. `assumed`: present by a general rule; no document of the machine says so. */
export type Presence = 'present' | 'assumed' | 'absent' | 'unknown'

/** The answer to a question about a fleet. `assumed`: yes, if what was assumed is true. */
export type Verdict = 'yes' | 'assumed' | 'unknown' | 'no'

/** The strongest first. */
export const VERDICTS: readonly Verdict[] = ['yes', 'assumed', 'unknown', 'no']

/**
 * Three-valued knowledge of a CPU's features: recorded as present, recorded as absent, assumed present, or unknown
 * (in none of the three). The three sets never overlap. Only what was recorded makes an answer `no`; an assumption that
 * a feature is absent is no knowledge, so such a feature is unknown.
 */
export class Evidence {
  readonly present: FeatureSet
  readonly absent: FeatureSet
  readonly assumed: FeatureSet
  #recorded: FeatureSet | undefined
  #possible: FeatureSet | undefined
  #known: FeatureSet | undefined

  private constructor(present: FeatureSet, absent: FeatureSet, assumed: FeatureSet) {
    this.present = present
    this.absent = absent
    this.assumed = assumed
  }

  /** Nothing is known. */
  static readonly none = new Evidence(FeatureSet.empty, FeatureSet.empty, FeatureSet.empty)

  /** @param known what the source can tell of: of this, what is not in `present` is absent */
  static recorded(present: FeatureSet, known: FeatureSet): Evidence {
    return new Evidence(present, known.minus(present), FeatureSet.empty)
  }

  /** The same with these assumed present where nothing was recorded. */
  assuming(present: FeatureSet): Evidence {
    const assumed = this.assumed.join(present).minus(this.recorded)
    return new Evidence(this.present, this.absent, assumed)
  }

  /** The features of which a document speaks. */
  get recorded(): FeatureSet {
    this.#recorded ??= this.present.join(this.absent)
    return this.#recorded
  }

  /** What was recorded or is assumed. */
  get known(): FeatureSet {
    this.#known ??= this.recorded.join(this.assumed)
    return this.#known
  }

  /** What a guest may count on: recorded or assumed. */
  get possible(): FeatureSet {
    this.#possible ??= this.present.join(this.assumed)
    return this.#possible
  }

  presenceOf(feature: FeatureSet): Presence {
    if (this.absent.meets(feature)) return 'absent'
    if (feature.leq(this.present)) return 'present'
    return feature.leq(this.possible) ? 'assumed' : 'unknown'
  }

  /** What is known of two machines together: both must have a feature; one that is known to miss it decides. */
  meet(other: Evidence): Evidence {
    const absent = this.absent.join(other.absent)
    const present = this.present.meet(other.present)
    const assumed = this.possible.meet(other.possible).minus(present)
    return new Evidence(present, absent, assumed)
  }

  /** What two documents about one machine say; where they contradict each other, `direct` decides. */
  refinedBy(direct: Evidence): Evidence {
    const present = direct.present.join(this.present.minus(direct.absent))
    const absent = direct.absent.join(this.absent.minus(direct.present))
    const assumed = this.assumed.join(direct.assumed).minus(present).minus(absent)
    return new Evidence(present, absent, assumed)
  }

  /** The same machine after a change that gives it some features, as far as can be assumed, and takes others. */
  changed(gained: FeatureSet, lost: FeatureSet): Evidence {
    const present = this.present.minus(lost)
    const assumed = this.assumed.join(gained).minus(present).minus(lost)
    return new Evidence(present, this.absent.minus(gained).join(lost), assumed)
  }

  /** The same where the record of these being absent has proved wrong: nothing is known of them. */
  doubting(features: FeatureSet): Evidence {
    return new Evidence(this.present, this.absent.minus(features), this.assumed)
  }

  /** What one of the two records as present and the other as absent. */
  contradictions(other: Evidence): FeatureSet {
    return this.present.meet(other.absent).join(this.absent.meet(other.present))
  }

  /** Of `needed`: what is known to be absent. */
  missing(needed: FeatureSet): FeatureSet {
    return needed.meets(this.absent) ? needed.meet(this.absent) : FeatureSet.empty
  }

  /** Of `needed`: what nothing is known of. */
  unknown(needed: FeatureSet): FeatureSet {
    return needed.leq(this.known) ? FeatureSet.empty : needed.minus(this.known)
  }

  /** Whether a machine has all of `needed`. */
  gives(needed: FeatureSet): Verdict {
    if (this.absent.meets(needed)) return 'no'
    if (needed.leq(this.present)) return 'yes'
    return needed.leq(this.possible) ? 'assumed' : 'unknown'
  }
}

/** The weakest of the verdicts: all must hold. Of none: `yes`. */
export const allOf = (verdicts: Iterable<Verdict>): Verdict =>
  VERDICTS[Math.max(0, ...Array.from(verdicts, verdict => VERDICTS.indexOf(verdict)))] ?? 'yes'
