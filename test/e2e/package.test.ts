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
  const documents = ['CHANGELOG.md', 'LICENSE', 'README.md'].map(name => readFileSync(join(root, name)))
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
  expect(complaints('typescript', folder)).toBe('')
})

/** A program that uses the library. */
const PROGRAM = `import {
  type AnswerDocument, baseline, type CpuidRow, decode, explain, type LostFeature, pools, type PoolsDocument,
  type PoolsInput, tree,
} from 'virt-cpu'
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

// @ts-expect-error An answer cannot be changed.
decode({ text: '' }).model = 'Haswell'
// @ts-expect-error There is no such key.
pools({ documents: [], nonsense: 1 })
// @ts-expect-error There is no such word.
decode({ text: '', as: 'nonsense' })
`

test.each([
  'typescript-oldest', // 5.4
  'typescript',
  'typescript-newest', // 7
])('%s compiles a program that uses the library', typescript => {
  const folder = folderIn(tmpdir())
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(root, join(folder, 'node_modules', 'virt-cpu'))
  symlinkSync(join(MODULES, '@types'), join(folder, 'node_modules', '@types'))
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  writeFileSync(join(folder, 'program.ts'), PROGRAM)
  const compilerOptions = {
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    module: 'nodenext',
    target: 'es2022',
    lib: ['es2022'],
    types: ['node'],
    skipLibCheck: false,
    noEmit: true,
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['program.ts'] }))
  expect(complaints(typescript, folder)).toBe('')
})
