import { driverOf } from '../../arch/registry.ts'
import { CpuMap } from '../../map/cpu-map.ts'
import type { Dialect } from '../dialect.ts'
import { foundDumps, foundRegisters } from './distinct.ts'
import { parseOtherCpuInfo } from './other-cpuinfo.ts'
import { parseProcCpuinfo } from './proc-cpuinfo.ts'

/** Linux's `/proc/cpuinfo`, of any architecture. */
export const cpuinfo: Dialect = {
  name: 'proc-cpuinfo',
  title: '/proc/cpuinfo',
  sniff: text => /^(?:processor[ \t]*:[ \t]*\d+\s*$|vendor_id[ \t]*:|flags[ \t]*:[ \t]*fpu )/m.test(text),
  read(text, source) {
    const others = parseOtherCpuInfo(text, (arch, flag) =>
      driverOf(CpuMap.builtIn(), arch)?.flagPlace?.(flag),
    )
    return others.length > 0 ? foundRegisters(others) : foundDumps(parseProcCpuinfo(text, source))
  },
}
