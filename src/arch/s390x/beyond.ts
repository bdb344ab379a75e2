import type { Database } from '../../database/database.ts'
import type { ArchitectureData, Fold } from '../driver.ts'
import { GenerationFold } from './best.ts'
import { DATA, generations } from './models.ts'

// What libvirt does not have. The command loads this, with its data, when it is first asked for, and the page not at all.

export { bestDetect } from './best.ts'

export const bestFold = (): Fold => new GenerationFold()

export const data = (): ArchitectureData => DATA

export const ownModels = (): Database => generations().db
