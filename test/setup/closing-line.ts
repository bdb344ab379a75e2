import { mkdirSync, writeFileSync } from 'node:fs'
import type { Reporter, TestModule } from 'vitest/node'

/** Ends the run with one plain line, `N passed, N failed, N skipped`, and keeps it for CI. */
export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const count = { passed: 0, failed: 0, skipped: 0, pending: 0 }
    for (const module of modules) {
      const before = count.failed
      for (const test of module.children.allTests()) count[test.result().state]++
      // A file or a hook that fails before its tests counts as one.
      if (module.state() === 'failed' && count.failed === before) count.failed++
    }
    if (errors.length > 0 && count.failed === 0) count.failed = errors.length
    const line = `${count.passed} passed, ${count.failed} failed, ${count.skipped + count.pending} skipped`
    console.log(line)
    mkdirSync('.cache', { recursive: true })
    writeFileSync('.cache/closing-line.txt', `${line}\n`)
  }
}
