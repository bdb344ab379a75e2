import type { Behaviour } from '../core/libvirt-version.ts'

/** What a command takes: `--name` alone, or with a value. */
export interface OptionSpec {
  readonly name: string
  /** What the value is; absent: the option takes none. `string` is shown as `<string>`. */
  readonly value?: string
  /** May be given without its name: once, or any number of times. Positionals are filled in the order of the list. */
  readonly positional?: 'one' | 'many'
  /** May be given without its name too, which virsh's synopsis does not show. */
  readonly bare?: true
  readonly required?: boolean
  /** May be given more than once, each time with a value of its own. */
  readonly repeats?: true
  readonly help: string
  /** Not virsh's: shown under its own heading. */
  readonly ours?: true
  /** The behaviour of newer versions of libvirt that brought it; older ones refuse it. */
  readonly since?: Behaviour
  /** Words that the value may be, for completion. */
  readonly words?: readonly string[]
  /** Loads the words, where that takes code that the command seldom needs; the help then ends with them. */
  readonly loadWords?: () => Promise<readonly string[]>
}

/** What a command takes, with all words of its options. */
export async function withWords(spec: CommandSpec): Promise<CommandSpec> {
  const complete = async (option: OptionSpec): Promise<OptionSpec> => {
    const words = await option.loadWords?.()
    return words ? { ...option, words, help: `${option.help}: ${words.join(', ')}` } : option
  }
  return { ...spec, options: await Promise.all(spec.options.map(complete)) }
}

export interface CommandSpec {
  readonly name: string
  /** virsh's own words under NAME; absent: the summary of `--help`. */
  readonly summary?: string
  /** virsh's text for virsh's commands. */
  readonly description: string
  readonly options: readonly OptionSpec[]
  /** A command line that works in a checkout. */
  readonly example: string
  /** Whose rules hold for streams and exit status. */
  readonly style: 'virsh' | 'own'
}

/** A mistake in how the command was called: nothing ran. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** A command that cannot give its answer: the lines go to stderr, each after `error: `. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
  readonly lines: readonly string[]

  constructor(lines: readonly string[], options?: ErrorOptions) {
    super(lines.join('\n'), options)
    this.lines = lines
  }
}
