// Builds the command: one small CommonJS file to start, and beside it a file for each part that is loaded when
// it is needed. An ESM entry costs 6 ms more to start, and code shared by many small files 4 ms more than a
// file with all that a part needs, so what several parts need is in each of them.
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { build } from 'esbuild'
import { packed } from './packed.mjs'

/** Short names too: two milliseconds less to read at start. The library keeps its names. */
const FORM = { format: 'cjs', minifyWhitespace: true, minifySyntax: true, minifyIdentifiers: true }

/** Errors are told by their class, so all parts share these. */
const ERRORS = ['core/libvirt-error', 'core/parse-error', 'node/file-error', 'cli/spec']

/**
 * Modules that take a millisecond or more to load and are seldom needed; their first use requires them: saxes,
 * for unusual documents, and the data files as text, for what only explanations tell.
 */
const SELDOM = {
  saxes: {
    filter: /^saxes$/,
    entry: 'saxes',
    contents: `export function SaxesParser(options) { return new (real().SaxesParser)(options) }`,
  },
  texts: {
    filter: /^\.\/texts\.ts$/,
    entry: './src/database/texts.ts',
    contents: `export const TEXTS = {
      ${['features', 'models', 'walk', 'names', 'deps'].map(key => `get ${key}() { return real().TEXTS.${key} }`)}
    }`,
  },
}

/** @param {string} outdir @param {import('esbuild').BuildOptions} shared */
export async function buildCommand(outdir, shared) {
  const root = process.cwd()
  const chunks = join(outdir, 'chunks')
  await mkdir(chunks, { recursive: true })
  const parts = new Map([['cli', './src/cli/main.ts']])
  const options = { ...shared, ...FORM, external: ['libxml2-wasm', 'libxml2-wasm/*'] }

  const write = async (name, entry, plugins) => {
    const contents = [entry]
      .flat()
      .map(path => `export * from '${path}'`)
      .join('\n')
    const { outputFiles } = await build({
      ...options,
      plugins,
      stdin: { contents, resolveDir: root, loader: 'ts' },
    })
    const isMain = name === 'cli'
    const code = linked(outputFiles[0].text, isMain ? './chunks/' : './')
    const path = isMain ? join(outdir, 'cli.cjs') : join(chunks, `${name}.cjs`)
    await writeFile(path, isMain ? `#!/usr/bin/env node\n${code}` : code)
    if (isMain) await chmod(path, 0o755)
  }

  const plugins = [packedFile(chunks), shareErrors, seldom, partsOf(parts)]
  await write(
    'errors',
    ERRORS.map(path => `./src/${path}.ts`),
    [],
  )
  for (const [name, { entry }] of Object.entries(SELDOM)) await write(name, entry, [])
  // The map grows as files are found that others load.
  for (const [name, entry] of parts) await write(name, entry, plugins)
}

/** `import()` of a part of ours becomes `require`; that of a package stays, since the package may be ESM only. */
const linked = (code, folder) =>
  code
    .replace(/\bimport\("part:([^"]+)"\)/g, `Promise.resolve(require("${folder}$1.cjs"))`)
    .replace(/\brequire\("part:([^"]+)"\)/g, `require("${folder}$1.cjs")`)

/** What is imported when it is needed is a part of its own. */
const partsOf = parts => ({
  name: 'parts',
  setup: ({ onResolve }) =>
    onResolve({ filter: /^\./ }, ({ kind, path, resolveDir }) => {
      if (kind !== 'dynamic-import') return undefined
      const name = basename(path, '.ts')
      const entry = join(resolveDir, path)
      if ((parts.get(name) ?? entry) !== entry) throw new Error(`two parts are called ${name}`)
      parts.set(name, entry)
      return { path: `part:${name}`, external: true }
    }),
})

const shareErrors = {
  name: 'share-errors',
  setup: ({ onResolve }) =>
    onResolve({ filter: /^\./ }, ({ path, resolveDir }) =>
      ERRORS.some(shared => join(resolveDir, path).endsWith(`/src/${shared}.ts`))
        ? { path: 'part:errors', external: true }
        : undefined,
    ),
}

const seldom = {
  name: 'seldom',
  setup({ onResolve, onLoad }) {
    for (const [name, { filter, contents }] of Object.entries(SELDOM)) {
      onResolve({ filter }, () => ({ path: name, namespace: 'seldom' }))
      onLoad({ filter: new RegExp(`^${name}$`), namespace: 'seldom' }, () => ({
        contents: `let loaded; const real = () => (loaded ??= require('part:${name}'))\n${contents}`,
      }))
    }
    onResolve({ filter: /^part:/ }, ({ path }) => ({ path, external: true }))
  },
}

/** The packed data as a file beside the code: JSON is read faster than a program that has it as a string. */
const packedFile = chunks => ({
  name: 'packed-file',
  setup(plugin) {
    packed.setup({
      ...plugin,
      onLoad: (filter, load) =>
        plugin.onLoad(filter, async args => {
          const { contents } = await load(args)
          const escaped = character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
          await writeFile(join(chunks, 'x86.packed'), contents.replace(/[\u0080-\uffff]/g, escaped))
          return {
            contents: `import { readFileSync } from 'node:fs'
              export default readFileSync(__dirname + '/x86.packed', 'latin1')`,
          }
        }),
    })
  },
})
