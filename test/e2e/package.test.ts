import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runProcess } from '../cli/virt-cpu.ts'

/** What `npm publish` would take, and what TypeScript makes of it in programs of others. */

const root = join(import.meta.dirname, '..', '..')
const MODULES = join(root, 'node_modules')
const scratch: string[] = []

/** A new folder, which is deleted when the tests end. */
function folderIn(parent: string): string {
  mkdirSync(parent, { recursive: true })
  const folder = mkdtempSync(join(parent, 'virt-cpu-package-'))
  scratch.push(folder)
  return folder
}

/** What a compiler says of the project in a folder; empty where nothing. */
const complaints = (typescript: string, folder: string): string => {
  const { status, stdout, stderr } = runProcess(process.execPath, [
    join(MODULES, typescript, 'bin', 'tsc'),
    '-p',
    folder,
  ])
  return status === 0 ? '' : stdout + stderr
}

beforeAll(() => {
  const { status, stdout, stderr } = runProcess(process.execPath, ['scripts/declarations.mjs'], { cwd: root })
  expect(status, stdout + stderr).toBe(0)
})
afterAll(() => {
  for (const folder of scratch) rmSync(folder, { recursive: true, force: true })
})

test('the package is at most 1.2 MB packed, documents apart', () => {
  const { stdout } = runProcess('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: root })
  const [{ size, files }] = JSON.parse(stdout)
  expect(files.map(({ path }: { path: string }) => path)).toEqual(
    expect.arrayContaining(['dist/cli.cjs', 'dist/index.js', 'dist/lib/index.d.ts', 'dist/page.html']),
  )
  const documents = files
    .map(({ path }: { path: string }) => path)
    .filter((path: string) => !/^(?:dist|schema)\/|^package\.json$/.test(path))
    .map((path: string) => readFileSync(join(root, path)))
  const apart = gzipSync(Buffer.concat(documents), { level: 9 }).length
  expect(size - apart).toBeLessThanOrEqual(1_200_000)
})

test('the declared types of questions are those of their schemas', () => {
  const folder = folderIn(join(root, '.cache'))
  writeFileSync(
    join(folder, 'same.ts'),
    `import type * as Declared from '../../dist/lib/questions/table.d.ts'
import type { AnswerDocument, QuestionInput, QuestionName } from '../../src/questions/table.ts'

type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false
/** A format's name is one of those that there are; its schema's type is any text. */
export const taken: {
  [Name in QuestionName]: Declared.QuestionInput<Name> extends QuestionInput<Name> ? true : Name
} = {} as Record<QuestionName, true>
export const returned: {
  [Name in QuestionName]: Same<Declared.AnswerDocument<Name>, AnswerDocument<Name>> extends true ? true : Name
} = {} as Record<QuestionName, true>
export const named: Same<Declared.QuestionName, QuestionName> = true
`,
  )
  const config = { extends: '../../tsconfig.json', include: ['same.ts', '../../src/text.d.ts'], exclude: [] }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
  expect(complaints('typescript-newest', folder)).toBe('')
})

/** A program that uses the library. */
const PROGRAM = `import {
  type AnswerDocument, baseline, type CpuidRow, decode, explain, type LostFeature, pools, type PoolsDocument,
  type PoolsInput, tree,
} from 'virt-cpu'
import { compare } from 'virt-cpu/async'
import { readHosts } from 'virt-cpu/node'

const rows: CpuidRow[] = [[0, 0, 1, 2, 3, 4]]
const { model, vendor, notes } = decode({ cpuid: rows, as: 'guest' })
export const texts: (string | null)[] = [model, vendor, ...notes.map(({ kind, text }) => kind + text)]

const input: PoolsInput = { documents: [{ path: 'a.xml', text: '<cpu/>' }], k: 3 }
const plan: PoolsDocument = pools(input)
export const values: number[] = 'curve' in plan ? plan.curve.map(({ value }) => value) : []
export const explained: AnswerDocument<'explain'> = explain(input)
export const lost: readonly LostFeature[] = baseline({ cpus: [], explain: true }).explain?.lost ?? []
const forest = tree({})
export const families = forest.kind === 'forest' ? forest.roots.flatMap(({ children }) => children) : []
export { readHosts }
export const missing = async (host: string, cpu: string): Promise<number> =>
  (await compare({ host, cpu })).missing.length

// @ts-expect-error An answer cannot be changed.
decode({ text: '' }).model = 'Haswell'
// @ts-expect-error There is no such key.
pools({ documents: [], nonsense: 1 })
// @ts-expect-error There is no such word.
decode({ text: '', as: 'nonsense' })
`

/** The same from CommonJS, which newer compilers let \`require\` ES modules. */
const COMMONJS = `import { cpuModels } from 'virt-cpu'
import later = require('virt-cpu/async')

export const models: readonly string[] | null = cpuModels({ arch: 'x86_64' }).models
export const asked: Promise<string | null> = later.decode({ text: '' }).then(({ vendor }) => vendor)
`

/** Compiles programs of others, strictly. */
function compile(typescript: string, programs: Readonly<Record<string, string>>, options: object): string {
  const folder = folderIn(tmpdir())
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(root, join(folder, 'node_modules', 'virt-cpu'))
  symlinkSync(join(MODULES, '@types'), join(folder, 'node_modules', '@types'))
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  for (const [name, text] of Object.entries(programs)) writeFileSync(join(folder, name), text)
  const compilerOptions = {
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    target: 'es2022',
    lib: ['es2022'],
    types: ['node'],
    skipLibCheck: false,
    noEmit: true,
    ...options,
  }
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ compilerOptions, files: Object.keys(programs) }),
  )
  return complaints(typescript, folder)
}

