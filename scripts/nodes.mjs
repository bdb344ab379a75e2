// Runs the package on each version of Node that it is for: node scripts/nodes.mjs [--tests] [VERSION…]
// What they print must be what this Node prints. With --tests some of the tests run on each as well, without its own programs.
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { arch, platform } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
process.chdir(ROOT)

/** The oldest that package.json allows, and the newest of each line, as npm has them. */
const VERSIONS = ['20.19.0', '22.23.5', '24.22.3', '26.12.1']

const TESTS = [
  'test/laws.test.ts',
  'test/questions/library.test.ts',
  'test/contract',
  'test/parts.test.ts',
  'test/cli/batch.test.ts',
]

/** A job, as arguments of Node. */
const JOBS = {
  'a baseline': ['dist/cli.cjs', 'cpu-baseline', 'examples/fleet', '--explain'],
  'the same, compiled before': ['dist/cli.cjs', 'cpu-baseline', 'examples/fleet', '--explain'],
  'a fleet with YAML': ['dist/cli.cjs', 'check', 'examples/forty', '--json'],
  'paths in XML': [
    'dist/cli.cjs',
    'domcapabilities',
    '--replies',
    'examples/hypervisors/ice-01.replies',
    '--xpath',
    '//model',
  ],
  'the page': ['dist/cli.cjs', 'page', '--data', 'examples/fleet'],
  import: [
    '--input-type=module',
    '-e',
    `import { tree } from './dist/index.js'; console.log(tree({ model: 'EPYC' }))`,
  ],
  'import, later': [
    '--input-type=module',
    '-e',
    `import { name } from './dist/async.js'; console.log(await name({ name: 'avx2' }))`,
  ],
  require: ['-e', `console.log(require('./dist/index.js').cpuModels({ arch: 'x86_64' }))`],
}

function nodeOf(version) {
  const folder = join(ROOT, '.cache', 'nodes', version)
  const name = `node-${platform()}-${arch()}`
  const path = join(folder, 'node_modules', name, 'bin', 'node')
  if (!existsSync(path)) {
    mkdirSync(folder, { recursive: true })
    const options = ['--no-save', '--no-audit', '--no-fund', '--loglevel=error', '--prefix', folder]
    execFileSync('npm', ['install', ...options, `${name}@${version}`], {
      stdio: ['ignore', 'ignore', 'inherit'],
    })
  }
  return path
}

/** An answer with its status. Node may warn that a path outside node_modules was required; nothing else stands beside. */
function printed(node, args) {
  const { NODE_OPTIONS, ...env } = process.env
  const { status, stdout, stderr } = spawnSync(node, args, { encoding: 'utf8', env, maxBuffer: 2 ** 28 })
  return JSON.stringify({
    status,
    stdout,
    stderr: stderr.replace(/\(node:\d+\) ExperimentalWarning: CommonJS module .*\n.*\n/, ''),
  })
}

const asked = process.argv.slice(2).filter(one => one !== '--tests')
const runTests = process.argv.includes('--tests')
const expected = new Map(Object.entries(JOBS).map(([job, args]) => [job, printed(process.execPath, args)]))
for (const version of asked.length > 0 ? asked : VERSIONS) {
  const node = nodeOf(version)
  const wrong = Object.entries(JOBS).filter(([job, args]) => printed(node, args) !== expected.get(job))
  for (const [job, args] of wrong)
    console.error(`Node ${version}: ${job}: ${printed(node, args).slice(0, 500)}`)
  const tests = runTests
    ? spawnSync(node, ['node_modules/vitest/vitest.mjs', 'run', '--no-isolate', '--maxWorkers=2', ...TESTS], {
        stdio: 'inherit',
      }).status
    : 0
  if (wrong.length > 0 || tests !== 0) process.exitCode = 1
  console.log(
    `Node ${version}: ${Object.keys(JOBS).length - wrong.length} of ${Object.keys(JOBS).length} jobs as on ${process.version}${runTests ? `, tests ${tests === 0 ? 'passed' : 'failed'}` : ''}`,
  )
}
