import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openInventory } from '../../src/inventory/open.ts'
import { runs } from '../effort.ts'
import { alertContract } from './alert-contract.ts'

alertContract(() => openInventory({ folder: mkdtempSync(join(tmpdir(), 'alerts-')) }), runs(200, 8))
