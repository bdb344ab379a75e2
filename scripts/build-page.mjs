// Builds the page: one HTML file with its style, its program and the worker's program in it, and nothing to load.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { build, transform } from 'esbuild'
import { unpacked } from './packed.mjs'

/** The fleet that the page shows to who has none at hand. */
const SAMPLE = 'examples/fleet'

/** @param {string} outdir @param {import('esbuild').BuildOptions} shared */
export async function buildPage(outdir, shared) {
  const [style, script, worker] = await Promise.all([
    transform(readFileSync('web/style.css', 'utf8'), { loader: 'css', minify: true, target: 'chrome120' }),
    program('web/main.tsx', shared),
    program('web/worker/main.ts', shared),
  ])
  const css = style.code.trim()
  const parts = {
    POLICY: policy(script, css),
    STYLE: css,
    WORKER: worker,
    SCRIPT: script,
  }
  const html = readFileSync('web/index.html', 'utf8').replace(
    /\b(?:POLICY|STYLE|WORKER|SCRIPT)\b/g,
    name => parts[name],
  )
  await writeFile(join(outdir, 'page.html'), html)
}

/** Only this very program and style run, and nothing is loaded from anywhere. */
const policy = (script, style) =>
  [
    "default-src 'none'",
    `script-src ${hash(script)}`,
    'worker-src blob:',
    // Widths and growth of bars are set one by one.
    `style-src-elem ${hash(style)}`,
    "style-src-attr 'unsafe-inline'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ')

const hash = text => `'sha256-${createHash('sha256').update(text).digest('base64')}'`

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
    plugins: [sampleFleet, unpacked, withoutGenerations],
  })
  // An HTML parser must not see the end of the element in it.
  return outputFiles[0].text.trim().replaceAll('</script', '<\\/script')
}

/** The page asks nothing that libvirt does not answer of s390x, so it does not carry what that takes. */
const withoutGenerations = {
  name: 'without-generations',
  setup: ({ onLoad }) =>
    onLoad({ filter: /src\/arch\/s390x\/beyond\.ts$/ }, () => ({
      contents: `const none = () => { throw new RangeError('the page has no s390x data') }
        export { none as bestDetect, none as bestFold, none as data, none as overlooked, none as ownModels }`,
    })),
}

const sampleFleet = {
  name: 'sample-fleet',
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /^sample:fleet$/ }, ({ path }) => ({ path, namespace: 'sample' }))
    onLoad({ filter: /./, namespace: 'sample' }, async () => {
      const names = (await readdir(SAMPLE, { recursive: true, withFileTypes: true })).filter(one =>
        one.isFile(),
      )
      const files = await Promise.all(
        names.map(async ({ name, parentPath }) => {
          const path = join(parentPath, name)
          return { path: path.slice('examples/'.length), text: await readFile(path, 'utf8') }
        }),
      )
      return { contents: JSON.stringify(files.sort((a, b) => (a.path < b.path ? -1 : 1))), loader: 'json' }
    })
  },
}
