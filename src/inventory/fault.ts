/**
 * Why a database cannot do it: a package is not installed; it cannot be reached, or went away; it has no room; another
 * process has the folder, or it cannot be made or written; it is a copy that takes no changes; others write the same, or it has it already; two machines are one host; the value is none that it can store; it was written by a newer version, or by something else; or what it says itself.
 */
export type InventoryFault =
  | 'package'
  | 'unreachable'
  | 'full'
  | 'in-use'
  | 'folder'
  | 'read-only'
  | 'schema'
  | 'conflict'
  | 'clone'
  | 'busy'
  | 'value'
  | 'failed'

/** The database did not do what was asked, and nothing of it was stored. */
export class InventoryError extends Error {
  override readonly name = 'InventoryError'
  readonly kind: InventoryFault

  constructor(kind: InventoryFault, message: string, cause?: unknown) {
    super(message, { cause })
    this.kind = kind
  }
}

/** What the classes of SQLSTATE, and the codes of Node, mean to who asks. */
const FAULTS: readonly (readonly [RegExp, InventoryFault, string])[] = [
  [/^53100$|^ENOSPC$|^EDQUOT$/, 'full', 'the inventory has no room left on its disk'],
  [/^53/, 'full', 'the database has no resources left'],
  [
    /^08|^57P0|^E(?:CONN|NOENT|PIPE|TIMEDOUT|AI_|NOTFOUND|HOSTUNREACH)/,
    'unreachable',
    'the database cannot be reached',
  ],
  [/^28|^3D|^42501$/, 'unreachable', 'the database does not let this program in'],
  [/^25006$/, 'read-only', 'the database is a copy that takes no changes'],
  [/^40P01$|^40001$|^55P03$/, 'busy', 'others write the same'],
  [/^23505$/, 'conflict', 'there is one already'],
  // NUL, half of a surrogate pair, a number that is too large.
  [/^22/, 'value', 'the database cannot store such a value'],
]

const GONE = /terminated|timeout exceeded|Connection ended|not queryable|PGlite is closed/i

/** Runs it. @throws InventoryError that says in the first words what happened */
export async function orFault<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    throw faultOf(error)
  }
}

function faultOf(error: unknown): InventoryError {
  if (error instanceof InventoryError) return error
  const { code = '', message = String(error) } = error as NodeJS.ErrnoException
  const known = FAULTS.find(([pattern]) => pattern.test(code))
  if (known) return new InventoryError(known[1], `${known[2]}: ${message}`, error)
  if (GONE.test(message))
    return new InventoryError('unreachable', `the database cannot be reached: ${message}`, error)
  return new InventoryError('failed', `the database failed: ${message}`, error)
}

/** Why a folder is of no use, by the codes of Node. */
const OF_FOLDERS: Readonly<Record<string, string>> = {
  EACCES: 'this user may not write there',
  EPERM: 'this user may not write there',
  EROFS: 'its file system is read-only',
  ENOTDIR: 'there is a file in its place',
  EEXIST: 'there is a file in its place',
  ENOENT: 'nothing can be made there',
  ELOOP: 'its links lead in a circle',
  ENAMETOOLONG: 'its name is too long',
}

/** Makes or tries a folder. @throws InventoryError that says what is wrong with it */
export async function orFolderFault<T>(folder: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    const why = OF_FOLDERS[(error as NodeJS.ErrnoException).code ?? '']
    if (why === undefined) throw faultOf(error)
    throw new InventoryError('folder', `the inventory cannot be kept in ${folder}: ${why}`, error)
  }
}

/** A package that only an inventory needs. @throws InventoryError where it is not installed */
export async function load<T>(name: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ERR_MODULE_NOT_FOUND' && code !== 'MODULE_NOT_FOUND') throw error
    const remedy = process.versions.bun
      ? 'this program has none inside, so give it an inventory in PostgreSQL'
      : `npm install ${name}`
    throw new InventoryError('package', `an inventory needs the package ${name}: ${remedy}`, error)
  }
}

/** Runs it again where others were in the way, which had come first then. @throws what it throws the third time */
export async function untilFree<T>(run: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await run()
    } catch (error) {
      if (tries === 3 || !(error instanceof InventoryError) || error.kind !== 'busy') throw error
    }
  }
}
