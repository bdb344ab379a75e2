import { readFileSync } from 'node:fs'
import { defineConfig } from 'vitest/config'

/** Data files are imported as strings, as the build does. */
const text = {
  name: 'text',
  enforce: 'pre' as const,
  resolveId: (id: string) => (id.endsWith('.packed') ? `\0${id}` : undefined),
  load: (id: string) =>
    id.endsWith('.packed')
      ? "export default ''"
      : id.endsWith('.txt')
        ? `export default ${JSON.stringify(readFileSync(id, 'utf8'))}`
        : undefined,
}

export default defineConfig({
  plugins: [text],
  define: { __VERSION__: '"test"' },
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: './test/setup/build.ts',
    testTimeout: 30_000,
    reporters: ['default', './test/setup/closing-line.ts'],
  },
})
