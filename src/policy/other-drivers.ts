import type { Driver } from '../arch/driver.ts'
import * as architectures from './architectures.ts'

/** The drivers beside x86's. The command loads them, with their data, when this is first called. */
export const otherDrivers = (): readonly Driver[] => Object.values(architectures)
