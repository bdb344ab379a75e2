// Prints the files of src that really run: those of which at least one function is called.
//   node scripts/trace.mjs cpu-baseline A B
//   node scripts/trace.mjs --post /v1/baseline REQUEST.json     what answering one request adds to a server
//   node scripts/trace.mjs --limits                             how many they are, beside the most that they may be

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { SourceMap } from 'node:module'
import { tmpdir } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildCode } from './build-code.mjs'
import { buildPage } from './build-page.mjs'
import { writeData } from './data.mjs'
import { asCommonJs } from './parts.mjs'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const FROM = process.cwd()
process.chdir(ROOT)
const BUILT = join(ROOT, `.trace-${process.pid}`)

/** As libvirt prints them. */
const HOSTS = ['examples/fleet/ice-01.xml', 'examples/fleet/cas-01.xml']

/** What docs/decisions/0011 counts, and the most files that may run for it. */
const LIMITS = [
  { what: 'cpu-baseline A B', most: 32, args: ['cpu-baseline', ...HOSTS] },
  { what: 'decode FILE', most: 45, args: ['decode', 'test/corpus/dumps/cpuid-r.txt'] },
  { what: 'POST /v1/baseline', most: 46, path: '/v1/baseline', cpus: HOSTS },
]

/** The command, readable and with its sources' places. */
async function buildTraced() {
  const shared = {
    bundle: true,
    write: false,
    format: 'esm',
    loader: { '.rng': 'text', '.sh': 'text' },
    define: { __VERSION__: '"traced"' },
  }
  await mkdir(BUILT, { recursive: true })
  const data = await writeData(BUILT)
  await buildCode(BUILT, shared, data, { sourcemap: 'inline' })
  await buildPage(BUILT, shared)
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
    const path = url.startsWith('file:') ? fileURLToPath(url) : url
    if (!path.startsWith(BUILT)) continue
    const text = await readFile(path, 'utf8')
    const code = path.endsWith('.js') ? asCommonJs(text) : text
    const place = placesOf(code, text)
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

/** Which of our sources an offset of what runs of a built file comes from; undefined for what esbuild adds and for packages. */
function placesOf(code, built) {
  const [, encoded] = /sourceMappingURL=data:application\/json;base64,(\S+)\s*$/.exec(built) ?? []
  if (!encoded) return () => undefined
  const map = new SourceMap(JSON.parse(Buffer.from(encoded, 'base64').toString()))
  const starts = [0]
  for (let at = code.indexOf('\n'); at >= 0; at = code.indexOf('\n', at + 1)) starts.push(at + 1)
  const lineOf = offset => {
    let [low, high] = [0, starts.length]
    while (high - low > 1) {
      const middle = (low + high) >> 1
      if (starts[middle] <= offset) low = middle
      else high = middle
    }
    return low
  }
  return offset => {
    const line = lineOf(offset)
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

/** What answering a request adds to a server that has refused an empty one, so that its worker has started. */
async function postedFiles(path, request) {
  const post = async (url, body) => {
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(new URL(path, url), { method: 'POST', headers, body })
    return { ok: response.ok, text: await response.text() }
  }
  const serve = ['serve', '--port', '0']
  const idle = await callsOf(serve, async url => void (await post(url, '{}')))
  const busy = await callsOf(serve, async url => {
    await post(url, '{}')
    const { ok, text } = await post(url, request)
    if (!ok) throw new Error(text)
  })
  return filesOf(busy, idle)
}

function print(files) {
  for (const file of files) console.log(file)
  const layers = {}
  for (const file of files) {
    const layer = file.split('/')[1]
    layers[layer] = (layers[layer] ?? 0) + 1
  }
  const counts = Object.entries(layers).map(([layer, count]) => `${layer} ${count}`)
  console.log(`${files.length} files: ${counts.join(', ')}`)
}

/** A line for each limit; the files too where they are too many. */
async function checkLimits() {
  for (const { what, most, args, path, cpus = [] } of LIMITS) {
    const texts = await Promise.all(cpus.map(file => readFile(join(ROOT, file), 'utf8')))
    const files = path
      ? await postedFiles(path, JSON.stringify({ cpus: texts }))
      : filesOf(await callsOf(args.map(arg => (arg.includes('/') ? join(ROOT, arg) : arg))))
    console.log(`${what}: ${files.length} files run, at most ${most} may`)
    if (files.length <= most) continue
    print(files)
    process.exitCode = 1
  }
}

const args = process.argv.slice(2)
await buildTraced()
try {
  if (args[0] === '--limits') await checkLimits()
  else if (args[0] === '--post') print(await postedFiles(args[1], await readFile(resolve(FROM, args[2]))))
  else print(filesOf(await callsOf(args)))
} finally {
  await rm(BUILT, { recursive: true, force: true })
}
