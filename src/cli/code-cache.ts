import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { constants, Script } from 'node:vm'

/**
 * Keeps what V8 compiles of the command's files from run to run, in `$XDG_CACHE_HOME/virt-cpu/code`: compiling took a
 * third of the time that `cpu-baseline` adds to Node's own. What is kept of another version of the command, of Node or of
 * a file is not used. `NODE_DISABLE_COMPILE_CACHE`, Node's own variable, turns it off; so does a folder that others than
 * the user can write to, for what is kept is run.
 */
export function keepCompiledCode(version: string): void {
  // What is kept cannot be counted by function.
  if (process.env.NODE_DISABLE_COMPILE_CACHE || process.env.NODE_V8_COVERAGE) return
  const folder = openFolder(version)
  if (folder === undefined) return
  if (/^v2[01]\./.test(process.version)) compileWith(folder)
  else (process as Partial<Newer>).getBuiltinModule?.('node:module').enableCompileCache?.(folder)
}

/** What Node 22.1 and 22.3 brought. */
interface Newer {
  readonly getBuiltinModule: (name: 'node:module') => {
    readonly enableCompileCache?: (folder: string) => void
  }
}

/** The folder, made if it is missing; undefined: there is none that this user alone can write to. */
function openFolder(version: string): string | undefined {
  const { XDG_CACHE_HOME, HOME } = process.env
  const caches = XDG_CACHE_HOME || (HOME && join(HOME, '.cache'))
  if (!caches) return undefined
  const folder = join(caches, 'virt-cpu', 'code', `${version}-${process.version}`)
  try {
    makeFolder(folder)
    const { uid, mode } = statSync(folder)
    return uid === process.getuid?.() && (mode & 0o022) === 0 ? folder : undefined
  } catch {
    return undefined // a read-only or full disk
  }
}

/** Node's own way to make the folders above too never ends where the kernel says that there is no place, as in `/proc`. */
function makeFolder(folder: string): void {
  if (statSync(folder, { throwIfNoEntry: false })) return
  makeFolder(dirname(folder))
  mkdirSync(folder, { mode: 0o700 })
}

/** Smaller files compile in less time than it takes to read a second one. */
const LEAST = 20_000

/**
 * What Node does from 22.1 on. A file that is compiled for the first time is kept when the process ends, with the
 * functions that ran.
 */
function compileWith(folder: string): void {
  const fresh = new Map<string, Script>()
  const { extensions }: Partial<NodeJS.Require> = require
  // The sources run as modules, which no extension loads.
  if (!extensions) return
  const loadAsNode = extensions['.js']
  extensions['.cjs'] = (module, file) => {
    const { size, mtimeMs } = statSync(file)
    if (dirname(file) !== __dirname || size < LEAST) return loadAsNode(module, file)
    const kept = join(folder, `${basename(file)}-${size}-${mtimeMs}`)
    const script = new Script(
      `(function(exports,require,module,__filename,__dirname){${readFileSync(file, 'utf8')}\n})`,
      {
        filename: file,
        cachedData: readKept(kept),
        importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
      },
    )
    if (script.cachedDataRejected !== false) fresh.set(kept, script)
    const require = (id: string): unknown => module.require(id)
    script.runInThisContext().call(module.exports, module.exports, require, module, file, __dirname)
  }
  process.once('exit', () => {
    if (fresh.size === 0) return
    try {
      for (const [kept, script] of fresh) keep(kept, script)
      removeOutdated(folder)
    } catch {
      // a read-only or full disk: the next run compiles again
    }
  })
}

function readKept(file: string): Buffer | undefined {
  try {
    return readFileSync(file)
  } catch {
    return undefined
  }
}

/**
 * Whoever reads the file meanwhile sees the old one or the new one, whole. V8 does not notice damage, and what is damaged
 * ends the process: the file has its name only when it is on the disk.
 */
function keep(file: string, script: Script): void {
  const part = `${file}.${process.pid}`
  writeFileSync(part, script.createCachedData(), { mode: 0o600, flush: true })
  renameSync(part, file)
}

const MONTH = 30 * 24 * 60 * 60 * 1000

/** Removes what is kept of files that the command no longer has, and of versions that kept nothing for a month. */
function removeOutdated(folder: string): void {
  const files = readdirSync(__dirname)
  for (const name of readdirSync(folder))
    if (!files.some(file => name.startsWith(`${file}-`))) rmSync(join(folder, name))
  const all = dirname(folder)
  for (const name of readdirSync(all))
    if (Date.now() - statSync(join(all, name)).mtimeMs > MONTH) rmSync(join(all, name), { recursive: true })
}
