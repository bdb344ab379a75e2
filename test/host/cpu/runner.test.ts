import { existsSync, mkdtempSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { ProgramRunner, requestCpuid, requestMoveToCpu, requestOpen } from '../../../src/host/cpu/requests.ts'
import { readByInstruction } from '../../../src/host/cpu/routes.ts'

const canRun = process.platform === 'linux' && process.arch === 'x64'
const folder = mkdtempSync(join(tmpdir(), 'virt-cpu-'))
let runner: ProgramRunner | undefined
afterEach(() => runner?.remove())

describe.skipIf(!canRun)('the program (Linux on x86-64 only)', () => {
  test('answers in order, and leaves nothing behind', () => {
    runner = new ProgramRunner([folder])
    const [vendor, moved, sameVendor] = runner.run([
      requestCpuid(0, 0),
      requestMoveToCpu(0),
      requestCpuid(0, 0),
    ])
    expect(moved?.result).toBe(0)
    expect(sameVendor?.registers).toEqual(vendor?.registers)
    expect(vendor?.registers.ebx).toBeGreaterThan(0)
    expect(runner.run([])).toEqual([])
    expect(readdirSync(folder)).toHaveLength(1)
    runner.remove()
    expect(readdirSync(folder)).toEqual([])
  })

  test('goes to the next directory where one does not take it', () => {
    runner = new ProgramRunner(['/nonexistent', '/proc', folder])
    expect(runner.run([requestCpuid(0, 0)])).toHaveLength(1)
  })

  test('is said to run nowhere, with the reasons', () => {
    runner = new ProgramRunner(['/nonexistent', join(folder, 'none')])
    expect(() => runner?.run([])).toThrow(
      /^no temporary file can be executed \(\/nonexistent: No such file or directory; .*none: No such/,
    )
  })

  test('a CPU that this process may not run on is left out', () => {
    runner = new ProgramRunner([folder])
    const found = readByInstruction([0, 8191], requests => runner?.run(requests) ?? [])
    expect([...found.keys()]).toEqual([0])
  })

  test('a system call that fails answers its error', () => {
    runner = new ProgramRunner([folder])
    expect(runner.run([requestOpen('/nonexistent', 0)])[0]?.result).toBe(-2)
    expect(existsSync('/nonexistent')).toBe(false)
  })

  test('many requests at once', () => {
    runner = new ProgramRunner([folder])
    const requests = Array.from({ length: 20_000 }, (_, i) =>
      i % 100 ? requestCpuid(1, 0) : requestMoveToCpu(0),
    )
    expect(runner.run(requests)).toHaveLength(20_000)
  })
})
