import { existsSync, mkdtempSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openInventory } from '../../src/inventory/open.ts'
import { runs } from '../effort.ts'
import { inventoryContract } from './contract.ts'

inventoryContract(() => openInventory({ folder: mkdtempSync(join(tmpdir(), 'inventory-')) }), runs(500, 10))

const empty = () => mkdtempSync(join(tmpdir(), 'inventory-'))

test('its folder is made with those above it, for its user alone', async () => {
  const base = empty()
  const inventory = await openInventory({ folder: join(base, 'a', 'b') })
  await inventory.close()
  for (const path of ['a', 'a/b']) expect(statSync(join(base, path)).mode & 0o777).toBe(0o700)
})

test('a file in its way is an error', async () => {
  const base = empty()
  writeFileSync(join(base, 'file'), '')
  for (const path of ['file', 'file/a', 'file/a/b'])
    await expect(openInventory({ folder: join(base, path) })).rejects.toThrow(
      `the inventory cannot be kept in ${join(base, path)}: there is a file in its place`,
    )
})

test.runIf(existsSync('/proc/self'))(
  'no place for its folder is an error, and no loop without end',
  { timeout: 10_000 },
  async () => {
    await expect(openInventory({ folder: '/proc/a/b' })).rejects.toThrow(
      'the inventory cannot be kept in /proc/a/b: nothing can be made there',
    )
  },
)
