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
    plugins: [data, joinQuestions(isOfFleets, [COMMON]), shareCommon],
  })
  const short = shortenNames(outputFiles.map(({ path }) => basename(path)))
  for (const { path, text } of outputFiles)
    await writeFile(join(outdir, short(basename(path))), await commonJs(short(text), form))
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

/**
 * One of esbuild's files as CommonJS. `import()` of another one becomes `require`, and of js-yaml; that of another
 * package stays, since it may be ESM only. Exports are values: esbuild would write a getter for each, which takes longer to
 * load, and for each `import()` helpers that none needs.
 */
async function commonJs(module, form) {
  const exports = list => `module.exports={${list.replace(/([\w$]+) as ([\w$]+)/g, '$2:$1')}};`
  const plain = module
    .replace(/\bexport\{([^}]*)\};\s*$/, (_, list) => exports(list))
    .replace(/\bimport\(("(?:\.\/[^"]+\.cjs|js-yaml)")\)/g, 'Promise.resolve(require($1))')
  const { code } = await transform(plain, {
    ...TARGET,
    ...form,
    format: 'cjs',
    logOverride: { 'commonjs-variable-in-esm': 'silent' },
  })
  return code
}

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
      contents: `import ${JSON.stringify(LITTLE.test(path) ? CONTEXT : COMMON)}; export * from ${JSON.stringify(path)}`,
      resolveDir: process.cwd(),
    }))
  },
}
