/** What a check came to: what continuous integration is told, whichever format it reads. */
export interface Checks {
  /** `virt-cpu check` */
  readonly name: string
  readonly rules: readonly Rule[]
  readonly cases: readonly Case[]
}

/** A kind of demand. */
interface Rule {
  /** `must-have` */
  readonly id: string
  /** What it demands, in a line. */
  readonly title: string
}

/** One demand of one thing. */
export interface Case {
  readonly rule: string
  /** What it is of: a pool, a host. */
  readonly subject: string
  /** What is demanded, in a line. */
  readonly name: string
  /** Why it does not hold; empty: it does. */
  readonly faults: readonly Fault[]
}

/** One reason why something does not hold. */
export interface Fault {
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