/** The compilers, oldest first: 5.4, 6.0 and 7.0. */
const COMPILERS = ['typescript-oldest', 'typescript', 'typescript-newest']

const RESOLUTIONS = [
  { module: 'node16' },
  { module: 'nodenext' },
  { module: 'esnext', moduleResolution: 'bundler' },
]

test.each(COMPILERS.flatMap(compiler => RESOLUTIONS.map(options => [compiler, options] as const)))(
  '%s compiles a program that uses the library with %j',
  (compiler, options) => {
    expect(compile(compiler, { 'program.ts': PROGRAM }, options)).toBe('')
  },
)

test.each(COMPILERS.slice(1))('%s compiles a CommonJS program that uses it', compiler => {
  expect(compile(compiler, { 'program.cts': COMMONJS }, { module: 'nodenext' })).toBe('')
})

test('CommonJS requires it without a warning', () => {
  const folder = folderIn(tmpdir())
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(root, join(folder, 'node_modules', 'virt-cpu'))
  const program = `const all = [require('virt-cpu'), require('virt-cpu/async'), require('virt-cpu/node')]
console.log(all.map(one => Object.keys(one).length > 5), all[0].cpuModels({ arch: 'x86_64' }).models.length)`
  writeFileSync(join(folder, 'program.cjs'), program)
  const { stdout, stderr } = runProcess(process.execPath, [join(folder, 'program.cjs')])
  expect(stderr).toBe('')
  expect(stdout).toMatch(/^\[ true, true, true \] \d+\n$/)
})

test('what is packed is what package.json says, for every tool that resolves modules', () => {
  const folder = folderIn(tmpdir())
  const packed = runProcess('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], { cwd: root })
  const [tarball = ''] = packed.stdout.trim().split('\n').slice(-1)
  const bin = (name: string) => join(MODULES, '.bin', name)
  // It suggests one thing: a condition in the place of the `browser` field (docs/decisions/0004 says why not).
  const plain = { env: { NO_COLOR: '1' } }
  const linted = runProcess(bin('publint'), ['--strict', join(folder, tarball)], plain)
  expect(linted.stdout).not.toMatch(/^(?:Warnings|Errors):/m)
  expect(linted.stdout.match(/^\d+\. .*/gm)).toEqual([expect.stringMatching(/^1\. pkg\.browser /)])
  const { status, stdout } = runProcess(bin('attw'), [join(folder, tarball), '--profile', 'esm-only'], plain)
  expect(status, stdout).toBe(0)
})
