import type { AllowedModels, Encoded } from '../arch/driver.ts'
import * as operations from '../arch/operations.ts'
import { start as startGuest } from '../arch/operations.ts'
import type { Cpu } from '../core/cpu.ts'
import type { Cpuid } from '../core/cpuid.ts'
import type { Reason } from './answer-parts.ts'
import type { Context } from './context.ts'
import { reasonOf } from './words/reason.ts'

/** The guest made definite on the migratable copy of the host. @throws LibvirtError */
export const update = ({ db }: Context, host: Cpu, guest: Cpu): Cpu =>
  operations.update(db, host.arch, guest, operations.migratable(db, host.arch, host))

/** What a start comes to; `cpu` only where the host can run the guest. */
interface StartAnswer {
  readonly result: 'incompatible' | 'identical' | 'superset'
  readonly message?: string
  readonly missing: readonly Reason[]
  readonly forbidden: readonly Reason[]
  readonly cpu?: Cpu
}

/** Compare, update and translate: what happens to a guest CPU when it starts on the host as it is. */
export function start({ db }: Context, host: Cpu, guest: Cpu, models?: AllowedModels): StartAnswer {
  const { comparison, ...rest } = startGuest(db, host, guest, models)
  if (comparison.result !== 'incompatible') {
    return { result: comparison.result, missing: [], forbidden: [], ...rest }
  }
  return {
    result: 'incompatible',
    message: operations.incompatibility(comparison.detail).message,
    missing: comparison.missing.map(reasonOf),
    forbidden: comparison.forbidden.map(reasonOf),
  }
}

/** The definition of a running guest, corrected by what its hypervisor gave and refused. @throws LibvirtError */
export const updateLive = ({ db }: Context, guest: Cpu, enabled: Cpuid, disabled: Cpuid): Cpu =>
  operations.updateLive(db, 'x86_64', guest, enabled, disabled)

/** The definition with its model's features spelled out, sorted by name. @throws LibvirtError */
export const expand = ({ db }: Context, cpu: Cpu): Cpu => operations.expand(db, cpu.arch ?? 'x86_64', cpu)

/** The definition without what blocks a migration. @throws LibvirtError */
export const migratable = ({ db }: Context, cpu: Cpu): Cpu =>
  operations.migratable(db, cpu.arch ?? 'x86_64', cpu)

/** What the definition asks for as words. @throws LibvirtError */
export const encode = ({ db }: Context, cpu: Cpu): Encoded => operations.encode(db, cpu.arch ?? 'x86_64', cpu)

/** @throws LibvirtError for the first listed feature that is not known */
export const validate = ({ db }: Context, cpu: Cpu): void =>
  operations.validate(db, cpu.arch ?? 'x86_64', cpu)
