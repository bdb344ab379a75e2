// Builds single programs that need no Node: npm run build:binary [TARGET…], all targets with --all. Bun compiles what esbuild
// has put together; the data and the page are inside. docs/decisions/0017-binary-and-deb.md says what differs from Node's.
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { arch, platform } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { writeDataFiles } from './data.mjs'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
process.chdir(ROOT)
const { version, dependencies, peerDependencies } = JSON.parse(readFileSync('package.json', 'utf8'))

const BUN = '1.4.5'

/** By the names that Bun has for them. Baseline: Bun's other build for x64 needs AVX2, which the hosts that people ask about may lack. */
const TARGETS = [
  'bun-linux-x64-baseline',
  'bun-linux-arm64',
  'bun-linux-x64-musl-baseline',
  'bun-linux-arm64-musl',
  'bun-darwin-x64-baseline',
  'bun-darwin-arm64',
  'bun-windows-x64-baseline',
]

/** 27 MB for an inventory in a folder, 70 MB for Parquet: a binary keeps one in PostgreSQL, and exports lines of JSON. */
const LEFT_OUT = ['@electric-sql/pglite', '@duckdb/node-api']

const FOLDER = join(ROOT, '.cache', 'binary')
const OUT = join(ROOT, 'dist-binary')

/** Bun itself, from the package of this machine's platform. */
function bun() {
  const own = `@oven/bun-${platform()}-${arch()}${platform() === 'linux' && arch() === 'x64' ? '-baseline' : ''}`
  const folder = join(ROOT, '.cache', 'bun')
  const path = join(folder, 'node_modules', own, 'bin', 'bun')
  if (!statSync(path, { throwIfNoEntry: false })) {
    mkdirSync(folder, { recursive: true })
    const install = ['install', '--no-save', '--no-audit', '--no-fund', '--prefix', folder, `${own}@${BUN}`]
    execFileSync('npm', install, { stdio: 'inherit' })
  }
  return path
}

/**
 * The program, or the worker that a server makes of it: a new process gets options of V8, which Bun leaves alone, and the
 * file of Node's worker before its own arguments.
 */
const main = assets => `
  ${assets.map((name, i) => `import asset${i} from './${name}' with { type: 'file' }`).join('\n  ')}
  const embedded = [${assets.map((_, i) => `asset${i}`)}]
  const worker = process.send ? process.argv.findIndex(one => /[\\\\/]worker\\.cjs$/.test(one)) : -1
  if (embedded.length > 0 && worker > 0) {
    process.argv.splice(2, worker - 1)
    const { answerMessages } = await import('./worker.js')
    await answerMessages()
  } else {
    const { runProgram } = await import('./program.js')
    await runProgram()
  }
`

/** Writes what Bun compiles: our code, and beside it the files that it reads. */
async function writeProgram() {
  rmSync(FOLDER, { recursive: true, force: true })
  mkdirSync(FOLDER, { recursive: true })
  const data = await writeDataFiles(FOLDER)
  await build({
    absWorkingDir: ROOT,
    entryPoints: { program: 'src/cli/command-line.ts', worker: 'src/cli/worker.ts' },
    outdir: FOLDER,
    bundle: true,
    splitting: true,
    minify: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    loader: { '.rng': 'text', '.sh': 'text' },
    define: { __VERSION__: JSON.stringify(version), __dirname: 'import.meta.dirname' },
    external: Object.keys({ ...dependencies, ...peerDependencies }).flatMap(name => [name, `${name}/*`]),
    plugins: [data],
  })
  const pages = readdirSync('dist').filter(name => name.endsWith('.html'))
  for (const name of pages) writeFileSync(join(FOLDER, name), readFileSync(join('dist', name)))
  const assets = readdirSync(FOLDER).filter(name => /\.(?:packed|txt|html)$/.test(name))
  writeFileSync(join(FOLDER, 'main.mjs'), main(assets))
}

function compile(target) {
  const name = target.replace('bun-', 'virt-cpu-').replace('-baseline', '')
  const options = [
    '--compile',
    '--splitting',
    '--minify',
    '--bytecode',
    '--format=esm',
    `--target=${target}`,
    '--asset-naming=[name].[ext]',
  ]
  const left = LEFT_OUT.map(name => `--external=${name}*`)
  execFileSync(
    bun(),
    ['build', join(FOLDER, 'main.mjs'), ...options, ...left, `--outfile=${join(OUT, name)}`],
    {
      cwd: ROOT,
      stdio: 'inherit',
    },
  )
  return name
}

const asked = process.argv.slice(2)
const targets = asked.includes('--all')
  ? TARGETS
  : asked.length > 0
    ? asked
    : [`bun-${platform()}-${arch()}${arch() === 'x64' ? '-baseline' : ''}`]
await writeProgram()
mkdirSync(OUT, { recursive: true })
for (const target of targets) console.log(compile(target))
