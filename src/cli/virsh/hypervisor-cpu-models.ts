import { readHypervisorSupport } from '../../qemu/allowance.ts'
import { checkDomainType } from '../../qemu/choice.ts'
import { type HypervisorModel, hypervisorModels } from '../../questions/hypervisor-cpu/question.ts'
import { SCHEMA_VERSION } from '../../questions/question.ts'
import type { Line } from '../../report/report.ts'
import type { Command } from '../command.ts'
import { linesOf } from '../command.ts'
import { openContext, type Session } from '../globals.ts'
import {
  HYPERVISOR,
  type HypervisorRequest,
  hypervisorRequest,
  openHypervisor,
  PROBE,
  refuseReadOnly,
} from '../hypervisor.ts'
import { printExplanation } from '../print-report.ts'
import { CommandError } from '../spec.ts'

export const command: Command = {
  spec: {
    name: 'hypervisor-cpu-models',
    summary: 'Hypervisor reported CPU models',
    description: 'Get the CPU models reported by the hypervisor.',
    options: [
      ...HYPERVISOR,
      { name: 'all', help: 'include all CPU models known to the hypervisor for the architecture' },
      ...PROBE,
      { name: 'explain', ours: true, help: 'say on stderr what keeps the other models from being used' },
      { name: 'json', ours: true, help: 'the models with what keeps them from being used as JSON' },
    ],
    example: 'virt-cpu hypervisor-cpu-models --replies examples/hypervisors/sky-03.replies --explain',
    style: 'virsh',
  },

  async run(args, session) {
    const request = hypervisorRequest(args)
    try {
      const all = await modelsOf(request, session)
      const models = args.has('all') ? all : all.filter(({ usable }) => usable === 'yes')
      if (args.has('json')) session.out(`${JSON.stringify({ schema: SCHEMA_VERSION, models }, null, 2)}\n`)
      else session.out(models.map(({ name }) => `${name}\n`).join(''))
      if (args.has('explain')) await printExplanation(session, all.flatMap(explained))
      return 0
    } catch (error) {
      throw new CommandError(['failed to get hypervisor CPU model names', ...linesOf(error)], {
        cause: error,
      })
    }
  },
}

/** @throws LibvirtError, ProbeError, FileError, ParseError */
async function modelsOf(request: HypervisorRequest, session: Session): Promise<HypervisorModel[]> {
  refuseReadOnly(session, 'GetDomainCapabilities')
  if (session.driver === 'test') {
    const { checkTestRequest } = await import('./test-driver.ts')
    checkTestRequest(request)
    return []
  }
  const { capabilities, choice } = await openHypervisor(request)
  checkDomainType(capabilities, choice)
  const given = capabilities.accelerators.get(choice.accelerator)
  const allowance = given && readHypervisorSupport(given)
  return allowance ? hypervisorModels(await openContext(session), allowance, choice.arch) : []
}

const explained = ({ name, blockers }: HypervisorModel): Line[] =>
  blockers.length > 0 ? [[{ text: `not ${name}`, tone: 'bad' }, `: lacks ${blockers.join(', ')}`]] : []
