import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { printCpu } from '../../formats/libvirt/print-cpu.ts'
import { printCapabilities } from '../../qemu/print-capabilities.ts'
import { SCHEMA_VERSION } from '../../questions/question.ts'
import { noteLines, printNote } from '../../questions/words/describe.ts'
import type { Arguments } from '../arguments.ts'
import type { Command } from '../command.ts'
import { linesOf } from '../command.ts'
import { openContext, type Session } from '../globals.ts'
import { CommandError } from '../spec.ts'
import type { DescribedHost } from './describe-host.ts'

export const command: Command = {
  spec: {
    name: 'capabilities',
    summary: 'capabilities',
    description: 'Returns capabilities of hypervisor/driver.',
    options: [
      { name: 'xpath', value: 'string', help: 'xpath expression to filter the XML document' },
      { name: 'wrap', help: 'wrap xpath results in an common root element' },
      {
        name: 'root',
        value: 'dir',
        ours: true,
        help: 'a recorded host instead of this one: a folder with its sys, proc and etc',
      },
      {
        name: 'best',
        ours: true,
        help: "name the CPU by its signature, though it may lack some of its model's features (not as libvirt)",
      },
      { name: 'no-cache', ours: true, help: 'ask every QEMU anew' },
      {
        name: 'explain',
        ours: true,
        help: 'say on stderr what could not be seen, and what passthrough of devices needs',
      },
      { name: 'json', ours: true, help: 'the same facts and the notes as JSON' },
    ],
    example: 'virt-cpu capabilities --xpath //host/cpu',
    style: 'virsh',
  },

  async run(args, session) {
    // virsh says nothing more of this mistake.
    if (args.isEmpty('xpath')) return 1
    const xpath = args.get('xpath')
    const described = session.driver === 'test' ? await testHost() : await describe(args, session)
    const document = printCapabilities(described.host, described.guests)
    if (args.has('json')) session.out(`${JSON.stringify(asJson(described), null, 2)}\n`)
    else if (xpath === undefined) session.out(document)
    else {
      const { selectXml } = await import('../../host/files/libxml2.ts')
      session.out(await selectXml(document, xpath, args.has('wrap')))
    }
    if (args.has('explain') && !args.has('json')) {
      const { explainVfio } = await import('../../questions/words/explain.ts')
      const { printExplanation } = await import('../print-report.ts')
      await printExplanation(session, [...noteLines(described.notes), ...explainVfio(described.vfio)])
    }
    return 0
  },
}

const testHost = async (): Promise<DescribedHost> => (await import('./test-driver.ts')).TEST_HOST

async function describe(args: Arguments, session: Session): Promise<DescribedHost> {
  const root = args.get('root')
  try {
    if (root !== undefined) requireHost(root)
    else if (process.platform !== 'linux') throw new CommandError([`${NOT_HERE}; ${HINT}`])
    const { describeHost } = await import('./describe-host.ts')
    const cache = args.has('no-cache') ? 'none' : undefined
    return await describeHost(await openContext(session), {
      root: root ?? '/',
      libvirt: session.libvirt,
      best: args.has('best'),
      cache,
    })
  } catch (error) {
    throw new CommandError(['failed to get capabilities', ...linesOf(error)], { cause: error })
  }
}

/** @throws CommandError for a folder without a host's files */
function requireHost(root: string): void {
  if (['sys', 'proc'].some(name => existsSync(join(root, name)))) return
  throw new CommandError([`'${root}' holds no host: it has neither sys nor proc`])
}

const NOT_HERE = `a host is described by the files of Linux, and this is ${process.platform}`
const HINT = 'give a recorded host with --root DIR, a folder with its sys, proc and etc'

function asJson({ host, guests, node, vfio, notes }: DescribedHost) {
  const { cpu, ...around } = host
  return {
    schema: SCHEMA_VERSION,
    host: { ...around, cpu: printCpu(cpu), node: node ?? null },
    guests,
    vfio,
    notes: notes.map(printNote),
  }
}
