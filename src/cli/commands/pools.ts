import { pools } from '../../questions/pools/compute.ts'
import { addPools } from '../../questions/pools/report.ts'
import type { Command } from '../command.ts'
import { givenHosts } from '../fleet-hosts.ts'
import { FLEET, printAnswer } from '../fleet-input.ts'
import { PLAN, planOptions } from '../plan-options.ts'
import { FORMS } from '../print-report.ts'

export const command: Command = {
  spec: {
    name: 'pools',
    description:
      'Part a fleet’s hosts into pools so that guests get most: for each number of pools up to k the best partition, what ' +
      'a further pool gains, and whether that is proved; and the members for k. Value is the sum of hosts’ weights times ' +
      'the worth of what their pool’s guests get (docs/fleet-theory.md). Exit status 1: no partition keeps the constraints.',
    options: [FLEET, ...PLAN, ...FORMS],
    example: 'virt-cpu pools examples/fleet examples/fleet-amd -k 4',
    style: 'own',
  },

  async run(args, session) {
    const { view, notes } = await givenHosts(args, session)
    const answer = pools(view, planOptions(args, view))
    await printAnswer(session, args, answer, report => addPools(report, answer), notes)
    return answer.pools.length > 0 ? 0 : 1
  },
}
