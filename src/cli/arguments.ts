import { hasBehaviour, type LibvirtVersion } from '../core/libvirt-version.ts'
import { type Globals, takeGlobal } from './globals.ts'
import { CommandError, type CommandSpec, type OptionSpec, UsageError } from './spec.ts'

/** Global options that help and completion list with every command. */
const COMMON: readonly OptionSpec[] = [
  {
    name: 'cpu-map',
    value: 'dir',
    ours: true,
    help: "an installed libvirt's cpu_map directory instead of the built-in data",
  },
  {
    name: 'libvirt',
    value: 'version',
    ours: true,
    words: ['11.3', '12.8'],
    help: 'whose behaviour: 11.3 or newer (default: 12.8)',
  },
]

/** Whether this version of libvirt has the option. */
export const isKnown = ({ since }: OptionSpec, libvirt: LibvirtVersion): boolean =>
  since === undefined || hasBehaviour(libvirt, since)

/** What a command takes in all: its own options, and the common ones that it does not have in a form of its own. */
export const allOptions = ({ options }: CommandSpec): readonly OptionSpec[] => [
  ...options,
  ...COMMON.filter(common => !options.some(({ name }) => name === common.name)),
]

/** What a command was given. */
export class Arguments {
  readonly #given: ReadonlyMap<string, readonly string[]>

  constructor(given: ReadonlyMap<string, readonly string[]>) {
    this.#given = given
  }

  has(name: string): boolean {
    return this.#given.has(name)
  }

  /** Whether the option was given without a value worth its name; `get` refuses that. */
  isEmpty(name: string): boolean {
    return this.#given.get(name)?.includes('') ?? false
  }

  /** The option's value. @throws CommandError for an empty one, as virsh does once the command runs */
  get(name: string): string | undefined {
    return this.all(name)[0]
  }

  /** Every value given. @throws CommandError for an empty one */
  all(name: string): readonly string[] {
    const values = this.#given.get(name) ?? []
    if (values.includes(''))
      throw new CommandError([`Failed to get option '${name}': Option argument is empty`])
    return values
  }
}

/**
 * Reads a command's arguments by virsh's rules: `--name`, `--name value`, `--name=value`, values without a
 * name for positionals, `--` before arguments that look like options.
 * @param globals takes the global options that stand among them, which virsh wants before the command
 * @throws UsageError in virsh's words
 */
export function readArguments(
  spec: CommandSpec,
  argv: readonly string[],
  globals: Globals,
): Arguments | 'help' {
  const reader = new Reader(spec)
  const rest = argv.slice()
  let literal = false
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    if (!literal && reader.isShort(arg)) reader.option(`-${arg}`, rest)
    else if (!literal && !reader.knows(arg) && takeGlobal(globals, arg, rest)) continue
    else if (literal || !/^--./.test(arg)) {
      if (!literal && arg === '--') literal = true
      else reader.positional(arg)
    } else reader.option(arg, rest)
  }
  return globals.show === undefined ? reader.result() : 'help'
}

class Reader {
  readonly #spec: CommandSpec
  readonly #options: readonly OptionSpec[]
  readonly #given = new Map<string, string[]>()
  #help = false

  constructor(spec: CommandSpec) {
    this.#spec = spec
    this.#options = spec.options
  }

  /** Whether it is an option of one letter, `-k`: only our own commands have such. */
  isShort(arg: string): boolean {
    return /^-[a-z]$/.test(arg) && this.#options.some(({ name }) => name === arg.slice(1))
  }

  /** Whether it is a long option of the command. */
  knows(arg: string): boolean {
    return this.#options.some(({ name }) => arg === `--${name}` || arg.startsWith(`--${name}=`))
  }

  positional(value: string): void {
    const option = this.#options.find(
      ({ name, positional, bare }) =>
        positional === 'many' || ((positional === 'one' || bare) && !this.#given.has(name)),
    )
    if (!option) throw new UsageError(`unexpected data '${value}'`)
    this.#add(option, value)
  }

  option(arg: string, rest: string[]): void {
    const [, name = '', value] = /^--([^=]*)(?:=(.*))?$/s.exec(arg) ?? []
    if (name === 'help' && value === undefined) {
      this.#help = true
      return
    }
    const option = this.#options.find(o => o.name === name)
    if (!option) throw new UsageError(`command '${this.#spec.name}' doesn't support option --${name}`)
    if (option.positional !== 'many' && !option.repeats && this.#given.has(name))
      throw new UsageError(`option --${name} already seen`)
    if (option.value === undefined) {
      if (value !== undefined) throw new UsageError(`invalid '=' after option --${name}`)
      this.#add(option)
      return
    }
    const given = value ?? rest.shift()
    if (given === undefined) throw new UsageError(`expected syntax: --${name} <${option.value}>`)
    this.#add(option, given)
  }

  result(): Arguments | 'help' {
    if (this.#help) return 'help'
    for (const { name, required } of this.#options) {
      if (required && !this.#given.has(name)) {
        throw new UsageError(`command '${this.#spec.name}' requires <${name}> option`)
      }
    }
    return new Arguments(this.#given)
  }

  #add(option: OptionSpec, value?: string): void {
    const values = this.#given.get(option.name) ?? []
    if (value !== undefined) values.push(value)
    this.#given.set(option.name, values)
  }
}

/**
 * The commands of one string, as `virsh "cpu-models x86_64; cpu-baseline hosts.xml"` takes them: separated by
 * semicolons or newlines, words by blanks; single quotes, double quotes and backslashes keep characters
 * together; `#` at the start of a word begins a comment. A single quote that is never closed holds the rest.
 * @throws UsageError for a double quote that is never closed
 */
export function splitCommands(text: string): string[][] {
  const commands: string[][] = [[]]
  const token =
    /[ \t]+|(#[^\n]*)|([;\n])|((?:[^\s;'"\\]|\\[\s\S]|'[^']*(?:'|$)|"(?:[^"\\]|\\[\s\S])*")+)|(["\\])/gy
  for (const [, , end, word, open] of text.matchAll(token)) {
    if (open !== undefined) throw new UsageError(open === '\\' ? 'dangling \\' : `missing ${open}`)
    if (end !== undefined) commands.push([])
    else if (word !== undefined) commands.at(-1)?.push(unquote(word))
  }
  return commands.filter(words => words.length > 0)
}

const unquote = (word: string): string =>
  word.replace(
    /'([^']*)(?:'|$)|"((?:[^"\\]|\\[\s\S])*)"|\\([\s\S])/g,
    (_, single, double, escaped) =>
      single ?? (double as string | undefined)?.replace(/\\([\s\S])/g, '$1') ?? escaped,
  )
