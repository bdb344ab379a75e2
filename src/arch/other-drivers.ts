import * as architectures from './architectures.ts'
import type { Driver } from './driver.ts'

/** The drivers beside x86's. The command loads them, with their data, when this is first called. */
export const otherDrivers = (): readonly Driver[] => Object.values(architectures)
