import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openInventory } from '../../src/inventory/open.ts'
import { closedInventory, inventoryRoutes } from './inventory-contract.ts'

inventoryRoutes(() => openInventory({ folder: mkdtempSync(join(tmpdir(), 'inventory-')) }))
closedInventory()
