import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { mulberry32 } from '../../scripts/random.ts'
import { readArguments } from '../../src/cli/arguments.ts'
import { COMMANDS } from '../../src/cli/commands.ts'
import { type Globals, Session } from '../../src/cli/globals.ts'
import { widthOf } from '../../src/core/text.ts'
import { hostsAt } from '../../src/questions/words/cells.ts'
import { builtin } from '../built-in.ts'

import { hostXml } from './virt-cpu.ts'

/** The first screen of every command about fleets: what was found, what to do, and what fits 25 lines of 80 columns. */

const root = join(import.meta.dirname, '..', '..')

class Capture extends Session {
  text = ''

  override out(text: string): void {
    this.text += text
  }
}

/** What a command prints on stdout. */
async function run(name: string, ...args: readonly string[]): Promise<string> {
  const loaded = await COMMANDS[name]?.load()
  if (!loaded) throw new RangeError(`no command is called ${name}`)
  const globals: Globals = { quiet: false, readOnly: false, timing: false, rest: [], warnings: [] }
  const given = readArguments(loaded.command.spec, args, globals)
  if (given === 'help') throw new RangeError('no help was asked for')
  const session = new Capture({
    quiet: false,
    readOnly: false,
    timing: false,
    driver: 'host',
    libvirt: '12.8',
    cpuMap: undefined,
  })
  await loaded.command.run(given, session, COMMANDS)
  return session.text
}

/** A fleet as operators have it: hosts of several generations in pools, some without features of their model, and guests. */
function makeFleet(seed: number, hosts: number, cpus: number, pools: number): Record<string, string> {
  const next = mulberry32(seed)
  const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)] as T
  const models = builtin().models.filter(
    ({ name, signatures, vendor }) =>
      vendor && signatures.length > 0 && /^(?:EPYC|.*lake|.*well|.*Bridge|Sapphire)/.test(name),
  )
  const kinds = Array.from({ length: cpus }, (_, i) => {
    const model = pick(models)
    const off = builtin()
      .features.in(model.features)
      .filter(() => next() < 0.02)
    const [signature] = model.signatures
    const lines = off.map(({ name }) => `<feature policy='disable' name='${name}'/>`).join('')
    const text = hostXml(model.name, [], model.vendor?.name)
      .replace('<model>', `<microcode version='${100 + i}'/>${signatureXml(signature)}<model>`)
      .replace('</cpu>', `${lines}</cpu>`)
    return { model, text }
  })
  const files: Record<string, string> = {}
  for (let i = 0; i < hosts; i++) {
    const kind = kinds[i] ?? kinds[Math.floor(next() ** 2 * kinds.length)] ?? pick(kinds)
    const name = `node${String(i).padStart(4, '0')}`
    const pool = `pool-${kind.model.vendor?.name.toLowerCase()}-${i % pools}`
    files[`${pool}/${name}.xml`] = kind.text
    if (i % 7 === 0)
      files[`${pool}/${name}/vm${i}.xml`] =
        `<domain><name>vm${i}</name><cpu mode='custom' match='exact'><model>${kind.model.name}</model></cpu></domain>`
  }
  return files
}

const signatureXml = (one: { readonly family: number; readonly model: number } | undefined): string =>
  one ? `<signature family='${one.family}' model='${one.model}' stepping='1'/>` : ''

const POLICY = 'requirements:\n  - level: x86-64-v3\n  - must-have: [ssbd, md-clear]\n  - alike: true\n'

const made = mkdtempSync(join(tmpdir(), 'virt-cpu-screens-'))

/** CPUs that hosts of these pools give more than, but for some. */
const keepCpus = (pools: Readonly<Record<string, string>>): string =>
  `kept-cpus:\n${Object.entries(pools)
    .map(([pool, model]) => `  ${pool}: "<cpu><model>${model}</model></cpu>"\n`)
    .join('')}`

