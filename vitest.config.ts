import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import { dataModule } from './scripts/data.mjs'

/** The data files as strings, as in the library; texts as in the build. */
const data = {
  name: 'data',
  resolveId: (id: string) => (id === 'virtual:data' ? `\0${id}` : undefined),
  load: (id: string) =>
    id === '\0virtual:data'
      ? dataModule()
      : /\.(?:rng|sh)$/.test(id)
        ? `export default ${JSON.stringify(readFileSync(id, 'utf8'))}`
        : undefined,
}

/** Real programs on a busy machine take their time. A test that hangs still ends. */
const PATIENCE = 300_000

export default defineConfig(({ mode }) => ({
  plugins: [data],
  define: { __VERSION__: '"test"' },
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['./test/setup/build.ts', './test/setup/run-folder.ts'],
    env: mode === 'long' ? { VIRT_CPU_LONG: '1' } : {},
    // Vitest leaves one core to itself, and half of the tests' time is waiting for other programs.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    testTimeout: PATIENCE,
    hookTimeout: PATIENCE,
    expect: { poll: { timeout: 60_000 } },
    reporters: ['default', './test/setup/closing-line.ts'],
  },
}))
