// Reading XML: microseconds a document, first 100 / first 1000 / warm, by the reader and by saxes alone.
// Each row is a process of its own, so that "first" is cold. Run: node bench/xml.mjs
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

/** A host's `<capabilities>`-like document: 59 features, of which each host lacks a few; numbers of its own. */
function makeDocument(n) {
  const names = Array.from({ length: 64 }, (_, i) => `feature-${(i * 7919) % 997}`)
  const lacking = new Set([n % 64, (n * 5) % 64, (n * 11) % 64, (n * 23) % 64, (n * 41) % 64])
  const features = names.filter((_, i) => !lacking.has(i)).slice(0, 59)
  return `<cpu>
  <arch>x86_64</arch>
  <model>Model-${n % 9}</model>
  <vendor>Intel</vendor>
  <microcode version='${1000 + (n % 300)}'/>
  <topology sockets='1' dies='1' cores='${8 << (n % 3)}' threads='2'/>
${features.map(name => `  <feature name='${name}'/>`).join('\n')}
</cpu>
`
}

async function build(into) {
  const { build } = await import('esbuild')
  const contents = `export { parseXml } from './src/xml/reader.ts'
    export { XmlReader } from './src/xml/reader.ts'
    export { saxesTree } from './test/xml/saxes-tree.ts'`
  const outfile = join(into, 'xml.mjs')
  await build({
    stdin: { contents, resolveDir: root },
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile,
    logLevel: 'error',
  })
  return outfile
}

/** Microseconds a call over `documents`, decoded from bytes each time as a file would be. */
function time(read, documents) {
  const start = process.hrtime.bigint()
  for (const bytes of documents) read(bytes.toString('latin1'))
  return Number(process.hrtime.bigint() - start) / 1000 / documents.length
}

async function row(bundle, way) {
  const { parseXml, XmlReader, saxesTree } = await import(pathToFileURL(bundle))
  const reader = new XmlReader({ onElement: () => {} })
  const stream = text => reader.write(text)
  // One entity sends the whole document the strict way.
  const strict = text => parseXml(text.replace('Intel', 'Inte&#108;'))
  const read = { document: parseXml, stream, strict, saxes: saxesTree }[way]
  const documents = Array.from({ length: 20_000 }, (_, n) => Buffer.from(makeDocument(n)))
  const first100 = time(read, documents.slice(0, 100))
  const next900 = time(read, documents.slice(100, 1000))
  time(read, documents)
  const warm = Math.min(...Array.from({ length: 5 }, () => time(read, documents)))
  const figures = [first100, first100 * 0.1 + next900 * 0.9, warm].map(figure =>
    figure.toFixed(1).padStart(12),
  )
  console.log(`${way.padEnd(10)}${figures.join('')}`)
}

const [way, bundle] = process.argv.slice(2)
if (way !== undefined) await row(bundle, way)
else {
  const folder = mkdtempSync(join(tmpdir(), 'virt-cpu-bench-'))
  const built = await build(folder)
  console.log(
    `us a document of ${makeDocument(0).length} characters\n          ${['first 100', 'first 1000', 'warm'].map(h => h.padStart(12)).join('')}`,
  )
  for (const each of ['document', 'stream', 'strict', 'saxes'])
    spawnSync(process.execPath, [fileURLToPath(import.meta.url), each, built], { stdio: 'inherit' })
  rmSync(folder, { recursive: true })
}
