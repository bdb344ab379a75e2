// The data files as the module `virtual:data`, which src/map/data.ts imports: as strings for the library, the page and
// the tests; the command reads the files that it needs from the package's folder.
import { readdirSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const DATA = join(ROOT, 'data')

/** Names below data/, `x86/features.txt`. */
const NAMES = readdirSync(DATA, { recursive: true, encoding: 'utf8' })
  .filter(name => name.endsWith('.txt'))
  .map(name => name.replaceAll('\\', '/'))
  .sort()

/**
 * @param {(name: string, text: string) => string} change
 * @param {readonly string[]} first which files come first
 */
const texts = (change = (_name, text) => text, first = []) =>
  Object.fromEntries(
    [...new Set([...first, ...NAMES])].map(name => [
      name,
      change(name, readFileSync(join(DATA, name), 'utf8')),
    ]),
  )

/** @param {Record<string, string>} files */
const moduleOf = files => `const files = ${JSON.stringify(files)}
  export const names = ${JSON.stringify(NAMES)}
  export const read = name => files[name]`

/** The module where nothing is packed: for programs that are no part of the package. */
export const dataModule = (change, first) => moduleOf(texts(change, first))

/** @param {() => string | Promise<string>} contents */
const plugin = contents => ({
  name: 'data',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^virtual:data$/ }, ({ path }) => ({ path, namespace: 'data' }))
    onLoad({ filter: /./, namespace: 'data' }, async () => ({
      contents: await contents(),
      resolveDir: ROOT,
    }))
  },
})

/** An esbuild plugin: the files as strings. */
export const dataStrings = (change, first) => plugin(() => dataModule(change, first))

/** The same, and beside them what is packed for a fast start. */
export const packedStrings = plugin(async () => moduleOf({ ...texts(), [PACKED]: await packed() }))

const PACKED = 'x86.packed'

/**
 * The files as files: only what is packed is written.
 * @param {string} folder where that is written, and where the program is that reads it
 * @param {string} data the path from there to the package's data
 */
export async function dataFiles(folder, data) {
  // Latin 1 is read faster than UTF-8.
  const escaped = character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  await writeFile(join(folder, PACKED), (await packed()).replace(/[\u0080-\uffff]/g, escaped))
  return plugin(
    () => `import { readFileSync } from 'node:fs'
      export const names = ${JSON.stringify(NAMES)}
      export const read = name => name === '${PACKED}'
        ? readFileSync(__dirname + '/${PACKED}', 'latin1')
        : names.includes(name) ? readFileSync(__dirname + '/${data}/' + name, 'utf8') : undefined`,
  )
}

/** The models and features of x86 as two lines of JSON (src/map/packed.ts), written by the very code that is being built. */
async function packed() {
  const { outputFiles } = await build({
    stdin: { contents: PACK, resolveDir: ROOT, loader: 'ts' },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    plugins: [dataStrings()],
  })
  const code = Buffer.from(outputFiles[0].contents).toString('base64')
  return (await import(`data:text/javascript;base64,${code}`)).text
}

const PACK = `
  import { CpuMap } from './src/map/cpu-map.ts'
  import { pack } from './src/map/packed.ts'
  export const text = pack(CpuMap.builtIn().of('x86'))
`
