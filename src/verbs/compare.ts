import type { Comparison } from '../arch/driver.ts'
import type { Cpu } from '../core/cpu.ts'
import { compare as compareCpus, incompatibility } from '../policy/operations.ts'
import type { Context } from './context.ts'
import { type Reason, reasonOf } from './reason.ts'

export interface CompareAnswer {
  readonly result: 'incompatible' | 'identical' | 'superset'
  /** Only when incompatible: libvirt's error text, prefix included. */
  readonly message?: string
  /** What the CPU requires and the host lacks. */
  readonly missing: readonly Reason[]
  /** What the CPU forbids and the host has. */
  readonly forbidden: readonly Reason[]
  /** What the host has and the CPU does not ask for. */
  readonly extra: readonly Reason[]
}

/**
 * Whether a host can run a CPU: another host's or a guest's.
 * @throws LibvirtError for an unknown name or an architecture without an answer
 */
export function compare({ db }: Context, host: Cpu, cpu: Cpu): CompareAnswer {
  return compareAnswer(compareCpus(db, host, cpu))
}

/** A comparison as it is answered. */
export function compareAnswer(comparison: Comparison): CompareAnswer {
  const extra = comparison.extra.map(reasonOf)
  if (comparison.result !== 'incompatible') {
    return { result: comparison.result, missing: [], forbidden: [], extra }
  }
  return {
    result: 'incompatible',
    message: incompatibility(comparison.detail).message,
    missing: comparison.missing.map(reasonOf),
    forbidden: comparison.forbidden.map(reasonOf),
    extra,
  }
}
