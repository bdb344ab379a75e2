import type { NamedCpu } from '../../formats/found.ts'
import { readFile } from '../../host/files/cpus.ts'
import type { InputFile } from '../../host/files/files.ts'
import { isVirtType } from '../../qemu/choice.ts'
import type { Note } from '../../questions/words/note.ts'
import { children } from '../../xml/element.ts'
import type { Arguments } from '../arguments.ts'
import type { Session } from '../globals.ts'
import type { HypervisorRequest } from '../hypervisor.ts'
import { type OptionSpec, UsageError } from '../spec.ts'
import { inVirshsWords } from './hosts.ts'

/** Options that take a value, in virsh's order. */
const BY_POSITION = ['virttype', 'emulator', 'arch', 'machine']

interface SplitFiles {
  readonly files: readonly string[]
  readonly request: HypervisorRequest & { readonly model?: string }
}

/**
 * virsh takes what follows its one FILE for the command's options that take a value, in their order; here several FILEs
 * may come first. The first word that names a virtualization type ends them.
 * @param more such options that the command has besides the hypervisor's
 * @throws UsageError for more words than there are options
 */
export function splitFiles(
  args: Arguments,
  request: HypervisorRequest,
  ...more: readonly string[]
): SplitFiles {
  const words = args.all('file')
  const first = words.findIndex((word, i) => i > 0 && isVirtType(word))
  if (first < 0) return { files: words, request }
  const free = [...BY_POSITION, ...more].filter(name => !args.has(name))
  const rest = words.slice(first)
  if (rest.length > free.length) throw new UsageError(`unexpected data '${rest[free.length]}'`)
  const given = Object.fromEntries(rest.map((word, i) => [free[i], word]))
  return { files: words.slice(0, first), request: { ...request, ...given } }
}

/** virsh's warning, which virsh calls an error. */
const HOST_AS_INPUT = 'warning: using host CPU definition as input may provide incorrect results\n'

/**
 * The CPUs of files, in order, with a warning for each that says features as hosts have them.
 * @param alone whether there is one file, so that errors need not name it
 * @throws FileError, CommandError in libxml2's words
 */
export async function readForHypervisor(
  files: Iterable<InputFile>,
  alone: boolean,
  session: Session,
): Promise<{ readonly cpus: readonly NamedCpu[]; readonly skipped: readonly Note[] }> {
  const cpus: NamedCpu[] = []
  const skipped: Note[] = []
  for (const file of files) {
    const note = await readFile(file, {
      asVirsh: true,
      cpu: cpu => cpus.push(cpu),
      fault: (error, bytes) => inVirshsWords(error, bytes, !alone),
    })
    if (note) skipped.push(note)
  }
  session.err(HOST_AS_INPUT.repeat(cpus.filter(looksLikeHost).length))
  return { cpus, skipped }
}

/** Whether features are listed as hosts list them: present, without a policy. */
function looksLikeHost(input: NamedCpu): boolean {
  if (input.kind === 'guest') return false
  if (input.kind === 'host') return input.cpu.features.length > 0
  if (input.kind !== 'definition') return true
  return children(input.element, 'feature').some(({ attributes }) => attributes.policy === undefined)
}

/** Options of ours that both commands over files take. */
export const TELLING: readonly OptionSpec[] = [
  { name: 'explain', ours: true, help: 'say on stderr what is missing or withheld, and where it is' },
  { name: 'json', ours: true, help: 'the answer with its reasons as JSON' },
]
