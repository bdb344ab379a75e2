// Builds dist/: the command as CommonJS with parts that are required when needed, and the ESM library.
//   node scripts/build.mjs            code only: what the tests need
//   node scripts/build.mjs --types    and the library's declarations
import { execFileSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { chmod, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, transform } from 'esbuild'
import { pack } from './pack-chunks.mjs'
import { packed } from './packed.mjs'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
process.chdir(ROOT)
const { version } = JSON.parse(readFileSync('package.json', 'utf8'))

const SHARED = {
  bundle: true,
  write: false,
  format: 'esm',
  target: 'node20',
  platform: 'node',
  loader: { '.txt': 'text', '.rng': 'text' },
  define: { __VERSION__: JSON.stringify(version) },
  plugins: [packed],
  logLevel: 'warning',
}

/** Less to read at start; names stay, for error reports. */
const FORM = { minifyWhitespace: true, minifySyntax: true, minifyIdentifiers: true, charset: 'ascii' }

/**
 * Modules that take a millisecond or more to load and are seldom needed are files of their own, which the first
 * use requires: saxes, for unusual documents, and the data files as text, for what only explanations tell.
 */
const SELDOM = {
  saxes: {
    filter: /^saxes$/,
    entry: 'saxes',
    contents: `export function SaxesParser(options) { return new (real().SaxesParser)(options) }`,
  },
  texts: {
    filter: /^\.\/texts\.ts$/,
    entry: 'src/database/texts.ts',
    contents: `export const TEXTS = {
      ${['features', 'models', 'walk', 'names', 'deps'].map(key => `get ${key}() { return real().TEXTS.${key} }`)}
    }`,
  },
}

const seldom = {
  name: 'seldom',
  setup({ onResolve, onLoad }) {
    for (const [name, { filter, contents }] of Object.entries(SELDOM)) {
      onResolve({ filter }, () => ({ path: name, namespace: 'seldom' }))
      onResolve({ filter: new RegExp(`^${name}\\.cjs$`) }, () => ({ path: `./${name}.cjs`, external: true }))
      onLoad({ filter: new RegExp(`^${name}$`), namespace: 'seldom' }, () => ({
        contents: `let loaded; const real = () => (loaded ??= require('${name}.cjs'))\n${contents}`,
        resolveDir: ROOT,
      }))
    }
  },
}

/** The packed data as a file beside the code: JSON is read faster than a program that has it as a string. */
const packedFile = outdir => ({
  name: 'packed-file',
  setup(plugins) {
    packed.setup({
      ...plugins,
      onLoad: (options, load) =>
        plugins.onLoad(options, async args => {
          const { contents } = await load(args)
          await mkdir(join(outdir, 'chunks'), { recursive: true })
          const ascii = contents.replace(/[\u0080-\uffff]/g, c => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
          await writeFile(join(outdir, 'chunks', 'x86.packed'), ascii)
          return {
            contents: `import { readFileSync } from 'node:fs'
              export default readFileSync(__dirname + '/x86.packed', 'latin1')`,
          }
        }),
    })
  },
})

/**
 * esbuild splits chunks only as ESM, and an ESM entry costs 6 ms more to start than a CommonJS one. So the
 * chunks are made as ESM, and each is turned into CommonJS. What every common command needs becomes one file.
 */
async function buildCommand(outdir) {
  const { outputFiles } = await build({
    ...SHARED,
    ...FORM,
    entryPoints: { cli: 'src/cli/main.ts' },
    outdir: 'dist',
    splitting: true,
    entryNames: '[name]',
    chunkNames: '[name]-[hash]',
    external: ['libxml2-wasm', 'libxml2-wasm/*'],
    plugins: [packedFile(outdir), seldom],
  })
  const chunks = new Map()
  for (const { path, text } of outputFiles) {
    const direct = text.replace(/__require\("\.\/(\w+)\.cjs"\)/g, 'require("./$1.cjs")')
    const { code } = await transform(direct, { ...FORM, format: 'cjs', platform: 'node', target: 'node20' })
    chunks.set(basename(path).replace(/\.js$/, '.cjs'), code)
  }
  const files = pack(chunks, 'cli.cjs', { core: ['arguments', 'run', 'cpu-models', 'builtin'], pool: ['cpu-baseline'] })
  await mkdir(join(outdir, 'chunks'), { recursive: true })
  for (const [name, code] of files)
    await writeFile(join(outdir, name === 'cli.cjs' ? '' : 'chunks', name), code)
  await chmod(join(outdir, 'cli.cjs'), 0o755)
  await build({
    ...SHARED,
    ...FORM,
    write: true,
    format: 'cjs',
    entryPoints: Object.fromEntries(Object.entries(SELDOM).map(([name, { entry }]) => [name, entry])),
    outdir: join(outdir, 'chunks'),
    outExtension: { '.js': '.cjs' },
  })
}

const buildLibrary = outdir =>
  build({
    ...SHARED,
    write: true,
    entryPoints: { index: 'src/index.ts', node: 'src/node.ts' },
    outdir,
    splitting: true,
    chunkNames: 'lib-[hash]',
    packages: 'external',
  })

/** The library's main entry must run in a browser: esbuild refuses what it imports of Node. */
const checkBrowser = () =>
  build({ ...SHARED, platform: 'browser', entryPoints: ['src/index.ts'], outdir: 'dist', logLevel: 'error' })

/** Builds beside dist/ and then swaps, so that a test running meanwhile never sees half a build. */
async function replaceDist() {
  const fresh = `dist.${process.pid}`
  try {
    await mkdir(fresh, { recursive: true })
    await Promise.all([buildCommand(fresh), buildLibrary(fresh), checkBrowser()])
    await mkdir('dist/chunks', { recursive: true })
    const old = await readdir('dist')
    const chunks = await readdir(join(fresh, 'chunks'))
    for (const name of chunks) await rename(join(fresh, 'chunks', name), join('dist/chunks', name))
    const files = (await readdir(fresh)).filter(name => name !== 'chunks')
    // Entries last: they name the new chunks.
    for (const name of files.sort(entriesLast)) await rename(join(fresh, name), join('dist', name))
    for (const name of old) {
      if (!files.includes(name) && name !== 'chunks' && name !== 'lib')
        await rm(join('dist', name), { recursive: true })
    }
    for (const name of await readdir('dist/chunks')) {
      if (!chunks.includes(name)) await rm(join('dist/chunks', name))
    }
  } finally {
    rmSync(fresh, { recursive: true, force: true })
  }
}

const entriesLast = (a, b) => Number(!a.startsWith('lib-')) - Number(!b.startsWith('lib-'))

await replaceDist()
if (process.argv.includes('--types')) {
  rmSync('dist/lib', { recursive: true, force: true })
  const tsc = 'node_modules/typescript/bin/tsc'
  execFileSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], { stdio: 'inherit' })
}
