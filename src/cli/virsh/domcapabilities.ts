import type { VfioFacts } from '../../formats/host/host-facts.ts'
import { HostTree } from '../../host/machine/tree.ts'
import { readVfio } from '../../host/machine/vfio.ts'
import { readHostArch } from '../../host/qemu/emulator.ts'
import { readDomainHost } from '../../host/qemu/read-domain-host.ts'
import { checkDomainType } from '../../qemu/choice.ts'
import type { DomainHost, DomainOptions } from '../../qemu/domain-capabilities/request.ts'
import type { Context } from '../../questions/context.ts'
import { answerDomcapabilities } from '../../questions/domcapabilities/question.ts'
import { SCHEMA_VERSION } from '../../questions/question.ts'
import { noteLines } from '../../questions/words/describe.ts'
import type { Arguments } from '../arguments.ts'
import type { Command } from '../command.ts'
import { linesOf } from '../command.ts'
import { openContext, type Session } from '../globals.ts'
import {
  type HypervisorRequest,
  hypervisorRequest,
  openHypervisor,
  PROBE,
  refuseReadOnly,
} from '../hypervisor.ts'
import { CommandError } from '../spec.ts'
import { thisHost } from './hosts.ts'

export const command: Command = {
  spec: {
    name: 'domcapabilities',
    summary: 'domain capabilities',
    description: 'Returns capabilities of emulator with respect to host and libvirt.',
    options: [
      {
        name: 'virttype',
        value: 'string',
        bare: true,
        help: 'virtualization type (/domain/@type)',
        words: ['kvm', 'qemu'],
      },
      {
        name: 'emulatorbin',
        value: 'string',
        bare: true,
        help: 'path to emulator binary (/domain/devices/emulator)',
      },
      { name: 'arch', value: 'string', bare: true, help: 'domain architecture (/domain/os/type/@arch)' },
      { name: 'machine', value: 'string', bare: true, help: 'machine type (/domain/os/type/@machine)' },
      { name: 'xpath', value: 'string', help: 'xpath expression to filter the XML document' },
      { name: 'wrap', help: 'wrap xpath results in an common root element' },
      {
        name: 'disable-deprecated-features',
        help: 'report host CPU model with deprecated features disabled',
      },
      {
        name: 'expand-cpu-features',
        since: 'expand-cpu-features',
        help: "expand 'host-model' CPU to also show features enabled by the CPU model",
      },
      {
        name: 'supported-cpu-features',
        since: 'supported-cpu-features',
        help: "include all supported CPU features in 'host-model' mode, not only those enabled by default",
      },
      ...PROBE,
      { name: 'explain', ours: true, help: 'say on stderr all that passing a host device through needs' },
      { name: 'json', ours: true, help: 'the document as a text in JSON' },
    ],
    example: 'virt-cpu domcapabilities --replies examples/hypervisors/ice-01.replies --virttype kvm',
    style: 'virsh',
  },

  async run(args, session) {
    // virsh says nothing more of this mistake.
    if (args.isEmpty('xpath')) return 1
    const xpath = args.get('xpath')
    const xml = await describe(args, session)
    if (args.has('json')) session.out(`${JSON.stringify({ schema: SCHEMA_VERSION, xml }, null, 2)}\n`)
    else if (xpath === undefined) session.out(xml)
    else {
      const { selectXml } = await import('../../host/files/libxml2.ts')
      session.out(await selectXml(xml, xpath, args.has('wrap')))
    }
    if (args.has('explain')) await explainHost(args, session)
    return 0
  },
}

/** @throws CommandError as virsh words it */
async function describe(args: Arguments, session: Session): Promise<string> {
  const request = { ...hypervisorRequest(args), emulator: args.get('emulatorbin') }
  try {
    refuseReadOnly(session, 'GetDomainCapabilities')
    if (session.driver === 'test') return await testDriver(args, request)
    const { capabilities, choice } = await openHypervisor(request)
    checkDomainType(capabilities, choice)
    const context = await openContext(session)
    const host: DomainHost = request.replies === undefined ? await domainHost(context, args) : {}
    return answerDomcapabilities(context, capabilities, choice, host, optionsOf(args))
  } catch (error) {
    throw new CommandError(['failed to get emulator capabilities', ...linesOf(error)], { cause: error })
  }
}

const optionsOf = (args: Arguments): DomainOptions => ({
  disableDeprecated: args.has('disable-deprecated-features'),
  expandFeatures: args.has('expand-cpu-features'),
  supportedFeatures: args.has('supported-cpu-features'),
})

async function testDriver(args: Arguments, request: HypervisorRequest): Promise<string> {
  const { testDomainCapabilities } = await import('./test-driver.ts')
  return testDomainCapabilities(request, optionsOf(args))
}

async function explainHost(args: Arguments, session: Session): Promise<void> {
  const { explainVfio } = await import('../../questions/words/explain.ts')
  const { printExplanation } = await import('../print-report.ts')
  if (args.has('replies')) return printExplanation(session, noteLines([{ kind: 'conversation-alone' }]))
  return printExplanation(session, explainVfio(vfioHere()))
}

/** What this host adds to what its QEMU tells; with all that is supported, what its own CPU has that QEMU leaves out. */
async function domainHost(context: Context, args: Arguments): Promise<DomainHost> {
  const host = readDomainHost(new HostTree('/'), readHostArch())
  return args.has('supported-cpu-features') ? { ...host, cpu: (await thisHost(context)).value } : host
}

/** All that passing a device of this host through needs. */
const vfioHere = (): VfioFacts => readVfio(new HostTree('/'), readHostArch())
