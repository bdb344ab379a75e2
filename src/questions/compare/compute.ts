import type { Comparison } from '../../arch/driver.ts'
import { compareCpus, incompatibility } from '../../arch/operations.ts'
import { driverOf } from '../../arch/registry.ts'
import { asGuest, type Cpu } from '../../core/cpu.ts'
import type { CompareAnswer } from '../answer-parts.ts'
import type { Context } from '../context.ts'
import type { Note } from '../words/note.ts'
import { reasonOf } from '../words/note.ts'

/**
 * Whether a host can run a CPU: another host's or a guest's.
 * @throws LibvirtError for an unknown name or an architecture without an answer
 */
export function answerCompare({ map }: Context, host: Cpu, cpu: Cpu): CompareAnswer {
  return compareAnswer(compareCpus(map, host, cpu))
}

/** What to know of an answer: that libvirt did not look, and what it would have seen. */
export function compareNotes({ map }: Context, host: Cpu, cpu: Cpu, { result }: CompareAnswer): Note[] {
  const overlooked = driverOf(map, host.arch ?? '')?.overlooked
  if (!overlooked || result !== 'identical' || (asGuest(cpu)?.mode ?? 'custom') !== 'custom') return []
  const { missing, newer } = overlooked(host, cpu) ?? {}
  const kind = 'not-compared'
  return [
    {
      kind,
      arch: host.arch ?? '',
      ...(missing && { missing: missing.map(reasonOf) }),
      ...(newer && { newer }),
    },
  ]
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
