import type { CpuBits } from '../../arch/driver.ts'
import type { Cpu, Topology } from '../../core/cpu.ts'
import { LibvirtError } from '../../core/libvirt-error.ts'
import type { ProbedCpu } from '../../formats/host/probed.ts'
import type { Context } from '../context.ts'
import { decodeBits, lacks } from '../decode/compute.ts'
import { dataOfDumps, type Noted } from './definition-of.ts'

interface HostCpuOptions {
  /** As the machine's other files tell it; absent: none is printed. */
  readonly topology?: Topology | undefined
  /** Beyond libvirt: the model may lack bits, and the signature counts first; what it lacks is noted. */
  readonly best?: boolean | undefined
}

/**
 * A probed machine's CPU as `virsh capabilities` has it. One that is no known model has no model, as with libvirt,
 * and what needs one fails.
 */
export function hostCpu(context: Context, probed: ProbedCpu, options: HostCpuOptions = {}): Noted<Cpu> {
  const { topology, best } = options
  const { value: data, notes } = dataOfDumps(context, probed.dumps)
  const { arch, microcode, tsc, physicalBits } = probed
  const maxphysaddr =
    physicalBits === undefined ? undefined : { mode: 'emulate' as const, bits: physicalBits }
  const decoded = decodedHost(context, data, best)
  const cpu = { ...decoded, arch, microcode, tsc, topology, maxphysaddr }
  return {
    value: cpu,
    notes: [
      ...probed.doubts,
      // What a probe says of MSRs is more than what can be told from their absence.
      ...notes.filter(({ kind }) => kind !== 'no-msrs'),
      ...lacks(context, data, decoded, { best }),
    ],
  }
}

function decodedHost(context: Context, data: CpuBits, best: boolean | undefined): Cpu {
  try {
    return decodeBits(context, data, { as: 'host', best })
  } catch (error) {
    if (!(error instanceof LibvirtError)) throw error
    return { type: 'host', features: [] }
  }
}