function writeFleet(name: string, files: Readonly<Record<string, string>>, kept = ''): string {
  for (const [path, text] of Object.entries({ ...files, 'fleet.yaml': POLICY + kept })) {
    mkdirSync(dirname(join(made, name, path)), { recursive: true })
    writeFileSync(join(made, name, path), text)
  }
  return join(made, name)
}

const THOUSAND = 'a thousand hosts of a hundred CPUs'

const FLEETS = {
  'examples/fleet': () => join(root, 'examples/fleet'),
  'examples/forty': () => join(root, 'examples/forty'),
  'sixty hosts of twenty CPUs in four pools': () => writeFleet('sixty', makeFleet(5, 60, 20, 2)),
  'sixty hosts, and the kept CPUs of four pools': () =>
    writeFleet(
      'kept',
      makeFleet(5, 60, 20, 2),
      keepCpus({
        'pool-amd-0': 'Opteron_G1',
        'pool-amd-1': 'EPYC-Turin',
        'pool-intel-0': 'Nehalem',
        'pool-intel-1': 'SapphireRapids',
      }),
    ),
  [THOUSAND]: () => writeFleet('thousand', makeFleet(7, 1000, 100, 6)),
  'hosts with long names': () =>
    writeFleet(
      'long',
      Object.fromEntries(
        Object.entries(makeFleet(9, 30, 10, 2)).map(([path, text]) => [
          path.replace(/node(\d+)/, 'kvm-prod-eu-central-1a-rack$1-機械.dc4.infrastructure.example.net'),
          text,
        ]),
      ),
    ),
}

// biome-ignore lint/suspicious/noExplicitAny: answers of eleven kinds, of which each test looks at a few keys
type Json = any

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0)
const failed = (answer: Json) => answer.verdicts.filter(({ passed }: Json) => !passed)
const shorts = (names: readonly string[]): string[] =>
  names.map(name => name.slice(name.lastIndexOf('/') + 1).replace(/\..*/, ''))

interface Asked {
  readonly name: string
  readonly args: (fleet: string, hosts: readonly string[]) => readonly string[]
  /** The numbers of the finding, in their order, as the answer has them. */
  readonly numbers: (answer: Json) => readonly number[]
  /** What a row of the details begins with, or names. */
  readonly rows: (answer: Json) => readonly string[]
}

