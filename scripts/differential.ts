// Asks a virsh and virt-cpu the same random questions, and prints where they differ:
//
//   npm run differential -- [--count N] [--seed S] [--kinds guests|no-guests] [--suite SUITE [--root DIR]]
//   npm run differential -- --kinds qemu [--count N] [--seed S]
//   npm run differential -- … --virsh PATH --connect URI [--qemus FOLDER]
//
// Without --connect: beside a libvirtd of its own (scripts/with-libvirt.sh), the installed one or that of a suite of
// Debian; where none can be, that is said, and nothing is compared. Status 1 where an answer differs. A guest whose start
// does not end in time is no answer: its domain is kept, and it is counted apart. `--kinds qemu` asks QEMU's emulation about
// random `-cpu` arguments on its machine types: what it makes of a model, and what a guest sees.

import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { type LibvirtVersion, parseLibvirtVersion } from '../src/core/libvirt-version.ts'
import { askQemu } from './differential/qemu.ts'
import { type DifferentialQuestion, makeQuestions } from './differential/questions.ts'
import { askOurs, askVirsh, type Said, START_LIMIT, startGuest, type Virsh } from './differential/sides.ts'
import { drawFrom } from './random.ts'

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '300' },
    seed: { type: 'string' },
    suite: { type: 'string' },
    root: { type: 'string' },
    virsh: { type: 'string' },
    connect: { type: 'string' },
    qemus: { type: 'string' },
    kinds: { type: 'string', default: 'all' },
  },
})

/** What with-libvirt.sh ends with where it cannot start a daemon. */
const CANNOT = 77

/** How many questions one virsh is asked. */
const AT_ONCE = 50

async function main(): Promise<number> {
  const seed = Number(values.seed ?? Math.floor(Math.random() * 1e9))
  if (values.kinds === 'qemu' && (values.suite === undefined || process.env.QEMU_FOLDER !== undefined))
    return besideQemu(seed)
  const uri = values.connect ?? process.env.LIBVIRT_URI
  if (uri === undefined) return besideDaemon()
  const virsh: Virsh = {
    program: values.virsh ?? process.env.VIRSH ?? 'virsh',
    uri,
    qemus: values.qemus ?? process.env.QEMU_FOLDER ?? '/usr/bin',
    schemas: process.env.SCHEMAS ?? '/usr/share/libvirt/schemas',
  }
  const { stdout } = spawnSync(virsh.program, ['--version'], { encoding: 'utf8' })
  const libvirt = parseLibvirtVersion((stdout ?? '').trim())
  if (!libvirt) {
    console.error(`differential: ${virsh.program} is no virsh of a known version: '${(stdout ?? '').trim()}'`)
    return 2
  }
  const folder = mkdtempSync(join(tmpdir(), 'differential-'))
  process.env.PATH = `${virsh.qemus}:/usr/sbin:/sbin`
  process.env.XDG_CACHE_HOME = folder
  const kinds = (['all', 'guests', 'no-guests'] as const).find(name => name === values.kinds)
  if (!kinds) throw new RangeError(`--kinds ${values.kinds}: all, guests, no-guests or qemu`)
  const questions = makeQuestions(Number(values.count), libvirt, drawFrom(seed), kinds)
  console.log(`virsh ${libvirt}, seed ${seed}: ${questions.length} questions`)
  const found: Record<Outcome, number> = { equal: 0, different: 0, unanswered: 0 }
  for (let at = 0; at < questions.length; at += AT_ONCE) {
    for (const one of await compareSome(virsh, libvirt, questions.slice(at, at + AT_ONCE), folder))
      found[one]++
  }
  const { equal, different, unanswered } = found
  const apart = unanswered === 0 ? '' : `, ${unanswered} without an answer`
  console.log(`${equal} equal, ${different} different${apart} (seed ${seed}, of virsh ${libvirt})`)
  if (equal === questions.length) rmSync(folder, { recursive: true })
  return different === 0 ? 0 : 1
}

type Outcome = 'equal' | 'different' | 'unanswered'

/** Asks QEMU itself, which needs no daemon. */
async function besideQemu(seed: number): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'differential-'))
  const qemus = values.qemus ?? process.env.QEMU_FOLDER
  if (qemus !== undefined) process.env.PATH = `${qemus}:${process.env.PATH}`
  let [equal, different] = [0, 0]
  for await (const { question, ours, theirs } of askQemu(Number(values.count), drawFrom(seed), folder)) {
    if (ours === theirs) equal++
    else {
      different++
      report([question], { stdout: ours, stderr: '' }, { stdout: theirs, stderr: '' })
    }
  }
  rmSync(folder, { recursive: true })
  console.log(`${equal} equal, ${different} different (seed ${seed}, of QEMU)`)
  return different === 0 ? 0 : 1
}

/** Runs this program again beside a daemon. */
function besideDaemon(): number {
  const script = fileURLToPath(new URL('../scripts/with-libvirt.sh', import.meta.url))
  const suite = [
    ...(values.suite ? ['--suite', values.suite] : []),
    ...(values.root ? ['--root', values.root] : []),
  ]
  const { status } = spawnSync(script, [...suite, process.execPath, ...process.argv.slice(1)], {
    stdio: 'inherit',
  })
  if (status !== CANNOT) return status ?? 1
  console.log('differential: skipped, no daemon can be asked here')
  return 0
}

async function compareSome(
  virsh: Virsh,
  libvirt: LibvirtVersion,
  questions: readonly DifferentialQuestion[],
  folder: string,
): Promise<Outcome[]> {
  const lines = questions.map(({ args, files }) => {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
    return args.map(word => (word in files ? join(folder, word) : word))
  })
  const answers = askVirsh(
    virsh,
    lines.filter(([name]) => name !== 'guest'),
  )
  const outcomes: Outcome[] = []
  for (const line of lines) {
    const theirs = line[0] === 'guest' ? startGuest(virsh, line[2] ?? '') : answers.shift()
    outcomes.push(theirs ? compare(line, await askOurs(libvirt, virsh, line), theirs) : tellUnanswered(line))
  }
  return outcomes
}

function compare(line: readonly string[], ours: Said, theirs: Said): Outcome {
  if (ours.stdout === theirs.stdout && ours.stderr === theirs.stderr) return 'equal'
  report(line, ours, theirs)
  return 'different'
}

function tellUnanswered(line: readonly string[]): Outcome {
  console.log(`\n${line.join(' ')}\n  no answer in ${START_LIMIT} s`)
  return 'unanswered'
}

function report(line: readonly string[], ours: Said, theirs: Said): void {
  console.log(`\n${line.join(' ')}`)
  for (const stream of ['stdout', 'stderr'] as const) {
    const [own, other] = [ours[stream].split('\n'), theirs[stream].split('\n')]
    for (const text of other.filter(one => !own.includes(one)).slice(0, 12)) console.log(`  - ${text}`)
    for (const text of own.filter(one => !other.includes(one)).slice(0, 12)) console.log(`  + ${text}`)
  }
}

process.exitCode = await main()
