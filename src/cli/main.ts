#!/usr/bin/env node
// The program: it loads the parts of the package as CommonJS, and keeps what is compiled of them.
import { readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Script } from 'node:vm'
import * as data from 'virtual:data'
import { asCommonJs, isPart } from '../../scripts/parts.mjs'
import { makeFolder } from '../host/files/write.ts'

declare const __VERSION__: string
/** The part that the program starts with, and the name of the function in it. */
declare const __PART__: string
declare const __MAIN__: string

/**
 * From this size on V8 does not copy a string when it collects garbage, nor does it collect sooner for it: large parts get
 * blanks at their end.
 */
const APART = 132 * 1024

/** What compiles in less time than it takes to read a second file is not kept. */
const LEAST = 8_000

type Program = Readonly<Record<string, () => Promise<void>>>

/** What the parts export, by the names that they have in each other. */
const loaded = new Map<string, { exports: unknown }>()

/** What was compiled for the first time, of which text. */
interface Fresh {
  readonly script: Script
  readonly text: string
}

/** The options of V8 that were set so far: it takes over only what was compiled under the same ones. */
let options = ''

/** By the file to keep it in. */
const fresh = new Map<string, Fresh>()

/** What `import()` does in a part. A package may be made of modules alone; js-yaml is CommonJS, which loads faster. */
async function load(id: string): Promise<unknown> {
  return /^(?:\.\/|node:|js-yaml$)/.test(id) ? requirePart(id) : import(id)
}

/** What `require` does in a part: parts are found by their names, for Node takes as long to find one as to read it. */
function requirePart(id: string): unknown {
  if (id === './data.js') return data
  if (!id.startsWith('./')) return require(id)
  let part = loaded.get(id)
  if (!part) {
    part = { exports: {} }
    loaded.set(id, part)
    compiled(id)(requirePart, part, __dirname, load)
  }
  return part.exports
}

type Part = (
  require: (id: string) => unknown,
  module: { exports: unknown },
  folder: string,
  load: (id: string) => Promise<unknown>,
) => void

/** A part is ASCII, which esbuild sees to. */
function compiled(id: string): Part {
  const filename = join(__dirname, id)
  const { size, mtimeMs } = statSync(filename)
  const place =
    folder === undefined || size < LEAST ? undefined : join(folder, `${id}-${size}-${mtimeMs}${options}`)
  const kept = place === undefined ? undefined : readKept(place)
  const text = kept?.text ?? standApart(asCommonJs(readFileSync(filename, 'latin1')))
  const script = new Script(text, { filename, cachedData: kept?.code })
  if (place !== undefined && script.cachedDataRejected !== false) fresh.set(place, { script, text })
  return script.runInThisContext()
}

/** A text with blanks at its end where it is large (`APART`). */
const standApart = (text: string): string => (text.length < APART / 2 ? text : text.padEnd(APART))

/**
 * The folder for what V8 compiles of the parts from run to run, `$XDG_CACHE_HOME/virt-cpu/code`: compiling took a third of the
 * time that `cpu-baseline` adds to Node's own. What is kept of another version of the command, of Node or of a file is not
 * used. `NODE_DISABLE_COMPILE_CACHE`, Node's own variable, turns it off; so does a folder that others than the user can
 * write to, for what is kept is run. It is made if it is missing; undefined: nothing is kept.
 */
function openFolder(): string | undefined {
  const { XDG_CACHE_HOME, HOME, NODE_DISABLE_COMPILE_CACHE, NODE_V8_COVERAGE } = process.env
  // What is kept cannot be counted by function.
  if (NODE_DISABLE_COMPILE_CACHE || NODE_V8_COVERAGE) return undefined
  const caches = XDG_CACHE_HOME || (HOME && join(HOME, '.cache'))
  if (!caches) return undefined
  const folder = join(caches, 'virt-cpu', 'code', `${__VERSION__}-${process.version}`)
  try {
    if (!statSync(folder, { throwIfNoEntry: false })) makeFolder(folder, 0o700)
    const { uid, mode } = statSync(folder)
    return uid === process.getuid?.() && (mode & 0o022) === 0 ? folder : undefined
  } catch {
    return undefined // a read-only or full disk
  }
}

/** The next run reads what is kept, with the functions that ran. */
function keepFresh(folder: string): void {
  if (fresh.size === 0) return
  try {
    for (const [place, part] of fresh) keep(place, part)
    fresh.clear()
    removeOutdated(folder)
  } catch {
    // a read-only or full disk: the next run compiles again
  }
}

/**
 * What is kept of a part: how long both are in 4 bytes each, the compiled code, and the text that it was compiled of, so that
 * the part itself need be neither read nor made CommonJS. Undefined: nothing, or not that.
 */
function readKept(path: string): { code: Buffer; text: string } | undefined {
  try {
    const bytes = readFileSync(path)
    const end = HEAD + bytes.readUInt32LE(0)
    if (bytes.length !== end + bytes.readUInt32LE(4)) return undefined
    const text = bytes.toString('latin1', end)
    return isPart(text) ? { code: bytes.subarray(HEAD, end), text } : undefined
  } catch {
    return undefined
  }
}

const HEAD = 8

/**
 * Whoever reads the file meanwhile sees the old one or the new one, whole. V8 does not notice damage, and what is damaged
 * ends the process: the file has its name only when it is on the disk.
 */
function keep(file: string, { script, text }: Fresh): void {
  const code = script.createCachedData()
  const head = Buffer.alloc(HEAD)
  head.writeUInt32LE(code.length, 0)
  head.writeUInt32LE(text.length, 4)
  const part = `${file}.${process.pid}`
  writeFileSync(part, Buffer.concat([head, code, Buffer.from(text, 'latin1')]), { mode: 0o600, flush: true })
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

const folder = openFolder()
if (folder !== undefined) {
  process.once('exit', () => keepFresh(folder))
  process.on('v8-option', (option: string) => {
    keepFresh(folder)
    options += option
  })
}
load(__PART__).then(part => (part as Program)[__MAIN__]?.())
