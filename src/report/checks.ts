/** What a check came to: what continuous integration is told, whichever format it reads. */
export interface Checks {
  /** `virt-cpu check` */
  readonly name: string
  readonly rules: readonly CheckRule[]
  readonly cases: readonly CheckCase[]
}

/** A kind of demand. */
interface CheckRule {
  /** `must-have` */
  readonly id: string
  /** What it demands, in a line. */
  readonly title: string
}

/** One demand of one thing. */
export interface CheckCase {
  readonly rule: string
  /** What it is of: a pool, a host. */
  readonly subject: string
  /** What is demanded, in a line. */
  readonly name: string
  /** Why it does not hold; empty: it does. */
  readonly faults: readonly CheckFailure[]
}

/** One reason why something does not hold. */
export interface CheckFailure {
  readonly text: string
  /** How bad it is; `note` fails nothing. */
  readonly level: 'error' | 'warning' | 'note'
  /** The file it is about, `/` between folders. */
  readonly file?: string | undefined
  /** The machine or pool it is about. */
  readonly about?: string | undefined
  /** Equal for the same fault in every run. */
  readonly key: string
}
