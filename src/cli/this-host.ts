import type { Cpu } from '../core/cpu.ts'
import { ProbeError } from '../probe/probe-error.ts'
import type { Context } from '../verbs/context.ts'
import { hostCpu } from '../verbs/host-cpu.ts'
import type { Noted } from '../verbs/host-of.ts'
import { CommandError } from './spec.ts'

/** This machine's CPU, as `virsh capabilities` has it. @throws CommandError where it cannot be read */
export async function thisHost(context: Context): Promise<Noted<Cpu>> {
  const { probeCpu } = await import('../probe/cpu/probe-cpu.ts')
  try {
    return hostCpu(context, await probeCpu())
  } catch (error) {
    if (!(error instanceof ProbeError)) throw error
    throw new CommandError([`${error.message}; ${HINT}`], { cause: error })
  }
}

const HINT = 'give a recorded host with --host FILE, such as what `virsh capabilities` printed there'
