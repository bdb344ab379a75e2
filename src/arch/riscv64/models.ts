import { CpuMap } from '../../map/cpu-map.ts'
import type { Database } from '../../map/database.ts'

/** The extensions, and the profiles as models. libvirt has no map of RISC-V. @throws ParseError */
export const profiles = (): Database => CpuMap.builtIn().of('riscv64')
