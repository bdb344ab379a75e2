import { createReadStream, createWriteStream, existsSync } from 'node:fs'
import { access, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { count } from '../../core/text.ts'
import { addressOf, readToken } from '../../host/collect/server.ts'
import { codeOf, fileError } from '../../host/files/file-error.ts'
import type { ImportDone, Inventory } from '../../inventory/inventory.ts'
import { SCHEMA_VERSION } from '../../questions/question.ts'
import type { Arguments } from '../arguments.ts'
import type { Command } from '../command.ts'
import { openContext, type Session } from '../globals.ts'
import { Activity } from '../progress.ts'
import { readStore } from '../setting-values.ts'
import { CommandError, UsageError } from '../spec.ts'

const WHAT = ['export', 'import', 'recompute', 'tidy'] as const

export const command: Command = {
  spec: {
    name: 'inventory',
    description:
      'Keep the inventory of `serve --store`. export: write everything that it keeps, hosts with their history and texts, and ' +
      'decisions, as lines of JSON (no tokens, no audit log, no alerts). import: read such a file into it; what is stored ' +
      'stays, and what is later comes to it, so that it can be done again. recompute: read all texts anew, as after new CPU ' +
      'data. tidy: delete texts that no host and no history has. A file that ends in .parquet is Parquet, by the package @duckdb/node-api.',
    options: [
      {
        name: 'what',
        value: WHAT.join('|'),
        positional: 'one',
        required: true,
        words: WHAT,
        help: WHAT.join(', '),
      },
      {
        name: 'file',
        value: 'file',
        positional: 'one',
        help: 'the export to import, lines of JSON or FILE.parquet; absent or -: stdin',
      },
      {
        name: 'store',
        value: 'place',
        help: 'its folder, or the URL of a PostgreSQL database (or VIRT_CPU_SERVE_STORE, DATABASE_URL)',
      },
      { name: 'url', value: 'address', help: 'export: from this server, which has a folder open' },
      { name: 'token-file', value: 'file', help: 'the token for that server; else VIRT_CPU_TOKEN' },
      { name: 'pool', value: 'name', help: 'export: hosts that are in it now, and its decisions' },
      {
        name: 'output',
        value: 'file',
        help: 'export: into this file, as Parquet where it ends in .parquet; absent: to stdout',
      },
      { name: 'json', help: 'what was done, as JSON' },
    ],
    example: 'virt-cpu inventory import examples/inventory.ndjson --store "$(mktemp -d)"',
    style: 'own',
  },

  async run(args, session) {
    const what = args.get('what')
    checkOptions(args, what)
    if (what === 'export' && args.has('url')) return await write(args, await linesFrom(args))
    const inventory = await open(args, session, what === 'import')
    try {
      if (what === 'export') return await write(args, inventory.exportLines(args.get('pool')))
      return await DO[what as keyof typeof DO](inventory, args, session)
    } finally {
      await inventory.close()
    }
  },
}

/** Which of these options belong to which action. */
const OWN: Readonly<Record<string, readonly string[]>> = {
  export: ['url', 'token-file', 'pool', 'output'],
  import: ['file', 'json'],
  recompute: ['json'],
  tidy: ['json'],
}

/** @throws UsageError */
function checkOptions(args: Arguments, what: string | undefined): void {
  const own = OWN[what ?? '']
  if (!own) throw new UsageError(`inventory has ${WHAT.join(', ')}, not '${what}'`)
  for (const [other, options] of Object.entries(OWN)) {
    const wrong = options.find(option => args.has(option) && !own.includes(option))
    if (wrong === 'file') throw new UsageError(`inventory ${what} takes no file; export has --output FILE`)
    if (wrong !== undefined) throw new UsageError(`--${wrong} is of inventory ${other}, not of ${what}`)
  }
  if (args.has('url') && args.has('store')) throw new UsageError('give --store or --url, not both')
}

/** @param mayBeNew whether a folder without an inventory gets one @throws UsageError, CommandError, InventoryError */
async function open(args: Arguments, session: Session, mayBeNew: boolean): Promise<Inventory> {
  const { VIRT_CPU_SERVE_STORE, DATABASE_URL } = process.env
  const place = placeOf(args.get('store') ?? (VIRT_CPU_SERVE_STORE || DATABASE_URL || ''))
  if (!place) throw new UsageError('say which inventory: --store FOLDER or --store postgres://…')
  if ('folder' in place && !mayBeNew && !existsSync(join(place.folder, 'pg')))
    throw new CommandError([`there is no inventory in ${place.folder}`])
  const { openInventory } = await import('../../inventory/open.ts')
  return await openInventory(place, await openContext(session))
}

/** As `serve` reads its setting `store`. @throws UsageError */
function placeOf(text: string) {
  try {
    return readStore(text)
  } catch (error) {
    throw error instanceof UsageError ? new UsageError(`--store ${error.message}`) : error
  }
}

const DO = {
  async import(inventory: Inventory, args: Arguments, session: Session): Promise<number> {
    const path = args.get('file') ?? '-'
    const activity = await Activity.start('reading the export')
    try {
      return reportImport(await inventory.importLines(linesIn(path)), args, session)
    } finally {
      activity.end()
    }
  },

  async recompute(inventory: Inventory, args: Arguments, session: Session): Promise<number> {
    const activity = await Activity.start('reading all texts')
    const changed = await inventory.recompute().finally(() => activity.end())
    say(
      args,
      session,
      { changed },
      `${count(changed, 'host')}, now or before, are read otherwise than before`,
    )
    return 0
  },

  async tidy(inventory: Inventory, args: Arguments, session: Session): Promise<number> {
    const deleted = await inventory.tidy()
    say(args, session, { deleted }, `${count(deleted, 'text')} deleted that no host and no history has`)
    return 0
  },
}

function reportImport(done: ImportDone, args: Arguments, session: Session): number {
  const refused = done.refused.map(({ id, error }) => ({ host: id, why: error.message }))
  const words = [
    `${count(done.hosts, 'host')} read, ${done.changed} of them new here or changed`,
    `${count(done.decisions, 'decision')} new here`,
  ]
  say(args, session, { ...done, refused }, words.join('; '))
  if (!args.has('json')) for (const { host, why } of refused) session.err(`error: ${host}: ${why}\n`)
  return refused.length > 0 ? 1 : 0
}

const say = (args: Arguments, session: Session, answer: object, words: string): void =>
  session.out(
    args.has('json') ? `${JSON.stringify({ schema: SCHEMA_VERSION, ...answer }, null, 2)}\n` : `${words}\n`,
  )

/** @throws FileError */
async function* linesIn(path: string): AsyncGenerator<string> {
  try {
    const { isParquet, parquetLines } = await import('../../inventory/parquet.ts')
    if (isParquet(path)) {
      await access(path)
      return yield* parquetLines(path)
    }
    yield* linesOf(path === '-' ? process.stdin : createReadStream(path))
  } catch (error) {
    throw codeOf(error) === '' ? error : fileError('read', path, error)
  }
}

/** The lines of bytes, as they come. */
async function* linesOf(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest: string[] = []
  for await (const chunk of bytes) {
    const [first = '', ...more] = decoder.decode(chunk, { stream: true }).split('\n')
    rest.push(first)
    for (const next of more) {
      yield rest.join('')
      rest = [next]
    }
  }
  const last = rest.join('') + decoder.decode()
  if (last !== '') yield last
}

/** The lines of another server. @throws CommandError where it does not answer with them */
async function linesFrom(args: Arguments): Promise<AsyncIterable<string>> {
  const given = args.get('url') ?? ''
  if (!URL.canParse(given)) throw new UsageError(`--url takes an address, not '${given}'`)
  const address = addressOf(given, 'export')
  const pool = args.get('pool')
  if (pool !== undefined) address.searchParams.set('pool', pool)
  const token = readToken(args.get('token-file'))
  const headers: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {}
  const response = await fetch(address, { headers }).catch(error => {
    throw new CommandError([`${address}: cannot be reached: ${error.cause?.message ?? error.message}`])
  })
  if (response.ok && response.body) return linesOf(response.body)
  const { error } = (await response.json().catch(() => ({}))) as {
    readonly error?: { readonly message?: string }
  }
  throw new CommandError([`${address}: ${response.status}: ${error?.message ?? response.statusText}`])
}

/** Writes lines to stdout, or into a file that is there when it is whole. @throws FileError, CommandError */
async function write(args: Arguments, lines: AsyncIterable<string>): Promise<number> {
  const path = args.get('output')
  const part = path && `${path}.part`
  const output = part === undefined ? process.stdout : createWriteStream(part, { mode: 0o600 })
  let last = ''
  const texts = async function* () {
    for await (const line of lines) {
      last = line
      yield `${line}\n`
    }
    if (!/^\{"kind":"end"/.test(last)) throw new CommandError(['the export broke off before its end'])
  }
  try {
    await pipeline(texts, output, { end: part !== undefined })
    if (path !== undefined && part !== undefined) await finish(part, path)
    return 0
  } catch (error) {
    if (part !== undefined) await rm(part, { force: true })
    if (codeOf(error) === 'EPIPE' && part === undefined) return 0
    throw path === undefined || codeOf(error) === '' ? error : fileError('write', path, error)
  }
}

/** Puts the lines of an export in their place, in the form of its name. */
async function finish(part: string, path: string): Promise<void> {
  const { isParquet, writeParquet } = await import('../../inventory/parquet.ts')
  if (!isParquet(path)) return rename(part, path)
  const made = `${part}.parquet`
  try {
    await writeParquet(part, made)
    await rename(made, path)
    await rm(part)
  } finally {
    await rm(made, { force: true })
  }
}
