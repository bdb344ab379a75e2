import { allOptions } from '../arguments.ts'
import type { Command } from '../command.ts'
import { type CommandSpec, type OptionSpec, UsageError, withWords } from '../spec.ts'

export type Shell = 'bash' | 'zsh' | 'fish'

/** A command and its line of `--help`. */
interface Described {
  readonly spec: CommandSpec
  readonly summary: string
}

/** The completion script of a shell, for these commands. */
export const completionScript = (shell: Shell, commands: readonly Described[]): string =>
  ({ bash, zsh, fish })[shell](commands)

const GLOBAL =
  '--connect --quiet --help --version --readonly --timing --escape --no-pkttyagent --cpu-map --libvirt'.split(
    ' ',
  )

const optionsOf = (spec: CommandSpec): readonly OptionSpec[] => [...allOptions(spec), HELP]
const HELP: OptionSpec = { name: 'help', help: 'this help' }

const bash = (
  commands: readonly Described[],
): string => `# bash completion of virt-cpu: source this file, or put it where bash-completion looks
_virt_cpu() {
  local word=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]} command='' i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case \${COMP_WORDS[i]} in
      -c | -d | -e | -k | -K | -l | --connect | --debug | --escape | --log | --cpu-map | --libvirt) ((i++)) ;;
      -*) ;;
      *) command=\${COMP_WORDS[i]}; break ;;
    esac
  done
  local options words=''
  case $command in
    '') options='${GLOBAL.join(' ')}'; words='${commands.map(({ spec }) => spec.name).join(' ')}' ;;
${commands.map(({ spec }) => `    ${spec.name}) options='${names(spec)}'; words='${positionalWords(spec)}' ;;`).join('\n')}
    *) return ;;
  esac
  case $command:$previous in
${commands.flatMap(({ spec }) => valueWords(spec)).join('\n')}
  esac
  if [[ $word == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
  elif [[ $words ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
  fi
}
complete -o default -F _virt_cpu virt-cpu
`

const names = (spec: CommandSpec): string =>
  optionsOf(spec)
    .map(({ name }) => `--${name}`)
    .join(' ')

const positionalWords = (spec: CommandSpec): string =>
  spec.options.flatMap(({ positional, words = [] }) => (positional ? words : [])).join(' ')

const valueWords = (spec: CommandSpec): string[] =>
  optionsOf(spec).flatMap(({ name, words }) =>
    words
      ? [
          `    ${spec.name}:--${name}) mapfile -t COMPREPLY < <(compgen -W '${words.join(' ')}' -- "$word"); return ;;`,
        ]
      : [],
  )

const zsh = (commands: readonly Described[]): string => `#compdef virt-cpu
# zsh completion of virt-cpu: put this file in a folder of $fpath, as _virt-cpu
_virt-cpu() {
  local curcontext=$curcontext state line
  _arguments -C \\
    '(-c --connect)'{-c,--connect=}'[connection URI]:URI:(test\\:///default)' \\
    '(-q --quiet)'{-q,--quiet}'[no empty line after an answer]' \\
    '(-t --timing)'{-t,--timing}'[how long each command took]' \\
    '(-h --help)'{-h,--help}'[help]' \\
    '(-v --version)'{-v,--version}'[version]' \\
    '--cpu-map=[an installed cpu_map]:directory:_directories' \\
    '--libvirt=[whose behaviour]:version:(11.3 12.8)' \\
    '1:command:->command' '*::argument:->argument'
  case $state in
    command)
      local -a commands=(
${commands.map(({ spec, summary }) => `        ${quote(`${spec.name}:${summary}`)}`).join('\n')}
      )
      _describe command commands ;;
    argument)
      case $line[1] in
${commands.map(({ spec }) => `        ${spec.name}) _arguments ${optionsOf(spec).flatMap(zshOption).join(' ')} ;;`).join('\n')}
      esac ;;
  esac
}
_virt-cpu "$@"
`

function zshOption({ name, value, positional, words, help }: OptionSpec): string[] {
  const action = words ? `(${words.join(' ')})` : value === 'dir' ? '_directories' : '_files'
  const text = help.replace(/[[\]:]/g, '\\$&')
  const named = quote(value === undefined ? `--${name}[${text}]` : `--${name}=[${text}]:${value}:${action}`)
  return positional ? [named, quote(`${positional === 'many' ? '*' : ''}:${name}:${action}`)] : [named]
}

function fish(commands: readonly Described[]): string {
  const lines = [
    '# fish completion of virt-cpu: put this file in ~/.config/fish/completions, as virt-cpu.fish',
    `set -l commands ${commands.map(({ spec }) => spec.name).join(' ')}`,
    'set -l none "not __fish_seen_subcommand_from $commands"',
    'complete -c virt-cpu -n "$none" -s c -l connect -x -d "connection URI"',
    'complete -c virt-cpu -n "$none" -s q -l quiet -d "no empty line after an answer"',
    'complete -c virt-cpu -n "$none" -s t -l timing -d "how long each command took"',
    'complete -c virt-cpu -s h -l help -d "help"',
    'complete -c virt-cpu -n "$none" -s v -l version -d "version"',
  ]
  for (const { spec, summary } of commands) {
    lines.push(`complete -c virt-cpu -f -n "$none" -a ${spec.name} -d ${quote(summary)}`)
    const when = `-n "__fish_seen_subcommand_from ${spec.name}"`
    for (const { name, value, positional, words, help } of allOptions(spec)) {
      const takes = value === undefined ? '' : words ? ` -x -a "${words.join(' ')}"` : ' -r'
      lines.push(`complete -c virt-cpu ${when} -l ${name}${takes} -d ${quote(help)}`)
      if (positional && words) lines.push(`complete -c virt-cpu -f ${when} -a "${words.join(' ')}"`)
    }
  }
  return `${lines.join('\n')}\n`
}

/** For sh and its descendants. */
const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`

const SHELLS: readonly Shell[] = ['bash', 'zsh', 'fish']

export const command: Command = {
  spec: {
    name: 'completion',
    description: 'Print a script that lets a shell complete commands and options.',
    options: [
      {
        name: 'shell',
        value: 'string',
        positional: 'one',
        required: true,
        words: SHELLS,
        help: 'bash, zsh or fish',
      },
    ],
    example: 'source <(virt-cpu completion bash)',
    style: 'own',
  },

  async run(args, session, all) {
    const shell = SHELLS.find(known => known === args.get('shell'))
    if (!shell) throw new UsageError(`no completion for '${args.get('shell')}': take ${SHELLS.join(', ')}`)
    const commands = await Promise.all(
      Object.values(all).map(async ({ summary, load }) => ({
        spec: await withWords((await load()).command.spec),
        summary,
      })),
    )
    session.out(completionScript(shell, commands))
    return 0
  },
}
