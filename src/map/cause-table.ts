import { dataFile } from './data.ts'
import {
  type DataFile,
  type DataStatement,
  faultIn,
  readCited,
  statementsOf,
  tokensOf,
} from './text/data-file.ts'

/** Why a CPU, or a guest, lacks a feature that others have. */
export type Cause =
  | 'microcode'
  | 'firmware'
  | 'kernel'
  | 'hypervisor'
  | 'guest-own'
  | 'not-migratable'
  | 'silicon'
  | 'vendor'
  | 'model'
  | 'not-read'
  | 'unknown'

export const CAUSES: readonly Cause[] = [
  'microcode',
  'firmware',
  'kernel',
  'hypervisor',
  'guest-own',
  'not-migratable',
  'silicon',
  'vendor',
  'model',
  'not-read',
  'unknown',
]

/** A line of `causes.txt`: features by name or by how their names begin, and what remedies their lack. */
interface CauseRow {
  readonly cause: Cause
  readonly names: readonly string[]
  readonly remedy: string
  /** Keys of `docs/sources.md`; of advice that follows from the cause, and of facts without a source, empty. */
  readonly sources: readonly string[]
}

/** What is known of features beforehand. */
export class CauseTable {
  readonly rows: readonly CauseRow[]
  readonly meanings: ReadonlyMap<Cause, string>
  readonly #known = new Map<string, string>()
  readonly #named = new Map<string, boolean>()

  constructor(meanings: ReadonlyMap<Cause, string>, rows: readonly CauseRow[]) {
    this.meanings = meanings
    this.rows = rows
  }

  /** What the cause means, in a few words. */
  meaning(cause: Cause): string {
    return this.meanings.get(cause) ?? ''
  }

  /** Whether a row of the cause names the feature, or how its name begins. */
  knows(cause: Cause, feature: string): boolean {
    const key = `${cause} ${feature}`
    const known = this.#named.get(key) ?? this.rows.some(row => row.cause === cause && names(row, feature))
    this.#named.set(key, known)
    return known
  }

  /**
   * What remedies the lack of the feature, were this the cause; `NO_REMEDY`: nothing is known to.
   * @param kind what `kvm.txt` makes of it
   */
  remedy(cause: Cause, feature: string, kind = ''): string {
    const key = `${cause} ${feature} ${kind}`
    const known = this.#known.get(key) ?? this.#find(cause, feature, `@${kind}`) ?? NO_REMEDY
    this.#known.set(key, known)
    return known
  }

  #find(cause: Cause, feature: string, kind: string): string | undefined {
    return this.rows.find(
      row => row.cause === cause && row.names.some(name => name === kind || covers(name, feature)),
    )?.remedy
  }
}

/** Where nothing with a source is known to help. */
const NO_REMEDY = 'no known remedy'

/** The table that comes with this package. */
export const builtinCauses = (): CauseTable => parseCauses(dataFile('causes.txt'))

/** The causes themselves, of an architecture of whose features nothing is known beforehand. */
export function plainCauses(): CauseTable {
  const { rows, meanings } = builtinCauses()
  return new CauseTable(
    meanings,
    rows.map(row => ({ ...row, names: row.names.filter(name => name === '*') })),
  )
}

/** Reads `causes.txt`. @throws ParseError */
export function parseCauses(file: DataFile): CauseTable {
  const meanings = new Map<Cause, string>()
  const rows: CauseRow[] = []
  let cause: Cause | undefined
  for (const at of statementsOf(file)) {
    const [head, text] = halves(at)
    if (at.indent === 0) {
      cause = causeIn(at, head)
      if (meanings.has(cause)) throw faultIn(at, `\`${cause}\` is above already`, cause)
      meanings.set(cause, text)
    } else if (cause) rows.push(rowOf(at, cause, tokensOf(head), text))
    else throw faultIn(at, 'features stand under their cause, and no cause is above')
  }
  return new CauseTable(meanings, rows)
}

/** Whether a name of the table, which may end in `*`, means the feature. */
export const covers = (name: string, feature: string): boolean =>
  name.endsWith('*') ? feature.startsWith(name.slice(0, -1)) : name === feature

const names = (row: CauseRow, feature: string): boolean =>
  row.names.some(name => name !== '*' && covers(name, feature))

/** @throws ParseError for a row that cites no source */
function rowOf(at: DataStatement, cause: Cause, names: readonly string[], text: string): CauseRow {
  const cited = readCited(text)
  if (cited)
    return { cause, names, remedy: cited.isVerified ? cited.text : NO_REMEDY, sources: cited.sources }
  if (names.every(name => name === '*' || name.startsWith('@')))
    return { cause, names, remedy: text, sources: [] }
  throw faultIn(at, 'expected `FEATURE … : remedy [SOURCE; …]`')
}

function halves(at: DataStatement): [head: string, text: string] {
  const colon = at.text.indexOf(' : ')
  if (colon < 0) throw faultIn(at, 'expected `cause CAUSE : what it means` or `FEATURE … : remedy`')
  return [at.text.slice(0, colon).trim(), at.text.slice(colon + 3).trim()]
}

function causeIn(at: DataStatement, head: string): Cause {
  const [word, name = '', ...more] = tokensOf(head)
  const cause = CAUSES.find(known => known === name)
  if (word !== 'cause' || !cause || more.length > 0)
    throw faultIn(at, `a cause is one of ${CAUSES.join(', ')}`, name)
  return cause
}
