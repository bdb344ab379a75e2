import type { Cpu } from '../core/cpu.ts'
import { LibvirtError } from '../core/libvirt-error.ts'
import { ParseError } from '../core/parse-error.ts'
import type { Expected } from '../formats/parse-cpu.ts'
import { type CpuTaker, readCpus } from '../node/cpus.ts'
import type { Context } from '../verbs/context.ts'
import { definitionOf } from '../verbs/host-of.ts'
import type { Note } from '../verbs/note.ts'
import { CommandError } from './spec.ts'

/**
 * Hands over every CPU of the files in order; answers what there is to note. A bad definition is reported
 * when everything has been read, since virsh looks at definitions only then.
 * @throws FileError, CommandError
 */
export async function readDefinitions(
  context: Context,
  paths: readonly string[],
  expected: Expected,
  take: (cpu: Cpu, source: string) => void,
): Promise<Note[]> {
  const notes: Note[] = []
  let fault: unknown
  await readAsVirsh(paths, {
    cpu: input => {
      if (fault !== undefined) return
      try {
        const read = definitionOf(context, input, expected)
        for (const note of read.notes) notes.push(note)
        take(read.value, input.source)
      } catch (error) {
        fault = error instanceof LibvirtError ? atSource(error, input.source, paths) : error
      }
    },
    without: source => notes.push({ kind: 'file-without-cpu', source }),
  })
  if (fault !== undefined) throw fault
  return notes
}

/** Reads as `readCpus` does; a file that is not XML is refused in libxml2's words, as virsh has them. */
export async function readAsVirsh(paths: readonly string[], take: CpuTaker): Promise<void> {
  try {
    await readCpus(paths, take)
  } catch (error) {
    const alone = paths.length === 1 && error instanceof ParseError && paths[0] === error.source
    throw await inVirshsWords(error, alone ? [] : ['Failed to read'])
  }
}

/** A file that is not XML in libxml2's words, after the given lines; any other error as it is. */
export async function inVirshsWords(error: unknown, before: readonly string[] = []): Promise<unknown> {
  if (!(error instanceof ParseError)) return error
  const { wordsOfLibxml2 } = await import('../node/libxml2.ts')
  const words = await wordsOfLibxml2(error.source)
  if (words === undefined) return error
  return new CommandError([...before.map(line => `${line} '${error.source}'`), words], { cause: error })
}

/** libvirt's error; where virsh would have had one file and we had several, also which CPU it is about. */
export function atSource(error: LibvirtError, source: string, paths: readonly string[]): Error {
  const only = paths.length === 1 && (source === paths[0] || source.startsWith(`${paths[0]}#`))
  return only
    ? error
    : new CommandError([`Failed to use CPU of '${source}'`, error.message], { cause: error })
}
