import { expect, test } from 'vitest'
import { InventoryError, load, orFault, untilFree } from '../../src/inventory/fault.ts'

test('a package that is not installed is named, with what installs it', async () => {
  const name = 'virt-cpu-no-such-package'
  const run = () => import(/* @vite-ignore */ name)
  await expect(load(name, run)).rejects.toMatchObject({ kind: 'package' })
  await expect(load(name, run)).rejects.toThrow(`npm install ${name}`)
  // What is wrong within a package is no missing one.
  const broken = () => Promise.reject(new SyntaxError('broken'))
  await expect(load('kysely', broken)).rejects.toThrow(SyntaxError)
})

test.each([
  ['53100', 'full'],
  ['ENOSPC', 'full'],
  ['53300', 'full'],
  ['57P01', 'unreachable'],
  ['08006', 'unreachable'],
  ['ECONNREFUSED', 'unreachable'],
  ['ENOENT', 'unreachable'],
  ['28P01', 'unreachable'],
  ['3D000', 'unreachable'],
  ['40P01', 'busy'],
  ['23505', 'conflict'],
  ['22021', 'value'],
  ['XX000', 'failed'],
])('%s is %s', async (code, kind) => {
  const error = Object.assign(new Error('what it said'), { code })
  const fault = await orFault(() => Promise.reject(error)).catch((one: unknown) => one)
  expect(fault).toMatchObject({ name: 'InventoryError', kind, cause: error })
  expect(String(fault)).toContain('what it said')
})

test('others in the way are waited for, three times', async () => {
  const busy = new InventoryError('busy', 'others write the same')
  let tries = 0
  const free = async (after: number) => {
    if (++tries < after) throw busy
    return tries
  }
  expect(await untilFree(() => free(3))).toBe(3)
  tries = 0
  await expect(untilFree(() => free(4))).rejects.toBe(busy)
  expect(tries).toBe(3)
  tries = 0
  const full = () => Promise.reject(new InventoryError('full', `${++tries}`))
  await expect(untilFree(full)).rejects.toMatchObject({ kind: 'full' })
  expect(tries).toBe(1)
})
