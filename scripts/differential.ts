// Asks a virsh and virt-cpu the same random questions, and prints where they differ:
//
//   npm run differential -- [--count N] [--seed S] [--kinds guests|no-guests] [--suite SUITE [--root DIR]]
//   npm run differential -- … --virsh PATH --connect URI [--qemus FOLDER]
//
// Without --connect: beside a libvirtd of its own (scripts/with-libvirt.sh), the installed one or that of a suite of
// Debian; where none can be, that is said, and nothing is compared. Status 1 where an answer differs.

import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { parseLibvirtVersion } from '../src/core/libvirt-version.ts'
import { type DifferentialQuestion, makeQuestions } from './differential/questions.ts'
import { drawFrom } from './differential/random.ts'
import { askOurs, askVirsh, type Said, type Virsh } from './differential/sides.ts'

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

/** How many questions one virsh is asked: guests of thousands of vCPUs take a busy machine a minute each. */
const AT_ONCE = { all: 50, 'no-guests': 50, guests: 10 } as const

async function main(): Promise<number> {
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
  const seed = Number(values.seed ?? Math.floor(Math.random() * 1e9))
  const kinds = (['all', 'guests', 'no-guests'] as const).find(name => name === values.kinds)
  if (!kinds) throw new RangeError(`--kinds ${values.kinds}: all, guests or no-guests`)
  const questions = makeQuestions(Number(values.count), libvirt, drawFrom(seed), kinds)
  console.log(`virsh ${libvirt}, seed ${seed}: ${questions.length} questions`)
  let differing = 0
  const atOnce = AT_ONCE[kinds]
  for (let at = 0; at < questions.length; at += atOnce) {
    differing += await compareSome(virsh, libvirt, questions.slice(at, at + atOnce), folder)
  }
  console.log(
    `${questions.length - differing} equal, ${differing} different (seed ${seed}, of virsh ${libvirt})`,
  )
  if (differing === 0) rmSync(folder, { recursive: true })
  return differing === 0 ? 0 : 1
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
  libvirt: NonNullable<ReturnType<typeof parseLibvirtVersion>>,
  questions: readonly DifferentialQuestion[],
  folder: string,
): Promise<number> {
  const lines = questions.map(({ args, files }) => {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
    return args.map(word => (word in files ? join(folder, word) : word))
  })
  const theirs = askVirsh(virsh, lines)
  let differing = 0
  for (const [i, line] of lines.entries()) {
    const ours = await askOurs(libvirt, virsh, line)
    const said = theirs[i]
    if (said && ours.stdout === said.stdout && ours.stderr === said.stderr) continue
    differing++
    report(line, ours, said)
  }
  return differing
}

function report(line: readonly string[], ours: Said, theirs: Said | undefined): void {
  console.log(`\n${line.join(' ')}`)
  for (const stream of ['stdout', 'stderr'] as const) {
    const [own, other] = [ours[stream].split('\n'), (theirs?.[stream] ?? '').split('\n')]
    for (const text of other.filter(one => !own.includes(one)).slice(0, 12)) console.log(`  - ${text}`)
    for (const text of own.filter(one => !other.includes(one)).slice(0, 12)) console.log(`  + ${text}`)
  }
}

process.exitCode = await main()
