#!/usr/bin/env node
// The program: it keeps what is compiled of the rest, and runs the rest.
import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { Script } from 'node:vm'

declare const __VERSION__: string

/** Smaller files compile in less time than it takes to read a second one. */
const LEAST = 8_000

/**
 * Keeps what V8 compiles of the command's files from run to run, in `$XDG_CACHE_HOME/virt-cpu/code`: compiling took a
 * third of the time that `cpu-baseline` adds to Node's own. What is kept of another version of the command, of Node or of
 * a file is not used. `NODE_DISABLE_COMPILE_CACHE`, Node's own variable, turns it off; so does a folder that others than
 * the user can write to, for what is kept is run.
 */
function keepCompiledCode(version: string): void {
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

/** Node's class of modules, by what `require.extensions` is too: loading `node:module` takes 0.3 ms. */
interface Loader {
  readonly _extensions: NodeJS.RequireExtensions
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

/** One of the command's files, as Node knows a module. */
interface Part {
  exports: unknown
  /** It imports packages, which only what Node itself has loaded can do. */
  imports?: true
}

/**
 * What Node does from 22.1 on. A file that is compiled for the first time is kept when the process ends, with the
 * functions that ran. The command's files find each other by name here: Node takes as long to find one as to read it.
 */
function compileWith(folder: string): void {
  // The sources run as modules, which no extension loads.
  if (typeof module === 'undefined') return
  const { _extensions: extensions } = module.constructor as unknown as Loader
  const loadAsNode = extensions['.js']
  const fresh = new Map<string, Script>()
  const parts = new Map<string, Part>()
  const requireFrom = (from: NodeModule) => (id: string) => {
    if (!id.startsWith('./')) return from.require(id)
    const known = parts.get(id)
    if (known) return known.exports
    const part: Part = { exports: {} }
    parts.set(id, part)
    load(join(__dirname, id), part, from)
    if (part.imports) part.exports = from.require(id)
    return part.exports
  }
  const load = (file: string, part: Part, from: NodeModule) => {
    const { source, kept } = readPart(file, folder)
    if (source.includes('import(')) {
      part.imports = true
      return
    }
    const script = new Script(source, {
      filename: file,
      cachedData: kept === undefined ? undefined : readKept(kept),
    })
    if (kept && script.cachedDataRejected !== false) fresh.set(kept, script)
    script.runInThisContext().call(part.exports, part.exports, requireFrom(from), part, file, __dirname)
  }
  extensions['.cjs'] = (module, file) => {
    if (dirname(file) !== __dirname) return loadAsNode(module, file)
    const id = `./${basename(file)}`
    const part = parts.get(id) ?? module
    if (part === module) {
      parts.set(id, part)
      load(file, part, module)
    }
    if ((part as Part).imports) loadAsNode(module, file)
    else module.exports = part.exports
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

const BEFORE = '(function(exports,require,module,__filename,__dirname){'
const AFTER = '\n})'

/**
 * One of the command's files as a function of what Node gives a module, and where its compiled code is kept: undefined for
 * a small one. The text is made once, as each copy of it is garbage that the start has to collect. It is ASCII, which
 * esbuild sees to.
 */
function readPart(file: string, folder: string): { source: string; kept: string | undefined } {
  const from = openSync(file, 'r')
  const { size, mtimeMs } = fstatSync(from)
  const text = Buffer.allocUnsafe(BEFORE.length + size + AFTER.length)
  text.write(BEFORE, 'latin1')
  text.write(AFTER, readSync(from, text, BEFORE.length, size, 0) + BEFORE.length, 'latin1')
  closeSync(from)
  const path = join(folder, `${basename(file)}-${size}-${mtimeMs}`)
  return { source: text.toString('latin1'), kept: size < LEAST ? undefined : path }
}

function readKept(path: string): Buffer | undefined {
  try {
    return readFileSync(path)
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

keepCompiledCode(__VERSION__)
import('./command-line.ts').then(async ({ runCommandLine }) => {
  process.exitCode = await runCommandLine(process.argv.slice(2))
  // Where nothing is under way, Node need not look for it, nor take its heap apart: 1 ms.
  if (process.getActiveResourcesInfo().length === 0) process.exit()
})
