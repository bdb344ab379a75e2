// Prints the files of src that really run: those of which at least one function is called.
//   node scripts/trace.mjs cpu-baseline A B
//   node scripts/trace.mjs --post /v1/baseline REQUEST.json     what answering one request adds to a server

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { SourceMap } from 'node:module'
import { tmpdir } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildCommand } from './build-command.mjs'
import { buildPage } from './build-page.mjs'
import { dataStrings } from './data.mjs'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const FROM = process.cwd()
process.chdir(ROOT)
/** Beside dist, since the command reads ../data. */
const BUILT = join(ROOT, '.trace')

/** The command, readable and with its sources' places. */
async function buildTraced() {
  const shared = {
    bundle: true,
    write: false,
    format: 'esm',
    loader: { '.rng': 'text' },
    define: { __VERSION__: '"traced"' },
  }
  await mkdir(BUILT, { recursive: true })
  await buildCommand(BUILT, shared, { sourcemap: 'inline' })
  await buildPage(BUILT, { ...shared, plugins: [dataStrings()] })
}

/**
 * How often each function of our sources is called in a process and its threads.
 * @param {readonly string[]} args
 * @param {(url: string) => Promise<void>} [whenUp] what to do with a server, which is then stopped
 * @returns {Promise<Map<string, Map<string, number>>>} by file, by function
 */
async function callsOf(args, whenUp) {
  const folder = await mkdtemp(join(tmpdir(), 'virt-cpu-trace-'))
  try {
    const child = spawn(process.execPath, [join(BUILT, 'cli.cjs'), ...args], {
      cwd: FROM,
      env: { ...process.env, NODE_V8_COVERAGE: folder },
      stdio: ['inherit', 'pipe', 'inherit'],
    })
    const ended = once(child, 'exit')
    if (whenUp) {
      const [line] = await once(child.stdout, 'data')
      await whenUp(/http:\S+/.exec(String(line))?.[0] ?? '')
      child.kill('SIGTERM')
    } else child.stdout.resume()
    await ended
    const calls = new Map()
    for (const name of await readdir(folder))
      await addCalls(calls, JSON.parse(await readFile(join(folder, name), 'utf8')).result)
    return calls
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function addCalls(calls, scripts) {
  for (const { url, functions } of scripts) {
    if (!url.startsWith('file:') || !fileURLToPath(url).startsWith(BUILT)) continue
    const code = await readFile(fileURLToPath(url), 'utf8')
    const place = placesOf(code)
    for (const { functionName, ranges } of functions) {
      const [{ startOffset, endOffset, count }] = ranges
      const isModule = endOffset - startOffset >= code.trimEnd().length - 100
      const file = count > 0 && !isModule ? place(startOffset) : undefined
      if (file === undefined) continue
      const known = calls.get(file) ?? new Map()
      const key = `${functionName}@${startOffset}`
      calls.set(file, known.set(key, (known.get(key) ?? 0) + count))
    }
  }
}

/** Which of our sources an offset of a built file comes from; undefined for what esbuild adds and for packages. */
function placesOf(code) {
  const [, encoded] = /sourceMappingURL=data:application\/json;base64,(\S+)\s*$/.exec(code) ?? []
  if (!encoded) return () => undefined
  const map = new SourceMap(JSON.parse(Buffer.from(encoded, 'base64').toString()))
  const starts = [0]
  for (let at = code.indexOf('\n'); at >= 0; at = code.indexOf('\n', at + 1)) starts.push(at + 1)
  return offset => {
    const line = starts.findLastIndex(start => start <= offset)
    const entry = map.findEntry(line, offset - starts[line])
    if (entry.generatedLine !== line) return undefined
    const file = relative(ROOT, resolve(BUILT, entry.originalSource))
    return file.startsWith('src/') ? file : undefined
  }
}

/** The files in which a function is called more often than before. */
const filesOf = (calls, before = new Map()) =>
  [...calls]
    .filter(([file, functions]) => [...functions].some(([key, n]) => n > (before.get(file)?.get(key) ?? 0)))
    .map(([file]) => file)
    .sort()

async function postedFiles(path, file) {
  const body = await readFile(resolve(FROM, file))
  const post = async url => {
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(new URL(path, url), { method: 'POST', headers, body })
    if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`)
    await response.text()
  }
  const serve = ['serve', '--port', '0']
  // A server that answers has begun to listen for the signal that ends it.
  const idle = await callsOf(serve, async url => void (await (await fetch(new URL('/healthz', url))).text()))
  return filesOf(await callsOf(serve, post), idle)
}

const args = process.argv.slice(2)
await buildTraced()
try {
  const files = args[0] === '--post' ? await postedFiles(args[1], args[2]) : filesOf(await callsOf(args))
  for (const file of files) console.log(file)
  const layers = {}
  for (const file of files) {
    const layer = file.split('/')[1]
    layers[layer] = (layers[layer] ?? 0) + 1
  }
  const counts = Object.entries(layers).map(([layer, count]) => `${layer} ${count}`)
  console.log(`${files.length} files: ${counts.join(', ')}`)
} finally {
  await rm(BUILT, { recursive: true, force: true })
}
