import type { FleetView } from '../questions/input/fleet/view.ts'
import type { Arguments } from './arguments.ts'
import { type GivenFleet, givenFleet } from './fleet-input.ts'
import type { Session } from './session.ts'
import { CommandError, type OptionSpec } from './spec.ts'

/** `--pool`, which every command that goes through pools takes. */
export const POOL: OptionSpec = { name: 'pool', value: 'label', help: 'only the pool of that label' }

/** The fleet of a command's files. @throws CommandError where it has no host */
export async function givenHosts(args: Arguments, session: Session): Promise<GivenFleet> {
  const given = await givenFleet(session, args.all('fleet'))
  if (given.view.groups.length > 0) return given
  throw new CommandError(['no host in it: a fleet needs what `virsh capabilities` printed on its hosts'])
}

/** The pool that was asked for; undefined: all. @throws CommandError where there is none of that label */
export function labelsOf(args: Arguments, { pools }: FleetView): readonly string[] | undefined {
  const wanted = args.get('pool')
  if (wanted === undefined) return undefined
  if (pools.some(({ label }) => label === wanted)) return [wanted]
  const known = pools.map(({ label }) => label || '(none)').join(', ')
  throw new CommandError([`no pool is called ${wanted}; there are ${known}`])
}
