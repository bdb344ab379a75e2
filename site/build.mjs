// Builds the documentation site into site/dist, from docs/ and from what the source has tables of: npm run build:site
// Needs what `npm run build` makes. `--base /virt-cpu/` is where the site will stand on its server; `/` if not given.
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { commandPages } from './parts/commands.mjs'
import { deadLinks } from './parts/links.mjs'
import { questionPages, questionSchemas } from './parts/questions.mjs'
import { Sources } from './parts/sources.mjs'
import { dialectsPage, featuresPage, modelsPage, routesPage } from './parts/tables.mjs'

const here = dirname(fileURLToPath(import.meta.url))
const root = dirname(here)
const pages = join(here, '.pages')
const { values } = parseArgs({ options: { base: { type: 'string', default: '/' } } })

if (!existsSync(join(root, 'dist/lib/index.d.ts'))) throw new Error('dist is not built: npm run build')

const node = (program, ...args) =>
  execFileSync(process.execPath, [program, ...args], { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 28 })

/** A text in the folder that the generator reads. */
function write(name, text) {
  mkdirSync(dirname(join(pages, name)), { recursive: true })
  writeFileSync(join(pages, name), text)
}

rmSync(pages, { recursive: true, force: true })
new Sources(root, pages).write()
for (const name of readdirSync(join(here, 'pages'))) cpSync(join(here, 'pages', name), join(pages, name))

const facts = JSON.parse(node('scripts/run-ts.mjs', 'site/facts.ts'))
const commands = commandPages(root)
for (const [name, text] of commands.pages) write(`reference/commands/${name}.md`, text)
for (const [name, text] of questionPages(root, facts)) write(`reference/questions/${name}.md`, text)
write('reference/dialects.md', dialectsPage(facts))
write('reference/features.md', featuresPage(facts))
write('reference/models.md', modelsPage(facts))
write('reference/http.md', routesPage(facts))
write('features.json', JSON.stringify(facts.features))
cpSync(join(root, 'docs/schema'), join(pages, 'public/schema'), { recursive: true })
for (const [name, schema] of questionSchemas(facts))
  write(`public/schema/${name}`, JSON.stringify(schema, null, 1))
write('public/live-fleet.html', node('dist/cli.cjs', 'page', '--data', 'examples/forty'))
node(join(here, 'node_modules/typedoc/bin/typedoc'), '--options', join(here, 'typedoc.json'))
write(
  'sidebar.json',
  JSON.stringify({ commands: commands.groups, questions: facts.questions.map(({ name }) => name) }),
)

execFileSync(
  process.execPath,
  [join(here, 'node_modules/vitepress/bin/vitepress.js'), 'build', here, '--base', values.base],
  {
    cwd: here,
    stdio: 'inherit',
  },
)
const faults = deadLinks(join(here, 'dist'), values.base)
for (const fault of faults) console.error(fault)
if (faults.length > 0) process.exitCode = 1
