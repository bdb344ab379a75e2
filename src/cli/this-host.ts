import type { Cpu } from '../core/cpu.ts'
import { ProbeError } from '../host/files/file-error.ts'
import type { Context } from '../questions/context.ts'
import type { Noted } from '../questions/input/definition-of.ts'
import { hostCpu } from '../questions/input/host-cpu.ts'
import { CommandError } from './spec.ts'

/** This machine's CPU, as `virsh capabilities` has it. @throws CommandError where it cannot be read */
export async function thisHost(context: Context): Promise<Noted<Cpu>> {
  const { probeCpu } = await import('../host/cpu/probe-cpu.ts')
  try {
    return hostCpu(context, await probeCpu())
  } catch (error) {
    if (!(error instanceof ProbeError)) throw error
    throw new CommandError([`${error.message}; ${HINT}`], { cause: error })
  }
}

const HINT = 'give a recorded host with --host FILE, such as what `virsh capabilities` printed there'
