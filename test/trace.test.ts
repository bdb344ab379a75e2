import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runProcess } from './cli/virt-cpu.ts'

test('no more files run than docs/decisions/0011 allows', () => {
  const script = join(import.meta.dirname, '..', 'scripts', 'trace.mjs')
  const { status, stdout } = runProcess(process.execPath, [script, '--limits'])
  expect(status, stdout).toBe(0)
  expect(stdout.match(/ files run, at most /g)).toHaveLength(3)
})
