// Builds the code of the package: parts, which are ES modules that both the library and the command load when they need
// them, and the command's two programs, which load parts as CommonJS (src/cli/main.ts). An ES module as the entry costs
// 6 ms more to start on Node 20.
import { readFileSync } from 'node:fs'
import { chmod, writeFile } from 'node:fs/promises'
import { basename, join, relative, resolve } from 'node:path'
import { build } from 'esbuild'
import { dataBeside } from './data.mjs'
import { importsThatJoin } from './join-files.mjs'
import { isOfFleets, joinQuestions } from './join-questions.mjs'
import { withImportsFirst } from './parts.mjs'
import { markPure } from './pure.mjs'

const TARGET = { target: 'node20', platform: 'node' }

/** The command's programs, the part that each starts with, and the function of it that runs. */
const PROGRAMS = [
  ['cli.cjs', './src/cli/command-line.ts', 'runProgram'],
  ['worker.cjs', './src/cli/worker.ts', 'answerMessages'],
]

/** The library's entries. */
const LIBRARY = { index: './src/index.ts', async: './src/async.ts', node: './src/node.ts' }

/** What runs the command line: each command needs some of it. */
const START = './src/cli/command-line.ts'

/** With what this command needs other commands find all that they share. */
const COMMON = './src/cli/virsh/cpu-baseline.ts'

/** What of it runs in browsers too: what all parts of the library share. */
const PURE = [
  './src/questions/baseline/pool.ts',
  './src/questions/question.ts',
  './src/questions/input/definition-of.ts',
  './src/formats/read-chunks.ts',
  './src/formats/decode-bytes.ts',
  './src/formats/libvirt/find-cpus.ts',
  './src/core/cpuid-walk.ts',
]

/** The first thing that every command loads, and a command that needs little more: they do without the rest. */
const CONTEXT = ['./src/questions/context.ts', './src/questions/question.ts', './src/arch/operations.ts']
const LITTLE = /\/questions\/context\.ts$|\/virsh\/cpu-models\.ts$/

/** What the package depends on, but for two that are small and that most commands need. */
function externals() {
  const { dependencies, peerDependencies } = JSON.parse(readFileSync('package.json', 'utf8'))
  return Object.keys({ ...dependencies, ...peerDependencies })
    .filter(name => name !== 'valibot' && name !== 'picocolors')
    .flatMap(name => [name, `${name}/*`])
}

/**
 * @param {string} outdir
 * @param {import('esbuild').BuildOptions} shared
 * @param {import('esbuild').Plugin} data how the command reads data files
 * @param {Pick<import('esbuild').BuildOptions, 'minify' | 'sourcemap'>} form
 */
export async function buildCode(outdir, shared, data, form = { minify: true }) {
  const parts = PROGRAMS.map(([, path]) => [`part-${basename(path, '.ts')}`, path])
  const buildWith = (more = new Map()) =>
    build({
      ...shared,
      ...TARGET,
      ...form,
      entryPoints: { ...LIBRARY, ...Object.fromEntries(parts) },
      outdir,
      splitting: true,
      metafile: true,
      chunkNames: 'part-[name]-[hash]',
      external: externals(),
      plugins: [
        dataBeside,
        joinQuestions(isOfFleets, [...PURE, ...(more.get('joined:questions') ?? [])]),
        shareCommon(more),
      ],
    })
  const { metafile } = await buildWith()
  const { outputFiles } = await buildWith(importsThatJoin(metafile))
  const short = shortenNames(outputFiles.map(({ path }) => basename(path)))
  // Marks would move what source maps point to, and count as functions that run.
  const marked = form.minify ? markPure : module => module
  const modules = new Map(
    outputFiles.map(({ path, text }) => [
      short(basename(path)),
      withImportsFirst(marked(withoutReports(short(text)))),
    ]),
  )
  const sources = takeSources(modules)
  for (const [name, text] of modules) await writeFile(join(outdir, name), atSources(text, sources))
  for (const [name, path, main] of PROGRAMS) {
    const part = `./part-${basename(path, '.ts')}.js`
    const { file = part, exports = [] } = sources.get(part) ?? {}
    const [, theirs = main] = exports.find(([own]) => own === main) ?? []
    await writeFile(join(outdir, name), await programOf(shared, data, form, file, theirs))
  }
  await chmod(join(outdir, 'cli.cjs'), 0o755)
}

