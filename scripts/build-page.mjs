// Builds the page: one HTML file with its style, its program and the worker's program in it, and nothing to load.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { minifySync } from 'oxc-minify'
import { dataStrings } from './data.mjs'
import { dataAlone, withoutExcerpts, withPureValues, withUsedMembers } from './page-lean.mjs'

/** Data that the page does without: CPUID's fields, others' names of features, ID registers of ARM, error texts, QEMU's words. */
const LEFT_OUT = [
  'catalogue.txt',
  'x86/fields.txt',
  'cpuid-labels.txt',
  'march.txt',
  'aliases.txt',
  'arm/names.txt',
  'arm/registers.txt',
  'errors.txt',
  'qemu-models.txt',
  'needs.txt',
  'upgrades.txt',
  'vulnerabilities.txt',
]

/** Where lines are continued, one line each; the sources of rules are not shown, nor what features are that are not x86's. */
function shorten(name, text) {
  if (/^(?!x86).*\/(?:features|hwcaps|registers)\.txt$/.test(name))
    return text.replace(/^( +\S+ \S+ \S \S+ ).+/gm, '$1')
  if (name === 'x86/kvm.txt') return text.replace(/ \[[^\]]*\]/g, ' [-]')
  // What Windows and compilers call a feature stands in none of the files that are dropped on the page.
  if (name === 'x86/names.txt') return text.replace(/\n {4,}/g, ' ').replace(/ (?:windows|gcc):\S+/g, '')
  return name === 'releases.txt' ? text.replace(/\n {4,}/g, ' ') : text
}

const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** The fleet that the page shows to who has none at hand. */
const SAMPLE = 'examples/forty'

/** Also what a server with an inventory adds to it. @param {string} outdir @param {import('esbuild').BuildOptions} shared */
export async function buildPage(outdir, shared) {
  const [css, script, worker, unpacker, start, { packPage }] = await Promise.all([
    styleOf('web/style/page.css'),
    program('web/main.tsx', shared),
    program('web/worker/main.ts', shared),
    program('web/unpacker.ts', shared),
    program('web/start.ts', shared),
    importTypeScript('web/shared/packing.ts'),
  ])
  const parts = {
    POLICY: policy([start, script], css),
    UNPACKER: unpacker,
    PACKED: Buffer.from(packPage(Buffer.from(`${css}\0${script}\0${worker}\0`))).toString('base64'),
    START: start,
  }
  const html = readFileSync('web/index.html', 'utf8').replace(
    /\b(?:POLICY|UNPACKER|PACKED|START)\b/g,
    name => parts[name],
  )
  await writeFile(join(outdir, 'page.html'), html)
  const [look, inventory] = await Promise.all([
    styleOf('web/inventory/inventory.css'),
    program('web/inventory/main.tsx', shared),
  ])
  const added = `<style class="served">${look}</style><script class="served">${inventory}</script>\n`
  await writeFile(join(outdir, 'inventory.html'), added)
}

/** A style sheet with all that it imports. */
async function styleOf(entry) {
  const { outputFiles } = await build({
    ...{ entryPoints: [entry], bundle: true, minify: true, target: 'chrome120', write: false },
  })
  return outputFiles[0].text.trim()
}

/** A module of the page, for the build: Node 20 strips no types. */
async function importTypeScript(path) {
  const { outputFiles } = await build({ entryPoints: [path], bundle: true, format: 'esm', write: false })
  return import(`data:text/javascript,${encodeURIComponent(outputFiles[0].text)}`)
}

