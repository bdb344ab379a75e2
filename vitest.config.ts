import { defineConfig } from 'vitest/config'
import { dataModule } from './scripts/data.mjs'

/** The data files as strings, as in the library. */
const data = {
  name: 'data',
  resolveId: (id: string) => (id === 'virtual:data' ? `\0${id}` : undefined),
  load: (id: string) => (id === '\0virtual:data' ? dataModule() : undefined),
}

export default defineConfig({
  plugins: [data],
  define: { __VERSION__: '"test"' },
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: './test/setup/build.ts',
    testTimeout: 30_000,
    reporters: ['default', './test/setup/closing-line.ts'],
  },
})