/** The loader of parts, with the part that it starts with, and the name of what runs the program there. */
async function programOf(shared, data, form, part, main) {
  const { outputFiles } = await build({
    ...shared,
    ...TARGET,
    ...form,
    format: 'cjs',
    entryPoints: ['./src/cli/main.ts'],
    plugins: [data],
    define: { ...shared.define, __PART__: JSON.stringify(part), __MAIN__: JSON.stringify(main) },
  })
  return outputFiles[0].text
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
    const [, part] = /^part-([\w-]+)-[A-Z0-9]{8}\.js$/.exec(name) ?? []
    if (part === undefined) continue
    const own = part === 'chunk' || used.has(part) ? String(short.size) : part
    used.add(own)
    short.set(name, `part-${own}.js`)
  }
  return text => text.replace(/\bpart-[\w-]+-[A-Z0-9]{8}\.js/g, name => short.get(name) ?? name)
}

/**
 * What people read is loaded by the command alone (`load` of src/cli/main.ts). Bundlers would make a file of everything that is
 * imported when it is needed, and keep all that such files share.
 */
const withoutReports = module => module.replace(/(\breport:async\(\)=>[\w$(]*\(await )import\(/g, '$1load(')

/** @typedef {{ file: string, exports: [own: string, their: string][] }} Source a file that has what another one only names */

/**
 * Where a part is needed by others too, esbuild's file of that name only says in which other file it is. Whoever imports
 * it when it is needed reads that one: each file takes 0.1 ms to open. Removes such files.
 * @param {Map<string, string>} modules by file
 * @returns {Map<string, Source>} of them
 */
function takeSources(modules) {
  const sources = new Map()
  for (const [name, module] of modules) {
    const [, list, file, exports] =
      /^import\s*\{([^}]*)\}\s*from\s*"(\.\/[^"]+)";\s*export\s*\{([^}]*)\};\s*$/.exec(module) ?? []
    if (list === undefined || !name.startsWith('part-')) continue
    const exported = new Map(pairs(list).map(([their, local]) => [local, their]))
    const found = pairs(exports).map(([local, own]) => [own, exported.get(local)])
    sources.set(`./${name}`, { file, exports: found })
    modules.delete(name)
  }
  return sources
}

/** A module that imports what is needed from where it is. */
const atSources = (module, sources) =>
  module.replace(/\b(import|load)\("(\.\/[^"]+)"\)/g, (whole, call, name) => {
    const { file, exports } = sources.get(name) ?? {}
    const taken = exports?.map(([own, their]) => `${own}:e.${their}`)
    return taken ? `${call}("${file}").then(e=>({${taken}}))` : whole
  })

/** `a as b, c` as pairs: `a`, `b` and `c`, `c`. */
const pairs = list =>
  list.split(',').map(item => {
    const [from, to = from] = item.trim().split(/\s+as\s+/)
    return [from, to]
  })

/** @param {string} path of a part */
function sharedBy(path) {
  if (/\/(?:command-line|async)\.ts$/.test(path)) return []
  if (LITTLE.test(path)) return [START, ...CONTEXT]
  return /\/src\/(?:cli|host)\/|\/node\.ts$/.test(path) ? [START, COMMON] : PURE
}

/**
 * Each part, a module that is imported when it is needed, imports what is common too. esbuild puts two modules into
 * one file if the same parts need both: else the common code lies in fifty files, each 0.13 ms to open. Paths are those in the
 * tree: esbuild's names of files, by which they are ordered, come of them, and a build elsewhere must be the same.
 */
const shareCommon = more => ({
  name: 'share-common',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^[./].*\.ts$/ }, ({ kind, path, resolveDir }) =>
      kind === 'dynamic-import' || kind === 'entry-point'
        ? { path: `./${relative(process.cwd(), resolve(resolveDir, path))}`, namespace: 'part' }
        : { path: resolve(resolveDir, path), sideEffects: true },
    )
    onLoad({ filter: /./, namespace: 'part' }, ({ path }) => ({
      contents: [
        ...[...sharedBy(path), ...(more.get(`part:${path}`) ?? [])].map(
          shared => `import ${JSON.stringify(shared)}`,
        ),
        `export * from ${JSON.stringify(path)}`,
      ].join('\n'),
      resolveDir: process.cwd(),
    }))
  },
})
