import type { Cpu } from '../../core/cpu.ts'
import { LibvirtError } from '../../core/libvirt-error.ts'
import type { ParseError } from '../../core/parse-error.ts'
import { didYouMean } from '../../core/text.ts'
import type { NamedCpu } from '../../formats/found.ts'
import type { Expected } from '../../formats/libvirt/parse-cpu.ts'
import type { WriteOptions } from '../../formats/write.ts'
import { type CpuTaker, readCpus, readFile } from '../../host/files/cpus.ts'
import { ProbeError } from '../../host/files/file-error.ts'
import type { InputFile } from '../../host/files/files.ts'
import type { WrittenParts } from '../../questions/answer-parts.ts'
import type { Context } from '../../questions/context.ts'
import { definitionOf, hostCpu } from '../../questions/input/definition-of.ts'
import type { Note, Noted } from '../../questions/words/note.ts'
import type { Arguments } from '../arguments.ts'
import { type Session, setV8Option } from '../globals.ts'
import { CommandError, type OptionSpec, UsageError } from '../spec.ts'

/** This machine's CPU, as `virsh capabilities` has it. @throws CommandError where it cannot be read */
export async function thisHost(context: Context): Promise<Noted<Cpu>> {
  const { probeCpu } = await import('../../host/cpu/probe-cpu.ts')
  try {
    return hostCpu(context, await probeCpu())
  } catch (error) {
    if (!(error instanceof ProbeError)) throw error
    throw new CommandError([`${error.message}; ${HINT}`], { cause: error })
  }
}

const HINT = 'give a recorded host with --host FILE, such as what `virsh capabilities` printed there'

/** The files of a command that reads CPUs. */
export const FILES = { name: 'file', value: 'string', positional: 'many', required: true } as const

/** The format of a command that prints a definition. */
export const FORMAT: readonly OptionSpec[] = [
  {
    name: 'format',
    value: 'format',
    ours: true,
    help: 'how to write the CPU',
    loadWords: async () => (await import('../../formats/write.ts')).listFormats(),
  },
  {
    name: 'qemu',
    value: 'version',
    ours: true,
    help: 'the QEMU that is to read it, such as 10.0; the newest known if absent',
  },
]

/** The format asked for; absent: libvirt's. @throws UsageError for a word that is no format, or no version */
export async function formatOf(args: Arguments): Promise<WriteOptions> {
  const [format, qemu] = [args.get('format'), args.get('qemu')]
  if (format === undefined && qemu === undefined) return {}
  const { isQemuVersion, qemuVersionsText } = await import('../../formats/qemu/cpu-argument.ts')
  const { listFormats } = await import('../../formats/write.ts')
  const formats = listFormats()
  if (format !== undefined && !formats.includes(format))
    throw new UsageError(`--format must be one of ${formats.join(', ')}${didYouMean(formats, format)}`)
  if (qemu !== undefined && !isQemuVersion(qemu)) throw new UsageError(`--qemu ${qemuVersionsText()}`)
  return { format, qemu }
}

/** Says on stderr what a format has no word for. */
export async function tellNotExpressed(session: Session, written: WrittenParts): Promise<void> {
  if (!written.notExpressed?.length) return
  const { notExpressedLines } = await import('../../questions/words/describe.ts')
  const { printExplanation } = await import('../print-report.ts')
  await printExplanation(session, notExpressedLines(written))
}

/**
 * Hands over every CPU of the files in order; answers what there is to note. A bad definition is reported
 * when everything has been read, since virsh looks at definitions only then.
 * @param best see `definitionOf`
 * @throws FileError, CommandError
 */
export async function readDefinitions(
  context: Context,
  paths: readonly string[],
  expected: Expected,
  take: (cpu: Cpu, source: string) => void,
  best = false,
): Promise<Note[]> {
  const notes: Note[] = []
  let fault: unknown
  let count = 0
  await readAsVirsh(paths, {
    hosts: expected !== 'guest',
    cpu: input => {
      if (++count === MANY) stayYoung()
      if (fault !== undefined) return
      try {
        const read = definitionOf(context, input, expected, best)
        for (const note of read.notes) notes.push(note)
        take(read.value, input.source)
      } catch (error) {
        fault = error instanceof LibvirtError ? atSource(error, input.source, paths) : error
      }
    },
    skipped: note => notes.push(note),
  })
  if (fault !== undefined) throw fault
  return notes
}

/** So many hosts may be a stream without end. */
const MANY = 200

/**
 * Keeps V8's young generation as small as it is: what a host turns into is dropped with the next one, so a
 * larger one makes a stream of a hundred thousand take 50 MB more, and no less time.
 */
const stayYoung = (): void => setV8Option('--semi-space-growth-factor=1')

/** Says which hosts of a directory are missing in an answer, whether that was asked for or not. */
export async function tellSkipped(session: Session, notes: readonly Note[]): Promise<void> {
  const skipped = notes.filter(({ kind }) => kind === 'file-skipped')
  if (skipped.length === 0) return
  const { noteLines } = await import('../../questions/words/describe.ts')
  const { printExplanation } = await import('../print-report.ts')
  await printExplanation(session, noteLines(skipped))
}

/** Reads as `readCpus` does; a file that is not XML is refused in libxml2's words, as virsh has them. */
export const readAsVirsh = (paths: readonly string[], take: CpuTaker): Promise<void> =>
  readCpus(paths, {
    ...take,
    asVirsh: true,
    fault: (error, bytes) => inVirshsWords(error, bytes, !(paths.length === 1 && paths[0] === error.source)),
  })

/** What is not XML, in libxml2's words; where `named`, after a line that says which file it is. */
export async function inVirshsWords(
  error: ParseError,
  bytes: Buffer | undefined,
  named = false,
): Promise<Error> {
  const { wordsOfLibxml2 } = await import('../../host/files/libxml2.ts')
  const words = await wordsOfLibxml2(error.source, bytes)
  if (words === undefined) return error
  return new CommandError([...(named ? [`Failed to read '${error.source}'`] : []), words], { cause: error })
}

/** libvirt's error; where virsh would have had one file and we had several, also which CPU it is about. */
export function atSource(error: LibvirtError, source: string, paths: readonly string[]): Error {
  const only = paths.length === 1 && (source === paths[0] || source.startsWith(`${paths[0]}#`))
  return only
    ? error
    : new CommandError([`Failed to use CPU of '${source}'`, error.message], { cause: error })
}

/** The first CPU of a file, or why a file of a directory was left out. */
export interface FirstCpu {
  readonly cpu?: NamedCpu | undefined
  readonly skipped?: Note | undefined
}

/**
 * The first CPU of a file; the rest must be well-formed all the same.
 * @param alone whether it is clear which file an error is about, as it is to virsh
 * @throws FileError, CommandError in libxml2's words
 */
export async function firstCpu(file: InputFile, alone: boolean): Promise<FirstCpu> {
  let first: NamedCpu | undefined
  const skipped = await readFile(file, {
    asVirsh: true,
    cpu: cpu => {
      first ??= { ...cpu, source: file.path }
    },
    fault: (error, bytes) => inVirshsWords(error, bytes, !alone),
  })
  return { cpu: first, skipped }
}
