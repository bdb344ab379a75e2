import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { type BuildOptions, build, type Metafile, type Plugin } from 'esbuild'
import { afterAll, beforeAll, expect, test } from 'vitest'
import * as library from '../../src/index.ts'
import { folderOf, runProcess } from '../cli/virt-cpu.ts'

/** What a bundler makes of a program that imports one function of the package. docs/library.md has the figures. */

const root = join(import.meta.dirname, '..', '..')
const scratch = mkdtempSync(join(tmpdir(), 'virt-cpu-bundle-'))
symlinkSync(join(root, 'node_modules'), join(scratch, 'node_modules'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const KB = 1000

/** Functions that read texts in any format, and those that read whole fleets: the readers alone are 45 KB. */
const LARGER: Readonly<Record<string, number>> = {
  ...of(68, 'domcapabilities verify'),
  ...of(135, 'baseline decode guestCheck hypervisorCpuBaseline parseCpus streamCpus'),
  ...of(
    190,
    'advise audit check convert doctor drain drift explain fits hosts level migrate models pools whatIf',
  ),
  // It answers every question at once; `virt-cpu/async` has one that loads them.
  ask: 290,
}

function of(most: number, names: string): Record<string, number> {
  return Object.fromEntries(names.split(' ').map(name => [name, most]))
}

/** How all programs of the package are bundled. */
const OPTIONS = {
  bundle: true,
  minify: true,
  write: false,
  metafile: true,
  format: 'esm',
  platform: 'browser',
  absWorkingDir: root,
  outdir: scratch,
  external: ['libxml2-wasm', 'js-yaml'],
  logLevel: 'error',
} as const satisfies BuildOptions

/** The data, which the program loads beside it. */
const dataApart: Plugin = {
  name: 'data-apart',
  setup({ onResolve }) {
    onResolve({ filter: /\/lib-data-/ }, ({ kind, path }) =>
      kind === 'dynamic-import' ? { path, external: true } : undefined,
    )
  },
}

const gzipped = (text: string): number => gzipSync(text, { level: 9 }).length

/** Bundles a program for each function of the main entry: what it is packed by gzip, and whether the data is in it. */
async function bundlesOf(names: readonly string[]) {
  const folder = folderOf(
    Object.fromEntries(
      names.map(name => [`${name}.js`, `export { ${name} } from '${join(root, 'dist', 'index.js')}'\n`]),
    ),
  )
  const { metafile, outputFiles } = await build({
    ...OPTIONS,
    entryPoints: names.map(name => join(folder, `${name}.js`)),
    plugins: [dataApart],
  })
  const inputs = new Map(
    Object.entries(metafile.outputs).map(([path, output]) => [basename(path), Object.keys(output.inputs)]),
  )
  return new Map(
    outputFiles.map(({ path, text }) => [
      basename(path, '.js'),
      {
        bytes: gzipped(text),
        hasData: (inputs.get(basename(path)) ?? []).some(input => input.includes('lib-data')),
      },
    ]),
  )
}

const names = Object.keys(library)
let bundles: Awaited<ReturnType<typeof bundlesOf>>
beforeAll(async () => {
  bundles = await bundlesOf(names)
})

test('all functions of async load 3 KB at once', async () => {
  const { metafile, outputFiles } = await build({
    ...OPTIONS,
    stdin: { contents: `export * from './dist/async.js'`, resolveDir: root, sourcefile: 'program.js' },
    splitting: true,
  })
  const loaded = loadedAtOnce(metafile.outputs)
  const texts = outputFiles.filter(({ path }) => loaded.some(name => join(root, name) === path))
  expect(texts).toHaveLength(loaded.length)
  expect(gzipped(texts.map(({ text }) => text).join(''))).toBeLessThanOrEqual(3 * KB)
})

/** The files that the program needs before it runs. */
function loadedAtOnce(outputs: Metafile['outputs']): string[] {
  const main = Object.keys(outputs).find(name => outputs[name]?.entryPoint === 'program.js') ?? ''
  const reached = new Set([main])
  for (const name of reached)
    for (const { kind, path, external } of outputs[name]?.imports ?? [])
      if (kind === 'import-statement' && !external) reached.add(path)
  return [...reached]
}

test.each(names)('a bundle of %s has the data apart, and is as small as it can be', name => {
  const { bytes = Number.NaN, hasData } = bundles.get(name) ?? {}
  expect(hasData).toBe(false)
  expect(bytes).toBeLessThanOrEqual((LARGER[name] ?? 60) * KB)
})

test('a program that reads definitions and computes a baseline is a bundle of 45 KB', async () => {
  const { outputFiles } = await build({
    ...OPTIONS,
    stdin: { contents: `export { parseCpu, Pool } from './dist/index.js'`, resolveDir: root },
    plugins: [dataApart],
  })
  expect(gzipped(outputFiles.map(({ text }) => text).join(''))).toBeLessThanOrEqual(45 * KB)
})

test('a bundle runs, and answers as the library does', async () => {
  const program = join(scratch, 'program.mjs')
  writeFileSync(
    program,
    `import { cpuModels, name } from '${join(root, 'dist/index.js')}'
import * as later from '${join(root, 'dist/async.js')}'
const asked = [cpuModels({ arch: 'x86_64' }), name({ name: 'avx2' }), later.cpuModels({ arch: 'x86_64' }),
  later.name({ name: 'avx2' }), later.ask({ verb: 'tree', model: 'EPYC' })]
console.log(JSON.stringify(await Promise.all(asked)))`,
  )
  await build({
    entryPoints: [program],
    bundle: true,
    minify: true,
    splitting: true,
    format: 'esm',
    platform: 'browser',
    outdir: join(scratch, 'out'),
    external: ['libxml2-wasm', 'js-yaml'],
    logLevel: 'error',
  })
  const { stdout, stderr } = runProcess(process.execPath, [join(scratch, 'out', 'program.js')])
  const expected = [library.cpuModels({ arch: 'x86_64' }), library.name({ name: 'avx2' })]
  expect(JSON.parse(stdout || stderr)).toEqual([...expected, ...expected, library.tree({ model: 'EPYC' })])
})
