// Finds tests that fail now and then: node scripts/flaky.mjs [--runs N] [--load N] FILE…
// Runs files of tests N times (10) while as many processes (4) keep the machine busy, and lists what failed, and how often.
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { runs: { type: 'string', default: '10' }, load: { type: 'string', default: '4' } },
})
const runs = Number(values.runs)

/** A process that is ended with its parent, however that ends. */
const BUSY = 'const { ppid } = process; while (process.ppid === ppid);'

const scratch = mkdtempSync(join(tmpdir(), 'virt-cpu-flaky-'))
const busy = Array.from({ length: Number(values.load) }, () =>
  spawn(process.execPath, ['-e', BUSY], { stdio: 'ignore' }),
)
process.once('exit', () => {
  for (const child of busy) child.kill('SIGKILL')
  rmSync(scratch, { recursive: true, force: true })
})

/** What failed in a run; a file that fails before its tests counts as one. */
function failuresOf(run) {
  const report = join(scratch, `${run}.json`)
  const options = ['--reporter=json', `--outputFile=${report}`]
  const { status, stderr } = spawnSync('npx', ['vitest', 'run', ...options, ...positionals], {
    encoding: 'utf8',
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  if (status === 0) return []
  const { testResults = [] } = JSON.parse(readFileSync(report, 'utf8'))
  const found = testResults
    .filter(file => file.status === 'failed')
    .flatMap(file => {
      const failed = file.assertionResults.filter(one => one.status === 'failed')
      return failed.length > 0
        ? failed.map(one => [`${file.name}: ${one.fullName}`, one.failureMessages[0]])
        : [[file.name, file.message]]
    })
  return found.length > 0 ? found : [['the run', stderr]]
}

const failures = new Map()
for (let run = 1; run <= runs; run++) {
  const found = failuresOf(run)
  console.log(`run ${run} of ${runs}: ${found.length} failed`)
  for (const [test, message] of found) failures.set(test, [...(failures.get(test) ?? []), message])
}
for (const [test, [message, ...more]] of failures)
  console.log(`\n${test}\n  failed in ${more.length + 1} of ${runs} runs, first: ${message}`)
process.exitCode = failures.size > 0 ? 1 : 0
process.exit()
