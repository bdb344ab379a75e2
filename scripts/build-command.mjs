// Builds the command: one small CommonJS file to start, and beside it a file for each part that is loaded when
// it is needed. An ESM entry costs 6 ms more to start, and code shared by many small files 4 ms more than a
// file with all that a part needs, so what several parts need is in each of them.
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { build } from 'esbuild'
import { dataFiles } from './data.mjs'

/** Short names too: two milliseconds less to read at start. The library keeps its names. */
const FORM = { format: 'cjs', minifyWhitespace: true, minifySyntax: true, minifyIdentifiers: true }

/** Errors are told by their class, so all parts share these. */
const ERRORS = [
  'core/libvirt-error',
  'core/parse-error',
  'host/files/file-error',
  'host/probe-error',
  'cli/spec',
]

const late = name => `export const ${name} = (...given) => real().${name}(...given)`
const lateClass = name => `export function ${name}(options) { return new (real().${name})(options) }`

/**
 * Modules that take a millisecond or more to load and that the simplest runs do without; their first use
 * requires them. By the part they are in, each with what stands in its place.
 */
const SELDOM = {
  /** For unusual documents. */
  saxes: { saxes: lateClass('SaxesParser') },
  /** For documents other than hosts' as libvirt prints them. */
  documents: {
    './src/xml/reader.ts': [lateClass('XmlReader'), late('parseXml'), late('parseAll')].join('\n'),
    './src/formats/libvirt/parse-cpu.ts': late('parseCpu'),
    './src/formats/libvirt/input-element.ts': late('inputsOfElement'),
  },
  /** For an installed map. */
  'installed-map': { './src/map/libvirt/cpu-map.ts': late('readCpuMap') },
  /** For what is not XML, and rare. */
  'cpuid-device': {
    './src/host/files/cpuid-device.ts': [late('readCpuidDevice'), late('readCpuidText')].join('\n'),
  },
  'linux-flags': { './src/formats/dumps/linux-flags.ts': late('dumpOfFlags') },
  /** Architectures other than x86, with their data. */
  'other-architectures': { './src/arch/other-drivers.ts': late('otherDrivers') },
  /** The generations of IBM Z, for what libvirt does not answer of them. */
  generations: {
    './src/arch/s390x/beyond.ts': ['bestDetect', 'bestFold', 'overlooked', 'ownModels'].map(late).join('\n'),
  },
}

/** @param {string} outdir @param {import('esbuild').BuildOptions} shared */
export async function buildCommand(outdir, shared) {
  const root = process.cwd()
  const chunks = join(outdir, 'chunks')
  await mkdir(chunks, { recursive: true })
  const parts = new Map([
    ['cli', './src/cli/main.ts'],
    // A thread's program: it is not imported.
    ['answerer', './src/cli/worker.ts'],
  ])
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

  const data = await dataFiles(chunks, '../../data')
  const plugins = [data, shareErrors, seldom(Object.keys(SELDOM)), partsOf(parts)]
  await write(
    'errors',
    ERRORS.map(path => `./src/${path}.ts`),
    [],
  )
  for (const [name, modules] of Object.entries(SELDOM)) {
    const others = Object.keys(SELDOM).filter(other => other !== name)
    await write(name, Object.keys(modules), [data, shareErrors, seldom(others)])
  }
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

/** @param {readonly string[]} parts those whose modules are required late */
const seldom = parts => ({
  name: 'seldom',
  setup({ onResolve, onLoad }) {
    const standIns = new Map()
    for (const part of parts)
      for (const [module, contents] of Object.entries(SELDOM[part]))
        standIns.set(module.startsWith('.') ? join(process.cwd(), module) : module, { part, contents })
    onResolve({ filter: /^saxes$|\.ts$/ }, ({ path, resolveDir, kind }) => {
      const module = path.startsWith('.') ? join(resolveDir, path) : path
      const isOurs = kind === 'import-statement' && standIns.has(module)
      return isOurs ? { path: module, namespace: 'seldom' } : undefined
    })
    onLoad({ filter: /./, namespace: 'seldom' }, ({ path }) => {
      const { part, contents } = standIns.get(path)
      return { contents: `let loaded; const real = () => (loaded ??= require('part:${part}'))\n${contents}` }
    })
    onResolve({ filter: /^part:/ }, ({ path }) => ({ path, external: true }))
  },
})
