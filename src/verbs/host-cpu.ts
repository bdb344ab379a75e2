import type { Cpu, Topology } from '../core/cpu.ts'
import { LibvirtError } from '../core/libvirt-error.ts'
import type { ProbedCpu } from '../formats/probed.ts'
import type { Context } from './context.ts'
import { decodeX86 } from './decode.ts'
import { dataOfDumps, type Noted } from './host-of.ts'

/**
 * A probed machine's CPU as `virsh capabilities` has it. One that is no known model has no model, as with libvirt,
 * and what needs one fails.
 * @param topology as the machine's other files tell it; absent: none is printed
 */
export function hostCpu(context: Context, probed: ProbedCpu, topology?: Topology): Noted<Cpu> {
  const { value: data, notes } = dataOfDumps(context, probed.dumps)
  const { arch, microcode, tsc, physicalBits } = probed
  const maxphysaddr =
    physicalBits === undefined ? undefined : { mode: 'emulate' as const, bits: physicalBits }
  const cpu = { ...decodedHost(context, data), arch, microcode, tsc, topology, maxphysaddr }
  // What a probe says of MSRs is more than what can be told from their absence.
  return { value: cpu, notes: [...probed.doubts, ...notes.filter(({ kind }) => kind !== 'no-msrs')] }
}

function decodedHost(context: Context, data: Parameters<typeof decodeX86>[1]): Cpu {
  try {
    return decodeX86(context, data, { as: 'host' })
  } catch (error) {
    if (!(error instanceof LibvirtError)) throw error
    return { type: 'host', features: [] }
  }
}
