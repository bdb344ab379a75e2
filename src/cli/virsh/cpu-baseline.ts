import type { Cpu } from '../../core/cpu.ts'
import { LibvirtError } from '../../core/libvirt-error.ts'
import { printCpu } from '../../formats/libvirt/print-cpu.ts'
import { isBadFile } from '../../host/files/file-error.ts'
import { baselineAnswer, Pool, type ResultOptions } from '../../questions/baseline/pool.ts'
import { SCHEMA_VERSION } from '../../questions/question.ts'
import type { Line } from '../../report/report.ts'
import type { Arguments } from '../arguments.ts'
import type { Command } from '../command.ts'
import { openContext, type Session } from '../globals.ts'
import { CommandError } from '../spec.ts'
import {
  atSource,
  FILES,
  FORMAT,
  formatOf,
  readAsVirsh,
  readDefinitions,
  tellNotExpressed,
  tellSkipped,
} from './hosts.ts'

export const command: Command = {
  spec: {
    name: 'cpu-baseline',
    summary: 'compute baseline CPU',
    description: 'Compute baseline CPU for a set of given CPUs.',
    options: [
      { ...FILES, help: 'file containing XML CPU descriptions' },
      { name: 'features', help: 'Show features that are part of the CPU model type' },
      { name: 'migratable', help: 'Do not include features that block migration' },
      {
        name: 'on-model',
        value: 'name',
        ours: true,
        help: 'put the result on this model instead of choosing one',
      },
      { name: 'lenient', ours: true, help: 'leave out unknown names, and say so, instead of failing' },
      {
        name: 'best',
        ours: true,
        help: 'answer hosts of several vendors too, whatever their order (not as libvirt)',
      },
      ...FORMAT,
      { name: 'explain', ours: true, help: 'say on stderr which features are lost, and to which hosts' },
      { name: 'json', ours: true, help: 'the answer, its features and notes as JSON' },
    ],
    example: 'virt-cpu cpu-baseline examples/redhat-guide/*.xml --explain',
    style: 'virsh',
  },

  async run(args, session) {
    const format = await formatOf(args)
    const { pool, notes } = await poolOf(args, session)
    const options = {
      expand: args.has('features'),
      migratable: args.has('migratable'),
      onModel: args.get('on-model'),
    }
    const cpu = answerOf(pool, options, args)
    const writer = format.format === undefined ? undefined : await import('../../questions/answer-parts.ts')
    const written = writer?.writtenIn(format, plain => answerOf(pool, { ...options, ...plain }, args)) ?? {}
    const told = args.has('explain') || args.has('json')
    const all = told ? [...notes, ...pool.notes(options), ...(writer?.writtenFor(format) ?? [])] : []
    if (args.has('json')) {
      const { printNote } = await import('../../questions/words/describe.ts')
      const explain = args.has('explain') ? { explain: pool.reasons(cpu, options) } : {}
      const answer = {
        schema: SCHEMA_VERSION,
        ...baselineAnswer(pool, cpu, written),
        notes: all.map(printNote),
        ...explain,
      }
      session.out(`${JSON.stringify(answer, null, 2)}\n`)
      return 0
    }
    session.out(written.written ?? printCpu(cpu))
    await tellNotExpressed(session, written)
    const marks = pool
      .notes(options)
      .filter(note => note.kind === 'cross-vendor' || note.kind === 'beyond-libvirt')
    if (!told) await tellSkipped(session, notes)
    if (told || marks.length > 0) {
      const { explainBaseline } = await import('../../questions/words/explain.ts')
      const { noteLines } = await import('../../questions/words/describe.ts')
      const { printExplanation } = await import('../print-report.ts')
      await printExplanation(
        session,
        told
          ? [
              ...explainBaseline(pool.reasons(cpu, options), all),
              ...(await explainForGuests(session, args.all('file'), cpu)),
            ]
          : noteLines(marks),
      )
    }
    return 0
  },
}

/** What an operator would give guests of these hosts, where that is not libvirt's answer, and why. */
async function explainForGuests(session: Session, files: readonly string[], cpu: Cpu): Promise<Line[]> {
  const [{ readFleet }, { openedFleet }, { compareWithPool }] = await Promise.all([
    import('../../host/files/fleet.ts'),
    import('../../questions/input/fleet/open-fleet.ts'),
    import('../../questions/pools/report.ts'),
  ])
  const context = await openContext(session)
  // What came through a pipe is read already, and a fleet's reader may want more of a file than its CPU.
  const read = files.includes('-') ? undefined : await readFleet(context, files).catch(passOver)
  return read ? compareWithPool(openedFleet(context, read).view, cpu) : []
}

function passOver(error: unknown): undefined {
  if (isBadFile(error) || error instanceof AggregateError) return undefined
  throw error
}

async function poolOf(args: Arguments, session: Session) {
  const context = await openContext(session)
  const files = args.all('file')
  if (session.driver === 'test' && args.has('migratable')) {
    await readAsVirsh(files, { cpu: () => {} })
    throw new CommandError(['unsupported flags (0x2) in function testConnectBaselineCPU'])
  }
  const pool = new Pool(context.map, {
    libvirt: context.libvirt,
    explain: args.has('explain') || args.has('json'),
    lenient: args.has('lenient'),
    best: args.has('best'),
    unfiltered: session.driver === 'test',
  })
  const take = (cpu: Cpu, source: string) => pool.add(cpu, source)
  const notes = await readDefinitions(context, files, 'host', take, args.has('best'))
  return { pool, notes }
}

function answerOf(pool: Pool, options: ResultOptions, args: Arguments): Cpu {
  try {
    return pool.result(options)
  } catch (error) {
    if (!(error instanceof LibvirtError) || pool.culprit === undefined) throw error
    throw atSource(error, pool.culprit, args.all('file'))
  }
}
