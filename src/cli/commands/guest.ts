import type { Cpu } from '../../core/cpu.ts'
import { LibvirtError } from '../../core/libvirt-error.ts'
import { loadYamlFor } from '../../formats/dialects.ts'
import { toLibvirtName } from '../../formats/qemu/names.ts'
import { isBadFile } from '../../host/files/file-error.ts'
import { filesOf, readWholeText } from '../../host/files/files.ts'
import type { GivenFeatures } from '../../qemu/guest/live.ts'
import type { GuestRequest } from '../../qemu/guest/parse-request.ts'
import type { Context } from '../../questions/context.ts'
import type { GuestAnswer } from '../../questions/guest-check/answer.ts'
import {
  asRefusal,
  type GuestStart,
  guestAnswer,
  prepareGuest,
  refusal,
  resolveGuest,
  startPlaceOf,
} from '../../questions/guest-check/compute.ts'
import { reportGuest } from '../../questions/guest-check/report.ts'
import { definitionOf } from '../../questions/input/definition-of.ts'
import { type GivenGuest, readGuests, readVfioWord } from '../../questions/input/read.ts'
import { SCHEMA_VERSION } from '../../questions/question.ts'
import { noteLines } from '../../questions/words/describe.ts'
import type { Note } from '../../questions/words/note.ts'
import { Report } from '../../report/report.ts'
import type { Arguments } from '../arguments.ts'
import type { Command } from '../command.ts'
import { openContext } from '../globals.ts'
import { hypervisorRequest, NO_CACHE, openHypervisor, REPLIES } from '../hypervisor.ts'
import { FORMS, printExplanation, printReport } from '../print-report.ts'
import { CommandError, UsageError } from '../spec.ts'
import { FORMAT, firstCpu, formatOf, thisHost } from '../virsh/hosts.ts'

export const command: Command = {
  spec: {
    name: 'guest',
    description:
      'check DOMAIN.xml…: check what libvirt does when each guest starts: start it, start it without some ' +
      "features, or refuse, in libvirt's words; with QEMU's argument and the CPU that the running guest would have.",
    options: [
      { name: 'what', value: 'check', positional: 'one', required: true, words: ['check'], help: 'check' },
      {
        name: 'file',
        value: 'string',
        positional: 'many',
        required: true,
        help: 'guests: domains, as dumpxml prints them, what a platform defines (docs/formats.md), directories of these',
      },
      {
        ...REPLIES,
        help: "a recorded host's conversation with QEMU: nothing is started, and the CPU is what to expect",
      },
      {
        name: 'host',
        value: 'file',
        help: "the host's own CPU, as capabilities have it: KVM's checks look at it too",
      },
      NO_CACHE,
      ...FORMAT,
      ...FORMS,
    ],
    example: 'virt-cpu guest check examples/guests/web.xml --replies examples/hypervisors/ice-01.replies',
    style: 'own',
  },

  async run(args, session) {
    if (args.get('what') !== 'check') throw new UsageError(`guest has check, not '${args.get('what')}'`)
    const context = await openContext(session)
    const guests: ({ readonly source: string } & GuestAnswer)[] = []
    const notes: Note[] = []
    for (const { path, named } of filesOf(args.all('file'))) {
      const given = await guestsOf(context, path, named)
      if (!Array.isArray(given)) notes.push(given)
      else
        for (const [i, { name, request }] of given.entries()) {
          const source = given.length > 1 ? `${path}#${name ?? i + 1}` : path
          guests.push({ source, ...(await checkGuest(context, request, args)) })
        }
    }
    if (guests.length === 0) throw new CommandError([`no guest in ${args.all('file').join(' ')}`])
    await printReport(
      args,
      session,
      () => ({ schema: SCHEMA_VERSION, guests }),
      () => reportAll(guests),
    )
    await printExplanation(session, noteLines(notes))
    return guests.some(({ verdict }) => verdict === 'refused') ? 1 : 0
  },
}

