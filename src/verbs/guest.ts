import { incompatibility } from '../arch/x86/compare.ts'
import type { AllowedModels } from '../arch/x86/decode.ts'
import { type Encoded, encode as encodeX86 } from '../arch/x86/encode.ts'
import { expand as expandX86, migratable as migratableX86 } from '../arch/x86/expand.ts'
import { validateFeatures } from '../arch/x86/query.ts'
import { update as updateX86 } from '../arch/x86/update.ts'
import { updateLive as updateLiveX86 } from '../arch/x86/update-live.ts'
import type { Cpu } from '../core/cpu.ts'
import type { CpuidData } from '../core/cpuid-data.ts'
import { requireX86 } from '../policy/driver.ts'
import { start as startX86 } from '../policy/start.ts'
import type { Context } from './context.ts'
import { type Reason, reasonOf } from './reason.ts'

/** The guest made definite on the migratable copy of the host. @throws LibvirtError */
export function update({ db }: Context, host: Cpu, guest: Cpu): Cpu {
  requireX86(host.arch)
  return updateX86(db, guest, migratableX86(db, host))
}

/** What a start comes to; `cpu` only where the host can run the guest. */
export interface StartAnswer {
  readonly result: 'incompatible' | 'identical' | 'superset'
  readonly message?: string
  readonly missing: readonly Reason[]
  readonly forbidden: readonly Reason[]
  readonly cpu?: Cpu
}

/** Compare, update and translate: what happens to a guest CPU when it starts on the host as it is. */
export function start({ db }: Context, host: Cpu, guest: Cpu, models?: AllowedModels): StartAnswer {
  const { comparison, ...rest } = startX86(db, host, guest, models)
  if (comparison.result !== 'incompatible') {
    return { result: comparison.result, missing: [], forbidden: [], ...rest }
  }
  return {
    result: 'incompatible',
    message: incompatibility(comparison.detail).message,
    missing: comparison.missing.map(reasonOf),
    forbidden: comparison.forbidden.map(reasonOf),
  }
}

/** The definition of a running guest, corrected by what its hypervisor gave and refused. @throws LibvirtError */
export const updateLive = ({ db }: Context, guest: Cpu, enabled: CpuidData, disabled: CpuidData): Cpu =>
  updateLiveX86(db, guest, enabled, disabled)

/** The definition with its model's features spelled out, sorted by name. @throws LibvirtError */
export function expand({ db }: Context, cpu: Cpu): Cpu {
  requireX86(cpu.arch ?? 'x86_64')
  return expandX86(db, cpu)
}

/** The definition without what blocks a migration. @throws LibvirtError */
export function migratable({ db }: Context, cpu: Cpu): Cpu {
  requireX86(cpu.arch ?? 'x86_64')
  return migratableX86(db, cpu)
}

/** What the definition asks for as words. @throws LibvirtError */
export function encode({ db }: Context, cpu: Cpu): Encoded {
  requireX86(cpu.arch ?? 'x86_64')
  return encodeX86(db, cpu)
}

/** @throws LibvirtError for the first listed feature that is not known */
export function validate({ db }: Context, cpu: Cpu): void {
  requireX86(cpu.arch ?? 'x86_64')
  validateFeatures(db, cpu)
}
