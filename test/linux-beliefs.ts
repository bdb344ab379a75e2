import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { compareVersions } from '../src/map/kvm-rules.ts'
import {
  builtinVulnerabilities,
  isVulnerable,
  type SeenCpu,
  saidByGuest,
} from '../src/map/vulnerabilities.ts'

// What Linux guests said of virtual CPUs (test/corpus/linux-beliefs.txt), and how that differs from what is predicted.

/** A virtual CPU that a guest was given, by what its Linux judges it by. */
export interface GivenCpu {
  /** As the corpus has it. */
  readonly title: string
  readonly vendor: string
  readonly signature: { readonly family: number; readonly model: number; readonly stepping: number }
  readonly features: readonly string[]
}

/** Among the features: that the guest has two threads of one core. */
export const THREADS = '*threads'

/** What a guest says of itself. */
export interface Said {
  readonly bugs: readonly string[]
  /** What its files say, those that are not there aside. */
  readonly files: Readonly<Record<string, string>>
}

interface Exception {
  readonly before: string
  /** A word of `bugs` or a file. */
  readonly word: string
  /** What is seen of it: `yes` or `no` of a word, else the file's text. */
  readonly seen: string
}

const lines = readFileSync(join(import.meta.dirname, 'corpus', 'linux-beliefs.txt'), 'utf8')
  .split('\n')
  .filter(line => line !== '' && !line.startsWith('#'))

const texts = new Map(
  lines.flatMap(line => {
    const [, number, words] = /^text (\d+) (.+)$/.exec(line) ?? []
    return number === undefined || words === undefined ? [] : [[number, words] as const]
  }),
)

export const EXCEPTIONS: readonly Exception[] = lines.flatMap(line => {
  const [, before, word, rest] = /^before (\S+) (\S+) : (.+)$/.exec(line) ?? []
  if (before === undefined || word === undefined || rest === undefined) return []
  return [{ before, word, seen: rest.slice(0, rest.lastIndexOf(' : ')) }]
})

interface Recorded {
  readonly cpu: GivenCpu
  /** By the kernel's version. */
  readonly said: Map<string, Said>
}

/** Every CPU that was tried, with what kernels said. */
export const RECORDED: readonly Recorded[] = readRecorded()

function readRecorded(): Recorded[] {
  const all: Recorded[] = []
  for (const line of lines) {
    const [, title] = /^cpu (.+)$/.exec(line) ?? []
    const [, versions = '', bugs = '', files = ''] = /^ {3}([\d. ]+) bugs(.*) files(.*)$/.exec(line) ?? []
    if (title !== undefined) all.push({ cpu: cpuOf(title), said: new Map() })
    for (const version of wordsOf(versions))
      all.at(-1)?.said.set(version, { bugs: wordsOf(bugs), files: filesOf(wordsOf(files)) })
  }
  return all
}

function wordsOf(text: string): string[] {
  return text.split(' ').filter(Boolean)
}

function cpuOf(title: string): GivenCpu {
  const [vendor = '', signature = '', ...features] = wordsOf(title)
  const [family = 0, model = 0, stepping = 0] = signature.split('.').map(Number)
  return { title, vendor, signature: { family, model, stepping }, features }
}

function filesOf(words: readonly string[]): Record<string, string> {
  const pairs = words.map(word => word.split('='))
  return Object.fromEntries(pairs.map(([file = '', number = '']) => [file, texts.get(number) ?? '']))
}

/** What a guest of the CPU says that was not predicted, each as `WORD: SEEN, not PREDICTED`, and the exceptions that were needed. */
export function differences(
  { vendor, signature, features }: GivenCpu,
  kernel: string,
  { bugs, files }: Said,
): { readonly open: readonly string[]; readonly excused: readonly Exception[] } {
  const table = builtinVulnerabilities()
  const hasThreads = features.includes(THREADS)
  const cpu: SeenCpu = { vendor, signature, hasThreads, has: name => features.includes(name) }
  const excused: Exception[] = []
  const differ = (word: string, seen: string, predicted: string | undefined): string[] => {
    if (seen === predicted) return []
    const known = EXCEPTIONS.find(
      one => one.word === word && one.seen === seen && compareVersions(kernel, one.before) < 0,
    )
    if (known) excused.push(known)
    return known ? [] : [`${word}: ${seen}, not ${predicted}`]
  }
  const predicted = new Set(table.list.filter(one => isVulnerable(one, cpu, true)).map(({ name }) => name))
  const words = [...new Set([...bugs, ...predicted])]
  const named = table.list.flatMap(one =>
    one.file === undefined || one.file === 'ghostwrite' ? [] : [{ ...one, file: one.file }],
  )
  const open = [
    ...words.flatMap(word =>
      differ(word, bugs.includes(word) ? 'yes' : 'no', predicted.has(word) ? 'yes' : 'no'),
    ),
    ...named.flatMap(one =>
      one.name === 'old_microcode' && files[one.file] === undefined
        ? []
        : differ(one.file, files[one.file] ?? 'Not affected', saidByGuest(table, one, cpu)),
    ),
  ]
  return { open, excused }
}
