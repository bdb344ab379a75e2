import type { AllowedModels, Encoded } from '../arch/driver.ts'
import * as operations from '../arch/operations.ts'
import { start as startGuest } from '../arch/operations.ts'
import type { Cpu } from '../core/cpu.ts'
import type { Cpuid } from '../core/cpuid.ts'
import type { Reason } from './answer-parts.ts'
import type { Context } from './context.ts'
import { reasonOf } from './words/note.ts'

/** The guest made definite on the migratable copy of the host. @throws LibvirtError */
export const update = ({ map }: Context, host: Cpu, guest: Cpu): Cpu =>
  operations.update(map, host.arch, guest, operations.migratable(map, host.arch, host))

/** What a start comes to; `cpu` only where the host can run the guest. */
interface StartAnswer {
  readonly result: 'incompatible' | 'identical' | 'superset'
  readonly message?: string
  readonly missing: readonly Reason[]
  readonly forbidden: readonly Reason[]
  readonly cpu?: Cpu
}

/** Compare, update and translate: what happens to a guest CPU when it starts on the host as it is. */
export function start({ map }: Context, host: Cpu, guest: Cpu, models?: AllowedModels): StartAnswer {
  const { comparison, ...rest } = startGuest(map, host, guest, models)
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
export const updateLive = ({ map }: Context, guest: Cpu, enabled: Cpuid, disabled: Cpuid): Cpu =>
  operations.updateLive(map, 'x86_64', guest, enabled, disabled)

/** The definition with its model's features spelled out, sorted by name. @throws LibvirtError */
export const expand = ({ map }: Context, cpu: Cpu): Cpu => operations.expand(map, cpu.arch ?? 'x86_64', cpu)

/** The definition without what blocks a migration. @throws LibvirtError */
export const migratable = ({ map }: Context, cpu: Cpu): Cpu =>
  operations.migratable(map, cpu.arch ?? 'x86_64', cpu)

/** What the definition asks for as words. @throws LibvirtError */
export const encode = ({ map }: Context, cpu: Cpu): Encoded =>
  operations.encode(map, cpu.arch ?? 'x86_64', cpu)

/** @throws LibvirtError for the first listed feature that is not known */
export const validate = ({ map }: Context, cpu: Cpu): void =>
  operations.validate(map, cpu.arch ?? 'x86_64', cpu)
