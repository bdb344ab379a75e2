import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { type Ran, runProcess } from './cli/virt-cpu.ts'

/** The steps of CONTRIBUTING.md, in a copy of the tree: each adds what it says, and touches no file more. */

const root = join(import.meta.dirname, '..')
const guide = readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8')
const copy = mkdtempSync(join(tmpdir(), 'contributing-'))

const PARTS = [
  'src',
  'web',
  'scripts',
  'data',
  'deploy',
  'docs',
  'examples',
  'schema',
  'test',
  'package.json',
  'tsconfig.json',
]

beforeAll(() => {
  for (const part of PARTS) {
    const filter = (path: string) => !/\/test\/(?:corpus|stories|e2e|page)(?:\/|$)/.test(path)
    cpSync(join(root, part), join(copy, part), { recursive: true, filter })
  }
  cpSync(join(root, 'vitest.config.ts'), join(copy, 'vitest.config.ts'))
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
  writeFileSync(
    join(copy, 'command.ts'),
    `import { runProgram } from './src/cli/command-line.ts'\nawait runProgram()\n`,
  )
})

/** The text under a heading. */
const section = (title: string): string => guide.split(/^## /m).find(part => part.startsWith(title)) ?? ''

/** Follows the examples of a section; returns the files of src, web, scripts and data that are not as before. */
function follow(title: string): string[] {
  const before = contents()
  const blocks = [...section(title).matchAll(/^( *)```(ts|diff)\n([\s\S]*?)^ *```/gm)]
  expect(blocks).not.toEqual([])
  for (const [, indent = '', kind, text = ''] of blocks) {
    const lines = text.split('\n').map(line => line.slice(indent.length))
    if (kind === 'ts') create(lines)
    else change(lines)
  }
  return [...contents()]
    .filter(([path, text]) => before.get(path) !== text)
    .map(([path]) => path)
    .sort()
}

/** A whole file, whose first line is its path in a comment. */
function create([first = '', ...lines]: readonly string[]): void {
  const path = join(copy, first.replace('// ', ''))
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, lines.join('\n'))
}

/** Lines to add at the top of a file and behind lines that are there; to a data file, at its end. */
function change(lines: readonly string[]): void {
  let path = ''
  let file: string[] = []
  let at = 0
  const save = () => path && writeFileSync(join(copy, path), file.join('\n'))
  for (const line of lines.filter(Boolean)) {
    const text = line.slice(1)
    if (line.startsWith('+')) file.splice(at++, 0, text)
    else if (/^(?:src|data)\/\S+$/.test(text)) {
      save()
      path = text
      file = readFileSync(join(copy, path), 'utf8').split('\n')
      at = path.startsWith('data/') ? file.length - 1 : 0
    } else {
      const found = file.findIndex(known => known.startsWith(text))
      expect(found, `${path} has a line ${text}`).not.toBe(-1)
      // A short list stands in its first line.
      file.splice(found, 1, text, (file[found] ?? '').slice(text.length))
      at = found + 1
    }
  }
  save()
}

function contents(): Map<string, string> {
  const files = ['src', 'web', 'scripts', 'data'].flatMap(folder =>
    readdirSync(join(copy, folder), { recursive: true, withFileTypes: true })
      .filter(entry => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name).slice(copy.length + 1)),
  )
  return new Map(files.map(path => [path, readFileSync(join(copy, path), 'utf8')]))
}

/** Runs a program of the copy, which must succeed. */
function run(args: readonly string[], input = ''): string {
  const ran: Ran = runProcess(process.execPath, args, { cwd: copy, input })
  expect(ran, `${args.join(' ')}\n${ran.stdout}`).toMatchObject({ status: 0, stderr: '' })
  return ran.stdout
}

const script = (name: string, ...args: string[]): string => run(['scripts/run-ts.mjs', name, ...args])
const ask = (request: object): object =>
  JSON.parse(run(['scripts/run-ts.mjs', 'command.ts', 'batch'], `${JSON.stringify(request)}\n`))

const INTEL =
  '@00000000.00 00000001 756e6547 6c65746e 49656e69\n@00000001.00 000306c3 00000000 00000000 178bfbff\n'

describe('CONTRIBUTING.md', () => {
  test('a model is data alone, and keeps the laws', () => {
    expect(follow('Add a CPU model')).toEqual([
      'data/x86/features.txt',
      'data/x86/models/intel.txt',
      'data/x86/walk.txt',
    ])
    script('scripts/data-lint.ts', '--write')
    expect(script('scripts/data-lint.ts')).toBe('')
    script('scripts/accept.ts')
    expect(readFileSync(join(copy, 'test/expected/models.txt'), 'utf8')).toMatch(/^Example-v2: Intel/m)
    expect(ask({ verb: 'tree', model: 'Example' })).toMatchObject({ schema: 2 })
  })

  test('an input dialect is a file and an entry', () => {
    expect(follow('Add an input dialect')).toEqual([
      'src/formats/dialects.ts',
      'src/formats/dumps/example.ts',
    ])
    expect(ask({ verb: 'decode', text: INTEL })).toMatchObject({ vendor: 'Intel', signature: { model: 60 } })
  })

  test('a question is a folder and an entry', () => {
    expect(follow('Add a question')).toEqual(['src/questions/table.ts', 'src/questions/vendors/question.ts'])
    expect(ask({ verb: 'vendors' })).toMatchObject({ vendors: expect.arrayContaining(['Intel', 'AMD']) })
  })

  test('an output dialect is a file and an entry', () => {
    expect(follow('Add an output dialect')).toEqual([
      'src/formats/example-option.ts',
      'src/formats/printers.ts',
    ])
    const cpus = ['<cpu><arch>x86_64</arch><model>Haswell</model><vendor>Intel</vendor></cpu>']
    expect(ask({ verb: 'baseline', cpus, format: 'example' })).toMatchObject({
      written: expect.stringMatching(/^--cpu=Haswell/),
    })
  })

  test('what was added compiles', () => {
    const tables = ['formats/dialects.ts', 'formats/printers.ts', 'questions/table.ts']
    const include = ['text.d.ts', ...tables].map(path => `src/${path}`)
    const config = { extends: './tsconfig.json', include, exclude: [] }
    writeFileSync(join(copy, 'tsconfig.added.json'), JSON.stringify(config))
    run(['node_modules/typescript/bin/tsc', '-p', 'tsconfig.added.json'])
  })

  test('the tests of the data pass with it', () => {
    writeFileSync(join(copy, 'vitest.added.config.ts'), CONFIG)
    const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--config', 'vitest.added.config.ts']
    // No libvirt has the added model, so a map of one differs.
    const env = { VIRT_CPU_REFERENCE: '' }
    const { status, stdout } = runProcess(process.execPath, [...vitest, ...TESTS], { cwd: copy, env })
    expect(status, stdout).toBe(0)
  })
})

/** Without the build: these tests run no command. */
const CONFIG = `import base from './vitest.config.ts'
export default (env) => ({ plugins: base(env).plugins, test: { include: ['test/**/*.test.ts'] } })
`
const TESTS = ['lint', 'expected', 'packed', 'propose-model', 'equality', 'format']
  .map(name => `test/map/${name}.test.ts`)
  .concat('test/questions/cpu-models.test.ts', 'test/questions/tree.test.ts')
