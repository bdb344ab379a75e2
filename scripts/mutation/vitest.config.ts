import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'
import base from '../../vitest.config.ts'
import { readPlan } from './campaign.ts'
import { exportedConstants, plant } from './mutants.ts'

const plan = readPlan()
/** The folders with mutants, and what stands below them. */
const folders = [...new Set(plan.mutants.map(({ file }) => file.split('/').slice(0, 2).join('/')))]
const sources = folders.flatMap(folder =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.ts'))
    .map(name => join(folder, name)),
)

/** The values that modules there compute as they are loaded, and export. */
const exported = new Set(sources.flatMap(file => exportedConstants(file, readFileSync(file, 'utf8'))))

/** Plants the plan's mutants in the sources as they are loaded. */
const planted = {
  name: 'mutants',
  enforce: 'pre' as const,
  transform(_: string, id: string): string | undefined {
    const file = relative(process.cwd(), id)
    if (!/^src\/.*\.ts$/.test(file)) return undefined
    const own = plan.mutants.flatMap((mutant, i) => (mutant.file === file ? [[i + 1, mutant] as const] : []))
    const text = plant(file, readFileSync(id, 'utf8'), new Map(own), exported)
    return file === 'src/core/memo.ts' ? forgetful(text) : text
  },
}

/** The source with `once` and `oncePer` that forget what a mutant made (switch.ts). */
const forgetful = (text: string): string =>
  `${text.replace(/export function (once|oncePer)</g, 'function $1Kept<')}
export const once = globalThis.__once
export const oncePer = globalThis.__oncePer
`

/** Runs test files in the plan's order. */
class InOrder extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const placeOf = ({ moduleId }: TestSpecification): number =>
      plan.tests.indexOf(relative(process.cwd(), moduleId))
    return files.toSorted((a, b) => placeOf(a) - placeOf(b))
  }
}

const { plugins, ...config } = base({ mode: 'test', command: 'serve' })

export default defineConfig({
  ...config,
  plugins: [plugins, planted],
  test: {
    ...config.test,
    include: [...plan.tests],
    globalSetup: ['./test/setup/run-folder.ts'],
    env: { VIRT_CPU_FEWER: '4' },
    runner: './scripts/mutation/runner.ts',
    isolate: false,
    fileParallelism: false,
    reporters: [{}],
    sequence: { sequencer: InOrder },
  },
})
