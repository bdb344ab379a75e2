import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openInventory } from '../../src/inventory/open.ts'
import { runs } from '../effort.ts'
import { fleetQuestionsContract } from './fleet-questions.ts'

fleetQuestionsContract(() => openInventory({ folder: mkdtempSync(join(tmpdir(), 'asked-')) }), runs(60, 20))
