// Runs a TypeScript entry that is no part of the package: node scripts/run-ts.mjs ENTRY [ARG…]
// Node 20 strips no types, so it is bundled into .cache/ first.
import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { dataStrings } from './data.mjs'

const [entry, ...args] = process.argv.slice(2)
if (!entry) throw new Error('which entry?')
const root = fileURLToPath(new URL('..', import.meta.url))
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const outfile = join(root, '.cache', basename(entry).replace(/\.ts$/, '.mjs'))
await build({
  entryPoints: [join(root, entry)],
  bundle: true,
  packages: 'external',
  platform: 'node',
  format: 'esm',
  target: 'node20',
  loader: { '.rng': 'text', '.sh': 'text' },
  define: { __VERSION__: JSON.stringify(version) },
  plugins: [dataStrings()],
  sourcemap: 'inline',
  outfile,
  logLevel: 'warning',
})
process.argv = [process.argv[0] ?? 'node', outfile, ...args]
await import(pathToFileURL(outfile).href)
