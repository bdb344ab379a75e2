import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openInventory } from '../../src/inventory/open.ts'
import { runs } from '../effort.ts'
import { inventoryContract } from './contract.ts'

inventoryContract(() => openInventory({ folder: mkdtempSync(join(tmpdir(), 'inventory-')) }), runs(500, 10))
