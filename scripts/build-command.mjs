// Builds the command: a small CommonJS entry, and beside it the parts that the sources import when they need them.
// An ESM entry costs 6 ms more to start on Node 20. esbuild splits ESM only: what it splits becomes CommonJS
// file by file.
import { chmod, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { build, transform } from 'esbuild'
import { isOfFleets, joinQuestions } from './join-questions.mjs'

const TARGET = { target: 'node20', platform: 'node' }

/** A worker is a program of its own: it is not imported. */
const WORKER = './src/cli/worker.ts'

/** What runs the command line: each part needs some of it. */
const START = './src/cli/command-line.ts'

/** With what this command needs most others find all that they share. */
const COMMON = './src/cli/virsh/cpu-baseline.ts'

/** The first thing that every command loads, and a command that needs little more: they do without the rest. */
const CONTEXT = './src/questions/context.ts'
const LITTLE = /\/questions\/context\.ts$|\/virsh\/cpu-models\.ts$/

/**
 * @param {string} outdir
 * @param {import('esbuild').BuildOptions} shared
 * @param {import('esbuild').Plugin} data how it reads data files
 * @param {Pick<import('esbuild').BuildOptions, 'minify' | 'sourcemap'>} form
 */
export async function buildCommand(outdir, shared, data, form = { minify: true }) {
  const { outputFiles } = await build({
    ...shared,
    ...TARGET,
    ...form,
    entryPoints: { cli: './src/cli/main.ts', worker: WORKER },
    outdir,
    splitting: true,
    chunkNames: 'cli-[name]-[hash]',
    outExtension: { '.js': '.cjs' },
    external: [
      'js-yaml',
      '@valibot/to-json-schema',
      'hono',
      '@hono/node-server',
      'libxml2-wasm',
      'libxml2-wasm/*',
    ],
    plugins: [data, joinQuestions(isOfFleets, [START, COMMON]), shareCommon],
  })
  const short = shortenNames(outputFiles.map(({ path }) => basename(path)))
  const modules = new Map(outputFiles.map(({ path, text }) => [short(basename(path)), short(text)]))
  const sources = sourcesOf(modules)
  for (const [name, module] of modules)
    if (!sources.has(name)) await writeFile(join(outdir, name), await commonJs(module, form, sources))
  await chmod(join(outdir, 'cli.cjs'), 0o755)
}

/**
 * Numbers instead of hashes in names of files: the files name each other three thousand times, and nothing packs a hash.
 * A part is called as its module where no two are.
 * @param {readonly string[]} names
 * @returns {(text: string) => string} the text with the names in it shortened
 */
function shortenNames(names) {
  const short = new Map()
  const used = new Set()
  for (const name of [...names].sort()) {
    const [, part] = /^cli-([\w-]+)-[A-Z0-9]{8}\.cjs$/.exec(name) ?? []
    if (part === undefined) continue
    const own = part === 'chunk' || used.has(part) ? String(short.size) : part
    used.add(own)
    short.set(name, `cli-${own}.cjs`)
  }
  return text => text.replace(/\bcli-[\w-]+-[A-Z0-9]{8}\.cjs/g, name => short.get(name) ?? name)
}

/** @typedef {{ file: string, exports: string }} Source the file that has what a module exports, and an object's content for it */

/**
 * Where a part is needed by others too, esbuild's file of that name only says in which other file it is. Whoever imports
 * it reads that one: each file takes 0.1 ms to open.
 * @param {ReadonlyMap<string, string>} modules by file
 * @returns {Map<string, Source>} of such files
 */
function sourcesOf(modules) {
  const sources = new Map()
  for (const [name, module] of modules) {
    const [, imports, exports] =
      /^((?:import\s*(?:\{[^}]*\}\s*from\s*)?"[^"]+";\s*)+)export\s*\{([^}]*)\};\s*$/.exec(module) ?? []
    if (imports === undefined) continue
    const named = [...imports.matchAll(/\{([^}]*)\}\s*from\s*"\.\/([^"]+)"/g)]
    const [[, list, file] = [], ...more] = named
    if (list === undefined || more.length > 0) continue
    const exported = new Map(pairs(list).map(([their, local]) => [local, their]))
    const found = pairs(exports).map(([local, own]) => `${own}:e.${exported.get(local)}`)
    sources.set(name, { file, exports: found.join(',') })
  }
  return sources
}

/** `a as b, c` as pairs: `a`, `b` and `c`, `c`. */
const pairs = list =>
  list.split(',').map(item => {
    const [from, to = from] = item.trim().split(/\s+as\s+/)
    return [from, to]
  })

/**
 * One of esbuild's files as CommonJS. `import()` of another one becomes `require`, and of js-yaml; that of another
 * package stays, since it may be ESM only. Exports are values: esbuild would write a getter for each, which takes longer to
 * load, and for each `import()` helpers that none needs.
 */
async function commonJs(module, form, sources) {
  const required = name => {
    const { file, exports } = sources.get(name) ?? {}
    return file ? `(e=>({${exports}}))(require("./${file}"))` : `require("./${name}")`
  }
  const exports = list => `module.exports={${list.replace(/([\w$]+) as ([\w$]+)/g, '$2:$1')}};`
  const plain = module
    .replace(/\bexport\{([^}]*)\};\s*$/, (_, list) => exports(list))
    .replace(/\bimport\("\.\/([^"]+\.cjs)"\)/g, (_, name) => `Promise.resolve(${required(name)})`)
    .replace(/\bimport\("js-yaml"\)/g, 'Promise.resolve(require("js-yaml"))')
  const { code } = await transform(plain, {
    ...TARGET,
    ...form,
    format: 'cjs',
    logOverride: { 'commonjs-variable-in-esm': 'silent' },
  })
  return code
}

/** @param {string} path of a part */
const sharedBy = path => (path.endsWith(basename(START)) ? [] : [START, LITTLE.test(path) ? CONTEXT : COMMON])

/**
 * Each part, a module that is imported when it is needed, imports what is common too. esbuild puts two modules into
 * one file if the same parts need both: else the common code lies in fifty files, each 0.13 ms to open.
 */
const shareCommon = {
  name: 'share-common',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^\..*\.ts$/ }, ({ kind, path, resolveDir }) =>
      kind === 'dynamic-import' || path === WORKER
        ? { path: join(resolveDir, path), namespace: 'part' }
        : undefined,
    )
    onLoad({ filter: /./, namespace: 'part' }, ({ path }) => ({
      contents: [
        ...sharedBy(path).map(shared => `import ${JSON.stringify(shared)}`),
        `export * from ${JSON.stringify(path)}`,
      ].join('\n'),
      resolveDir: process.cwd(),
    }))
  },
}
