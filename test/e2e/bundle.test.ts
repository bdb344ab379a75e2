import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build, type Metafile } from 'esbuild'
import { afterAll, expect, test } from 'vitest'
import * as later from '../../src/async.ts'
import * as library from '../../src/index.ts'
import { runProcess } from '../cli/virt-cpu.ts'

/** What a bundler makes of a program that imports one function of the package. docs/library.md has the figures. */

const root = join(import.meta.dirname, '..', '..')
const scratch = mkdtempSync(join(tmpdir(), 'virt-cpu-bundle-'))
symlinkSync(join(root, 'node_modules'), join(scratch, 'node_modules'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const KB = 1000

/** Functions that read texts in any format, and those that read whole fleets: the readers alone are 45 KB. */
const LARGER: Readonly<Record<string, number>> = {
  ...of(75, 'domcapabilities hypervisorCpuCompare verify'),
  ...of(140, 'baseline decode guestCheck hypervisorCpuBaseline parseCpus streamCpus'),
  ...of(
    205,
    'advise audit check convert doctor drain drift explain fits hosts level migrate models pools whatIf',
  ),
  // It answers every question at once; `virt-cpu/async` has one that loads them.
  ask: 310,
}

function of(most: number, names: string): Record<string, number> {
  return Object.fromEntries(names.split(' ').map(name => [name, most]))
}

interface Bundle {
  /** Of what is loaded at once, packed by gzip. */
  readonly bytes: number
  /** Whether the data is among it. */
  readonly hasData: boolean
}

async function bundleOf(entry: string, name: string): Promise<Bundle> {
  const { metafile, outputFiles } = await build({
    stdin: {
      contents: `export { ${name} } from './dist/${entry}'`,
      resolveDir: root,
      sourcefile: 'program.js',
    },
    bundle: true,
    minify: true,
    splitting: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'browser',
    absWorkingDir: root,
    outdir: scratch,
    external: ['libxml2-wasm', 'js-yaml'],
    logLevel: 'error',
  })
  const names = loadedAtOnce(metafile.outputs)
  const texts = outputFiles.filter(({ path }) => names.some(name => join(root, name) === path))
  expect(texts).toHaveLength(names.length)
  const inputs = names.flatMap(name => Object.keys(metafile.outputs[name]?.inputs ?? {}))
  return {
    bytes: gzipSync(texts.map(({ text }) => text).join(''), { level: 9 }).length,
    hasData: inputs.some(path => path.includes('lib-data')),
  }
}

/** The files that the program needs before it runs. */
function loadedAtOnce(outputs: Metafile['outputs']): string[] {
  const main = Object.keys(outputs).find(name => outputs[name]?.entryPoint === 'program.js') ?? ''
  const reached = new Set([main])
  for (const name of reached)
    for (const { kind, path, external } of outputs[name]?.imports ?? [])
      if (kind === 'import-statement' && !external) reached.add(path)
  return [...reached]
}

test.each(Object.keys(later))('a bundle of async %s is at most 3 KB', async name => {
  expect((await bundleOf('async.js', name)).bytes).toBeLessThanOrEqual(3 * KB)
})

test.each(Object.keys(library))(
  'a bundle of %s has the data apart, and is as small as it can be',
  async name => {
    const { bytes, hasData } = await bundleOf('index.js', name)
    expect(hasData).toBe(false)
    expect(bytes).toBeLessThanOrEqual((LARGER[name] ?? 60) * KB)
  },
)

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