/** Only these very programs and this style run, and nothing is loaded from anywhere. */
const policy = (scripts, style) =>
  [
    "default-src 'none'",
    `script-src ${scripts.map(hash).join(' ')}`,
    'worker-src blob:',
    // Widths and growth of bars are set one by one.
    `style-src-elem ${hash(style)}`,
    "style-src-attr 'unsafe-inline'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ')

const hash = text => `'sha256-${createHash('sha256').update(text).digest('base64')}'`

/** The page writes for fewer platforms. */
const fewPrinters = {
  name: 'few-printers',
  setup({ onResolve }) {
    onResolve({ filter: /\/printers\.ts$/ }, ({ importer }) =>
      importer.includes('/src/') ? { path: join(ROOT, 'web/worker/printers.ts') } : undefined,
    )
  },
}

/** The page leaves long readers of seldom files to the command. */
const fewReaders = {
  name: 'few-readers',
  setup({ onResolve }) {
    onResolve(
      {
        filter: /\/platforms\/(?:firecracker|guest-configs|host-reports|printed-registers|terraform)\.ts$/,
      },
      () => ({
        path: join(ROOT, 'web/worker/command-only.ts'),
      }),
    )
  },
}

/** Of the libraries only what is used. */
const usedParts = {
  name: 'used-parts',
  setup({ onLoad }) {
    const change = (filter, lean) =>
      onLoad({ filter }, async ({ path }) => ({ contents: lean(await readFile(path, 'utf8')) }))
    change(/\/js-yaml\.mjs$/, text => withPureValues(withoutExcerpts(text)))
    change(/\/dagre\.esm\.js$/, withUsedMembers)
  },
}

/** The page never checks its own answers: their schemas, with what describes each key, are left out. */
const withoutAnswerSchemas = {
  name: 'without-answer-schemas',
  setup({ onLoad }) {
    onLoad({ filter: /\/questions\/[\w-]+\/answer\.ts$/ }, async ({ path }) => {
      const names = (await readFile(path, 'utf8')).matchAll(/^export const (\w+)/gm)
      return {
        contents: Array.from(names, ([, name]) => `export const ${name} = { entries: {} }\n`).join(''),
      }
    })
  },
}

/** The page shows answers in displays of its own: the reports of the questions are never loaded. */
const withoutReports = {
  name: 'without-reports',
  setup({ onResolve }) {
    onResolve({ filter: /\/report\.ts$/ }, ({ kind, path }) =>
      kind === 'dynamic-import' ? { path, external: true } : undefined,
    )
  },
}

async function program(entry, shared) {
  const { outputFiles } = await build({
    ...shared,
    platform: 'browser',
    format: 'iife',
    target: 'es2022',
    minify: true,
    charset: 'utf8',
    legalComments: 'none',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    entryPoints: [entry],
    plugins: [
      sampleFleet,
      glossary,
      withoutReports,
      withoutAnswerSchemas,
      fewPrinters,
      fewReaders,
      usedParts,
      dataStrings((name, text) => (LEFT_OUT.includes(name) ? '' : shorten(name, dataAlone(text)))),
    ],
  })
  return asElement(renamed(outputFiles[0].text))
}

/** A program with the names of a second minifier: it gives the same name to what stands in the same place, which packs better. */
function renamed(program) {
  const { code, errors } = minifySync('page.js', program, { compress: { target: 'es2022' } })
  if (errors.length) throw new Error(errors[0].message)
  return code
}

/** An HTML parser must not see the end of the element in it, nor the unpacker the end of a part. */
const asElement = program => program.trim().replaceAll('</script', '<\\/script').replaceAll('\0', '\\0')

/** The list of `docs/glossary.md`, as the page shows it. */
const glossary = {
  name: 'glossary',
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /^docs:glossary$/ }, ({ path }) => ({ path, namespace: 'glossary' }))
    onLoad({ filter: /./, namespace: 'glossary' }, async () => {
      const text = await readFile('docs/glossary.md', 'utf8')
      const plain = [...text.matchAll(/^- (\*\*.+?\*\*): (.+)$/gm)].map(line =>
        line.slice(1).map(words => words.replace(/\*+/g, '')),
      )
      return { contents: JSON.stringify(Object.fromEntries(plain)), loader: 'json' }
    })
  },
}

const sampleFleet = {
  name: 'sample-fleet',
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /^sample:fleet$/ }, ({ path }) => ({ path, namespace: 'sample' }))
    onLoad({ filter: /./, namespace: 'sample' }, async () => {
      const names = (await readdir(SAMPLE, { recursive: true, withFileTypes: true })).filter(one =>
        one.isFile(),
      )
      const paths = names.map(({ name, parentPath }) => join(parentPath, name)).sort()
      const texts = await Promise.all(paths.map(path => readFile(path, 'utf8')))
      const once = [...new Set(texts)]
      // As `virt-cpu page --data` puts a fleet into the page.
      const files = paths.map((path, i) => [path.slice('examples/'.length), once.indexOf(texts[i])])
      return { contents: JSON.stringify({ texts: once, files }), loader: 'json' }
    })
  },
}