const ASKED: readonly Asked[] = [
  {
    name: 'hosts',
    args: fleet => [fleet],
    numbers: ({ hosts }) => [hosts.length],
    rows: ({ hosts }) => shorts(hosts.map(({ host }: Json) => host)),
  },
  {
    name: 'explain',
    args: fleet => [fleet],
    numbers: ({ pools }) => [
      ...(pools.length > 1 ? [pools.length] : []),
      sum(pools.map(({ hostCount }: Json) => hostCount)),
    ],
    rows: ({ pools }) =>
      pools.flatMap(({ groups, lost }: Json) => [
        ...shorts(groups.flatMap(({ hosts }: Json) => hosts)),
        ...lost.map(({ feature }: Json) => feature),
      ]),
  },
  {
    name: 'explain --cost',
    args: fleet => [fleet, '--cost'],
    numbers: () => [],
    rows: ({ pools }) =>
      pools.flatMap(({ groups }: Json) => shorts(groups.flatMap(({ hosts }: Json) => hosts))),
  },
  {
    name: 'pools',
    args: fleet => [fleet],
    numbers: ({ pools }) => [sum(pools.map(({ hostCount }: Json) => hostCount)), pools.length],
    rows: ({ groups, pools }) => shorts(pools.flatMap(({ inGroups }: Json) => hostsAt(groups, inGroups))),
  },
  {
    name: 'advise',
    args: fleet => [fleet],
    numbers: () => [],
    rows: ({ strategies }) => strategies.map(({ strategy }: Json) => strategy),
  },
  {
    name: 'what-if',
    args: (fleet, [first = '', , third = '']) => [
      fleet,
      '--remove',
      first,
      '--remove',
      third,
      '--apply',
      'tsx-off',
    ],
    numbers: () => [],
    rows: ({ guests, pools }) => [
      ...guests.map(({ guest }: Json) => guest),
      ...pools.flatMap(({ gained, lost }: Json) => [...gained, ...lost].map(({ feature }: Json) => feature)),
    ],
  },
  {
    name: 'migrate',
    args: fleet => [fleet],
    numbers: ({ groups, guests }) => [
      sum(groups.map(({ hosts }: Json) => hosts.length)),
      groups.length,
      new Set(groups.map(({ pool }: Json) => pool)).size,
      ...(guests.length > 0 ? [guests.length] : []),
    ],
    rows: ({ guests, groups }) => [
      ...guests.map(({ guest }: Json) => guest),
      ...shorts(groups.map(({ hosts: [first] }: Json) => first)),
    ],
  },
  {
    name: 'drain',
    args: fleet => [fleet],
    numbers: ({ steps }) => [
      steps.length,
      ...(steps.some(({ powerOffs }: Json) => powerOffs.length > 0)
        ? [new Set(steps.flatMap(({ powerOffs }: Json) => powerOffs.map(({ guest }: Json) => guest))).size]
        : []),
    ],
    rows: ({ steps }) => shorts(steps.map(({ host }: Json) => host)),
  },
  {
    name: 'drift',
    args: fleet => [fleet, join(root, 'examples/fleet')],
    numbers: ({ drifted, changed, gone, added, same }) =>
      drifted ? [changed.length, gone.length, added.length, same] : [same],
    rows: ({ changed }) => shorts(changed.map(({ host }: Json) => host)),
  },
  {
    name: 'check',
    args: fleet => [fleet],
    numbers: ({ passed, verdicts }: Json) => (passed ? [] : [failed({ verdicts }).length, verdicts.length]),
    rows: ({ verdicts }) => verdicts.map(({ kind }: Json) => kind),
  },
  {
    name: 'level',
    args: fleet => [fleet],
    numbers: ({ lines }) => [lines.filter(({ kind }: Json) => kind === 'host').length],
    rows: ({ lines }) => lines.flatMap(({ level }: Json) => level ?? []),
  },
  {
    name: 'audit',
    args: fleet => [fleet],
    numbers: ({ findings, lines }) => [
      ...['danger', 'warning', 'note'].flatMap(severity => {
        const kinds = new Set(findings.flatMap((one: Json) => (one.severity === severity ? one.id : [])))
        return kinds.size > 0 ? [kinds.size] : []
      }),
      lines.filter(({ kind }: Json) => kind === 'host').length,
    ],
    rows: ({ findings, lines }) =>
      findings.flatMap(({ id, inLines }: Json) => [
        ...id.split(':'),
        ...shorts(inLines.map((place: number) => lines[place].name)),
      ]),
  },
  {
    name: 'fits',
    args: fleet => [fleet],
    numbers: ({ systems }) => [
      systems.filter(({ lines }: Json) => lines.every(({ verdict }: Json) => RUNS.includes(verdict))).length,
      systems.length,
    ],
    rows: ({ systems }) => systems.map(({ system }: Json) => system),
  },
  {
    name: 'what-if --upgrade',
    args: fleet => [fleet, '--upgrade', 'qemu=11.1,libvirt=12.8', '--kernel', '6.18'],
    numbers: () => [],
    rows: ({ preflight }) => preflight.guests.map(({ guest }: Json) => guest),
  },
  {
    name: 'what-if --replace',
    args: (fleet, [first = '']) => [
      fleet,
      '--replace',
      `${first}=${join(root, 'examples/fleet/ice-01.xml')}`,
    ],
    numbers: () => [],
    rows: ({ pools }) => pools.flatMap(({ lost }: Json) => lost.map(({ feature }: Json) => feature)),
  },
  {
    name: 'models',
    args: fleet => [fleet],
    numbers: ({ models }) => [
      models.filter(({ verdict }: Json) => verdict === 'yes' || verdict === 'assumed').length,
      models.length,
    ],
    rows: ({ models }) => models.map(({ name }: Json) => name),
  },
]

const RUNS = ['yes', 'assumed']

