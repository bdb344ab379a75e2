import type { Cpu } from '../core/cpu.ts'
import type { Context } from '../questions/context.ts'
import { definitionOf } from '../questions/input/definition-of.ts'
import type { Arguments } from './arguments.ts'
import { thisHost } from './this-host.ts'
import { firstCpu } from './virsh/first-cpu.ts'

/**
 * The host's own CPU, beside what its hypervisor reports: a file's, or this host's. Undefined where only a recorded
 * conversation is known.
 * @throws FileError, LibvirtError
 */
export async function hostDefinition(context: Context, args: Arguments): Promise<Cpu | undefined> {
  const path = args.get('host')
  if (path !== undefined) {
    const input = await firstCpu({ path, named: true }, false)
    return input && definitionOf(context, input, 'auto').value
  }
  return args.has('replies') ? undefined : (await thisHost(context)).value
}