/** The guests of a file; of one that nobody named and that has none, what is said of it. @throws ParseError, FileError */
async function guestsOf({ libvirt }: Context, path: string, isNamed: boolean): Promise<GivenGuest[] | Note> {
  try {
    const text = readWholeText(path)
    await loadYamlFor(text)
    return readGuests(text, path, libvirt)
  } catch (error) {
    if (isNamed || !isBadFile(error)) throw error
    return { kind: 'file-without-cpu', source: path }
  }
}

async function checkGuest(
  context: Context,
  request: () => GuestRequest,
  args: Arguments,
): Promise<GuestAnswer> {
  const trials = resolveGuest(request)
  let step = trials.next()
  while (!step.done) step = trials.next(await answerFor(context, step.value, args).catch(asRefusal))
  return step.value
}

/** @throws LibvirtError for what libvirt refuses */
async function answerFor(context: Context, asked: GuestRequest, args: Arguments): Promise<GuestAnswer> {
  const emulator = args.has('replies') ? undefined : asked.emulator
  const hypervisor = await openHypervisor({ ...hypervisorRequest(args), ...asked, emulator })
  const own = await hostDefinition(context, args)
  const place = startPlaceOf(context, hypervisor, own, await findVfio(args))
  const start = prepareGuest(context, asked, place, await formatOf(args))
  return args.has('replies') || start.refused ? guestAnswer(context, start) : startedAnswer(context, start)
}

/** Whether the host hands devices over: by the document that describes it, or as it is seen on this one. */
async function findVfio(args: Arguments): Promise<boolean | undefined> {
  const path = args.get('host')
  if (path !== undefined) return readVfioWord(readWholeText(path))
  if (args.has('replies')) return undefined
  const { readVfio } = await import('../../host/machine/vfio.ts')
  const { HostTree } = await import('../../host/machine/tree.ts')
  const { readHostArch } = await import('../../host/qemu/emulator.ts')
  return readVfio(new HostTree('/'), readHostArch()).isSupported
}

async function startedAnswer(context: Context, start: GuestStart): Promise<GuestAnswer> {
  try {
    return guestAnswer(context, start, await given(start))
  } catch (error) {
    if (!(error instanceof LibvirtError)) throw error
    return { ...refusal(error), argument: start.argument, basis: 'started' }
  }
}

/** What a QEMU that is started with the guest's machine and CPU gives it. */
async function given({ place, argument, override, request, cpu }: GuestStart): Promise<GivenFeatures> {
  const { probeGivenFeatures } = await import('../../host/qemu/interview.ts')
  const { binary, machine, accelerator } = place.choice
  const { enabled, disabled } = await probeGivenFeatures(binary, {
    accelerator: accelerator === 'kvm' ? 'kvm' : 'tcg',
    guest: {
      name: request.name,
      machine: `${machine?.name ?? 'none'}${request.features.smm ? `,smm=${request.features.smm}` : ''}`,
      cpu: override ?? argument,
      vcpus: request.vcpus,
      vcpusAtStart: request.vcpusAtStart,
      topology: cpu.topology,
    },
  })
  return { enabled: enabled.map(toLibvirtName), disabled: disabled.map(toLibvirtName) }
}

/**
 * The host's own CPU, beside what its hypervisor reports: a file's, or this host's. Undefined where only a recorded
 * conversation is known.
 * @throws FileError, LibvirtError
 */
export async function hostDefinition(context: Context, args: Arguments): Promise<Cpu | undefined> {
  const path = args.get('host')
  if (path !== undefined) {
    const { cpu: input } = await firstCpu({ path, named: true }, false)
    return input && definitionOf(context, input, 'auto').value
  }
  return args.has('replies') ? undefined : (await thisHost(context)).value
}

function reportAll(guests: readonly ({ readonly source: string } & GuestAnswer)[]): Report {
  const report = new Report()
  for (const [i, guest] of guests.entries()) {
    if (i > 0) report.drawing(() => '\n')
    reportGuest(report, guest)
  }
  return report
}
