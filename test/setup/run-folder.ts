import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { TestProject } from 'vitest/node'

/**
 * Gives the run a folder of its own for temporary files, and ends what tests started in it for all: it is removed
 * afterwards, unless a test failed.
 */
export default function runFolder({ vitest }: TestProject): () => Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'vc-'))
  chmodSync(folder, 0o755) // QEMU may run as a user of its own
  process.env.TMPDIR = folder
  return async () => {
    await endDaemon(join(folder, DAEMON))
    if (vitest.state.getCountOfFailedTests() > 0) console.log(`files of the tests are kept in ${folder}`)
    else rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** The folder, in the run's, of the libvirtd that test files share. */
export const DAEMON = 'libvirtd'

/** Ends it by its process ID file; it may be busy asking QEMU. */
async function endDaemon(folder: string): Promise<void> {
  const file = join(folder, 'pid')
  if (!existsSync(file)) return
  const pid = Number(readFileSync(file, 'utf8'))
  for (let tries = 0; isAlive(pid); tries++) {
    process.kill(pid, tries < 30 ? 'SIGTERM' : 'SIGKILL')
    await setTimeout(100)
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
