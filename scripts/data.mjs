// The data files as the module `virtual:data`, which src/map/data.ts imports: as strings in the page and the tests; the
// library and the command read one file beside them.
import { createHash } from 'node:crypto'
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

/** @param {(name: string, text: string) => string} change */
const texts = (change = (_name, text) => text) =>
  Object.fromEntries(NAMES.map(name => [name, change(name, readFileSync(join(DATA, name), 'utf8'))]))

/** @param {Record<string, string>} files */
const moduleOf = files => `const files = ${JSON.stringify(files)}\n${READERS}`

/** The module where nothing is packed: for programs that are no part of the package. */
export const dataModule = change => moduleOf(texts(change))

/** What reads `files`. */
const READERS = `export const names = () => Object.keys(files)
export const read = name => files[name]
`

/** @param {() => string} contents */
const ofModule = contents => ({
  name: 'data',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^virtual:data$/ }, ({ path }) => ({ path, namespace: 'data' }))
    onLoad({ filter: /./, namespace: 'data' }, () => ({ contents: contents() }))
  },
})

/** An esbuild plugin: the files as strings. */
export const dataStrings = change => ofModule(() => dataModule(change))

/** An esbuild plugin: the module that `writeData` writes. */
export const dataBeside = {
  name: 'data',
  setup({ onResolve }) {
    onResolve({ filter: /^virtual:data$/ }, () => ({ path: './data.js', external: true }))
  },
}

const PACKED = ['x86.packed', 'x86-titles.packed']

/** A string of this size is not copied when V8 collects garbage, nor does it collect sooner for it. Blanks pack to nothing. */
const APART = 132 * 1024

/** Comments of whole lines are for who edits the files: a tenth of what they pack to. Lines keep their numbers. */
const withoutComments = (_name, text) => text.replace(/^#.*$/gm, '')

/**
 * Writes the files once for both the library and the command: as a module, a line each, from which the command reads
 * the lines that it needs; and for the command what is packed for a fast start. Parts import `data.js`, in whose place the
 * command puts its own reader. Bundlers for browsers take `data-apart.js` (package.json), which loads the data as a file of
 * its own beside the code; `require` cannot load a module that waits.
 * @param {string} folder where the programs are that read it
 * @returns an esbuild plugin: the command's reader
 */
export async function writeData(folder) {
  const lines = Object.entries(texts(withoutComments)).map(([name, text]) => [
    name,
    Buffer.from(JSON.stringify(text)),
  ])
  const places = {}
  const parts = [Buffer.from('export default {\n')]
  let position = parts[0].length
  for (const [name, line] of lines) {
    const key = Buffer.from(`${JSON.stringify(name)}:`)
    places[name] = [position + key.length, line.length]
    parts.push(key, line, Buffer.from(',\n'))
    position += key.length + line.length + 2
  }
  const all = Buffer.concat([...parts, Buffer.from('}\n')])
  // The name changes with what it holds, since the places do.
  const module = `lib-data-${createHash('sha256').update(all).digest('hex').slice(0, 8)}.js`
  await writeFile(join(folder, module), all)
  // Latin 1 is read faster than UTF-8.
  const escaped = character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  const written = await packed()
  for (const [i, name] of PACKED.entries())
    await writeFile(join(folder, name), written[i].replace(/[\u0080-\uffff]/g, escaped).padEnd(APART))
  const ways = {
    'data.js': `import files from './${module}'`,
    'data-apart.js': `const { default: files } = await import('./${module}')`,
  }
  for (const [name, way] of Object.entries(ways)) await writeFile(join(folder, name), `${way}\n${READERS}`)
  return ofModule(
    () => `import { closeSync, openSync, readFileSync, readSync } from 'node:fs'
      let parsed
      const places = () => (parsed ??= JSON.parse(${JSON.stringify(JSON.stringify(places))}))
      export const names = () => Object.keys(places())
      export function read(name) {
        if (${JSON.stringify(PACKED)}.includes(name)) return readFileSync(__dirname + '/' + name, 'latin1')
        const place = places()[name]
        if (!place) return undefined
        const line = Buffer.alloc(place[1])
        const file = openSync(__dirname + '/${module}')
        readSync(file, line, 0, line.length, place[0])
        closeSync(file)
        return JSON.parse(line.toString())
      }`,
  )
}

/**
 * Writes each file, and what is packed of them, into a folder: a program that Bun compiles reads embedded files whole.
 * @param {string} folder
 * @returns an esbuild plugin: the reader of these files
 */
export async function writeDataFiles(folder) {
  const written = await packed()
  const all = [...Object.entries(texts(withoutComments)), ...PACKED.map((name, i) => [name, written[i]])]
  for (const [name, text] of all) await writeFile(join(folder, flat(name)), text)
  return ofModule(
    () => `import { readFileSync } from 'node:fs'
      const all = ${JSON.stringify(NAMES)}
      export const names = () => all
      export const read = name => all.includes(name) || ${JSON.stringify(PACKED)}.includes(name)
        ? readFileSync(__dirname + '/' + name.replaceAll('/', '~'), 'utf8') : undefined`,
  )
}

/** The name of a file where there are no folders. */
const flat = name => name.replaceAll('/', '~')

/** The models and features of x86, and the features' titles, as JSON (src/map/packed.ts), written by the very code that is being built. */
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
  return (await import(`data:text/javascript;base64,${code}`)).texts
}

const PACK = `
  import { CpuMap } from './src/map/cpu-map.ts'
  import { pack } from './src/map/packed.ts'
  const { text, titles } = pack(CpuMap.builtIn().of('x86'))
  export const texts = [text, titles]
`
