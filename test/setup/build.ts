import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

/** Builds what tests of the command run. A build that fails is said; the tests that need it then fail. */
export default function build(): void {
  const script = join(import.meta.dirname, '..', '..', 'scripts', 'build.mjs')
  const { status } = spawnSync(process.execPath, [script], { stdio: ['ignore', 'inherit', 'inherit'] })
  if (status !== 0) console.error('the build failed: tests of the command run on an older one')
}
