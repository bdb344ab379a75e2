import type { Context } from '../questions/context.ts'
import { BadRequest, MODEL_ARCHES, requireModels } from '../questions/context.ts'
import type { Session } from './session.ts'
import { openContext } from './session.ts'
import { type OptionSpec, UsageError } from './spec.ts'

/** Which architecture's models are meant. */
export const ARCH: OptionSpec = {
  name: 'arch',
  value: 'string',
  words: MODEL_ARCHES,
  help: 'whose models: x86 if not given; others as QEMU names them',
}

/** The models of an architecture, ours where libvirt has no map of it. @throws UsageError where there are none */
export async function requestedModels(
  session: Session,
  arch?: string,
): Promise<{ context: Context; own: boolean }> {
  const context = await openContext(session)
  try {
    return requireModels(context, arch)
  } catch (error) {
    throw error instanceof BadRequest ? new UsageError(`--${error.message}`) : error
  }
}
