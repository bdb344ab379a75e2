import { CpuMap } from '../../map/cpu-map.ts'
import type { Database } from '../../map/database.ts'

/** The features, and QEMU's cores as models. libvirt has no map of LoongArch. @throws ParseError */
export const cores = (): Database => CpuMap.builtIn().of('loongarch64')
