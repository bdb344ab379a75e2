// Changes the code in small ways and counts the changes that no test notices: `npm run mutation -- --help`.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { openSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual, parseArgs } from 'node:util'
import { FOLDER, forgetEvents, readEvents, readPlan, tell, writePlan } from './mutation/campaign.ts'
import { findMutants, type Mutant } from './mutation/mutants.ts'

const HELP = `Usage: npm run mutation -- [--sample 1500] [--seed 1] [--only FOLDER|FILE]... [--tests FOLDER|FILE]... [--more]

Makes small changes (mutants) to src/core, src/arch, src/qemu and src/fleet, one at a time, runs the tests
that come by, and prints how many changes a test notices, and those that none does. With --more, only those that no test
noticed in the last run of the same sample are tried.`

const { values } = parseArgs({
  options: {
    sample: { type: 'string', default: '1500' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string', multiple: true, default: ['src/core', 'src/arch', 'src/qemu', 'src/fleet'] },
    more: { type: 'boolean', default: false },
    tests: { type: 'string', multiple: true, default: ['test', 'scripts/mutation'] },
    help: { type: 'boolean', default: false },
  },
})

async function main(): Promise<void> {
  const mutants = sampled(
    values.only.flatMap(place => mutantsOf(place)),
    Number(values.sample),
  )
  const tests = testFiles()
  console.log(`${mutants.length} mutants, ${tests.length} test files`)
  const isSame = values.more && isDeepStrictEqual(readPlan().mutants, mutants)
  if (values.more && !isSame) throw new RangeError('the last run was of other mutants')
  writePlan({ mutants, tests })
  if (!isSame) forgetEvents()
  await runTests()
  report(mutants)
}

/** The mutants of the TypeScript files in a folder, or of one file. */
function mutantsOf(place: string): Mutant[] {
  const files = filesAt(place).filter(file => file.endsWith('.ts'))
  return files.flatMap(file => findMutants(file, readFileSync(file, 'utf8')))
}

const filesAt = (place: string): string[] => (statSync(place).isFile() ? [place] : within(place))

const within = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name))
    .sort()

/**
 * As many of each folder as of the others. Which they are depends on their text and on the seed only, so that a
 * change elsewhere leaves the sample as it is.
 */
function sampled(all: readonly Mutant[], size: number): Mutant[] {
  const seen = new Map<string, number>()
  const keyed = all.map(mutant => {
    const { file, kind, original, mutated } = mutant
    const text = [values.seed, file, kind, original, mutated].join('\n')
    const before = seen.get(text) ?? 0
    seen.set(text, before + 1)
    return { mutant, key: createHash('sha1').update(`${text}\n${before}`).digest('hex') }
  })
  const folders = grouped(keyed, ({ mutant }) => folderOf(mutant))
  return [...folders.values()].flatMap(own =>
    own
      .sort((a, b) => (a.key < b.key ? -1 : 1))
      .slice(0, Math.ceil(size / folders.size))
      .map(({ mutant }) => mutant),
  )
}

const folderOf = ({ file }: Mutant): string => file.split('/').slice(0, 2).join('/')

/** Folders of tests, in the order in which they run: those closest to the code first. */
const NEAR = 'core arch qemu map xml mutation questions contract fleet laws.test.ts formats host'.split(' ')

/** Tests of the tree, of processes, servers and databases, and long ones that look for crashes and words. */
const OTHER = [
  /^test\/(?:e2e|page|inventory|http|host\/(?:cpu|files|inventory)|cli|stories)\b/,
  /^test\/(?:architecture|contributing|docs|fuzz|mutation|parts|patterns|smoke|trace)\./,
  /^test\/formats\/(?:mutations|fuzz|contract)\./,
  /^test\/questions\/(?:named-once|kept-cpu|one-answer|long-texts)\./,
]

function testFiles(): string[] {
  const rankOf = (file: string): number =>
    (NEAR.indexOf(file.split('/')[1] ?? '') + NEAR.length + 1) % (NEAR.length + 1)
  const isOther = (file: string): boolean =>
    !file.endsWith('.test.ts') || OTHER.some(other => other.test(file))
  const files = values.tests.flatMap(filesAt).filter(file => !isOther(file))
  return files.sort((a, b) => rankOf(a) - rankOf(b))
}

/** How long one run of a test with a mutant takes at most, in milliseconds: loops end by themselves before. */
const STUCK = 120_000

/** Runs the tests, and again without the mutant with which a run got stuck. */
async function runTests(): Promise<void> {
  const log = openSync(join(FOLDER, 'log.txt'), 'w')
  const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--config', 'scripts/mutation/vitest.config.ts']
  const beat = join(FOLDER, 'beat')
  while (true) {
    writeFileSync(beat, '0 ')
    const child = spawn(process.execPath, vitest, {
      stdio: ['ignore', log, log],
      env: { ...process.env, CI: '1' },
    })
    const watch = setInterval(() => {
      if (Date.now() - statSync(beat).mtimeMs > STUCK) child.kill()
    }, 5000)
    const [status] = await once(child, 'exit')
    clearInterval(watch)
    if (status === 1) console.log(`some tests fail without a mutant: ${join(FOLDER, 'log.txt')}`)
    if (status !== null) return
    const stuck = Number(readFileSync(beat, 'utf8').split(' ')[0])
    tell({ killed: stuck, by: 'time', endless: true })
  }
}

function report(mutants: readonly Mutant[]): void {
  const events = readEvents()
  const killed = new Set(events.flatMap(event => ('killed' in event ? [event.killed] : [])))
  const reached = new Set(events.flatMap(event => ('file' in event ? event.reached : [])))
  for (const event of events) if ('unfit' in event) console.log(`not asked: ${event.unfit}: ${event.why}`)
  const numbered = mutants.map((mutant, i) => ({ mutant, number: i + 1 }))
  for (const { mutant, number } of numbered) {
    if (killed.has(number)) continue
    const { file, line, kind, original, mutated } = mutant
    console.log(`${file}:${line} (${kind}${reached.has(number) ? '' : ', not reached'})`)
    console.log(`  - ${oneLine(original)}\n  + ${oneLine(mutated)}`)
  }
  for (const [folder, own] of grouped(numbered, ({ mutant }) => folderOf(mutant))) {
    const count = own.filter(({ number }) => killed.has(number)).length
    console.log(`${folder}: ${count} of ${own.length} killed, ${((100 * count) / own.length).toFixed(1)} %`)
  }
}

const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim().slice(0, 150)

function grouped<T>(all: readonly T[], keyOf: (one: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const one of all) groups.set(keyOf(one), [...(groups.get(keyOf(one)) ?? []), one])
  return groups
}

if (values.help) console.log(HELP)
else await main()