/** It runs QEMU. */
const OTHERS = ['verify']

test('no command that takes a fleet is missing', async () => {
  const taking = await Promise.all(
    Object.entries(COMMANDS).map(async ([name, { load }]) => {
      const { command } = await load()
      return JSON.stringify(command.spec).includes('"fleet"') ? [name] : []
    }),
  )
  const asked = new Set(ASKED.map(({ name }) => name.split(' ')[0]))
  expect(taking.flat().filter(name => !asked.has(name) && !OTHERS.includes(name))).toEqual([])
  expect(taking.flat().length).toBeGreaterThan(10)
})

let columns: string | undefined

beforeAll(() => {
  columns = process.env.COLUMNS
  process.env.COLUMNS = '80'
})

afterAll(() => {
  if (columns === undefined) delete process.env.COLUMNS
  else process.env.COLUMNS = columns
  rmSync(made, { recursive: true, force: true })
})

describe.each(Object.entries(FLEETS))('%s', (title, open) => {
  let fleet = ''
  let hosts: readonly string[] = []

  beforeAll(async () => {
    fleet = open()
    hosts = (await run('hosts', fleet, '-o', 'name')).trim().split('\n')
  })

  test.each(ASKED)(
    '$name',
    async ({ name, args, numbers, rows }) => {
      if (name === 'check' && title === 'examples/fleet') return
      const [command = ''] = name.split(' ')
      const given = args(fleet, hosts)
      const screen = await run(command, ...given)
      const answer = JSON.parse(await run(command, ...given, '--json'))
      const lines = screen.trimEnd().split('\n')
      expect(lines.length).toBeLessThanOrEqual(25)
      // A name that is wider than the screen is not broken.
      for (const line of lines) if (/\S\s+\S/.test(line)) expect(widthOf(line), line).toBeLessThanOrEqual(80)
      const [finding = ''] = lines
      expect(finding).toMatch(/^[^\s].*\w/)
      expect(finding).not.toMatch(/^(?:do|note):/)
      expect(lines.filter(line => line.startsWith('do: ')).length).toBeLessThanOrEqual(3)
      expect(lines.slice(1).findIndex(line => line.startsWith('do: '))).toBeLessThanOrEqual(3)
      const found = lines
        .slice(
          0,
          lines.findIndex((line, i) => i > 0 && !line.startsWith('  ')),
        )
        .join(' ')
      const counts = [...found.replace(/x86-64-v\d/g, '').matchAll(/(?<![\w.-])\d+(?![\w.%])/g)].map(([n]) =>
        Number(n),
      )
      expect(counts.slice(0, numbers(answer).length)).toEqual(numbers(answer))
      process.env.COLUMNS = '60'
      const narrow = title === THOUSAND ? [] : (await run(command, ...given)).trimEnd().split('\n')
      process.env.COLUMNS = '80'
      expect(narrow.length).toBeLessThanOrEqual(25)
      for (const line of narrow) if (/\S\s+\S/.test(line)) expect(widthOf(line), line).toBeLessThanOrEqual(60)
      const details = await run(command, ...given, '--details')
      const words = new Set(details.split(/[\s,;:()]+/))
      expect(rows(answer).filter(row => !words.has(row))).toEqual([])
    },
    120_000,
  )
})

test('a word that is cut stands whole in the details, and the last line says so', async () => {
  const screen = await run('hosts', join(root, 'examples/forty'))
  const details = await run('hosts', join(root, 'examples/forty'), '--details')
  const [, lines] = /--details prints all (\d+) lines\n$/.exec(screen) ?? []
  expect(details.trimEnd().split('\n')).toHaveLength(Number(lines))
})

test('colour is in words alone: without it the text is the same', async () => {
  const loud = await run('explain', join(root, 'examples/forty'), '--color', 'always')
  const plain = await run('explain', join(root, 'examples/forty'), '--color', 'never')
  expect(loud).not.toBe(plain)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what colour is
  expect(loud.replace(/\x1b\[\d+m/g, '')).toBe(plain)
})
