// Builds dist/: the code of the library and the command, and the page.
//   node scripts/build.mjs            code only: what the tests need
//   node scripts/build.mjs --types    and the library's declarations
import { readFileSync, rmSync } from 'node:fs'
import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { buildCode } from './build-code.mjs'
import { buildPage } from './build-page.mjs'
import { dataBeside, writeData } from './data.mjs'
import { writeDeclarations } from './declarations.mjs'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
process.chdir(ROOT)
const { version } = JSON.parse(readFileSync('package.json', 'utf8'))

const SHARED = {
  bundle: true,
  write: false,
  format: 'esm',
  target: 'node20',
  platform: 'node',
  loader: { '.rng': 'text', '.sh': 'text' },
  define: { __VERSION__: JSON.stringify(version) },
  logLevel: 'warning',
  // Modules are named by where they are in the tree, wherever node_modules really is.
  preserveSymlinks: true,
}

/** The library's entries but `node` must run in a browser: esbuild refuses what it imports of Node. */
const checkBrowser = () =>
  build({
    ...SHARED,
    plugins: [dataBeside],
    platform: 'browser',
    entryPoints: ['src/index.ts', 'src/async.ts'],
    outdir: 'dist',
    logLevel: 'error',
  })

/** Builds beside dist/ and then swaps, so that a test running meanwhile never sees half a build. */
async function replaceDist() {
  const fresh = `dist.${process.pid}`
  try {
    await mkdir(fresh, { recursive: true })
    const data = await writeData(fresh)
    await Promise.all([buildCode(fresh, SHARED, data), buildPage(fresh, SHARED), checkBrowser()])
    await mkdir('dist', { recursive: true })
    const old = await readdir('dist')
    const files = await readdir(fresh)
    // Entries last: they name the new parts.
    for (const name of files.sort(entriesLast)) await rename(join(fresh, name), join('dist', name))
    for (const name of old) {
      if (!files.includes(name) && name !== 'lib') await rm(join('dist', name), { recursive: true })
    }
  } finally {
    rmSync(fresh, { recursive: true, force: true })
  }
}

const isPart = name => /^(?:part|lib)-/.test(name)
const entriesLast = (a, b) => Number(!isPart(a)) - Number(!isPart(b))

await replaceDist()
if (process.argv.includes('--types')) await writeDeclarations()
