import { readFileSync } from 'node:fs'
import { defineConfig } from 'vitest/config'

/** Data files are imported as strings, as the build does. */
const text = {
  name: 'text',
  enforce: 'pre' as const,
  load: (id: string) =>
    id.endsWith('.txt') ? `export default ${JSON.stringify(readFileSync(id, 'utf8'))}` : undefined,
}

export default defineConfig({
  plugins: [text],
  test: { include: ['test/**/*.test.ts'], reporters: ['default', './test/setup/closing-line.ts'] },
})
