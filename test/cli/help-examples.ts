import { join } from 'node:path'
import { CLI, type Ran, runProcess, virtCpu } from './virt-cpu.ts'

const root = join(import.meta.dirname, '..', '..')

/** The commands that `--help` lists. */
export const listedCommands: readonly string[] = [
  ...virtCpu(['--help']).stdout.matchAll(/^ {4}([a-z][a-z-]+) {2,}\S/gm),
].map(match => match[1] ?? '')

/** The example in a command's help text. */
export const exampleOf = (help: string): string => /EXAMPLE\n {4}(.*)\n/.exec(help)?.[1] ?? ''

/**
 * Runs an example as a shell does, in the folder that has the files that it names.
 * @param program what `virt-cpu` is, in the shell's words
 */
export const runExample = (example: string, program = `node '${CLI}'`, cwd = root): Ran =>
  runProcess('bash', ['-c', `virt-cpu() { ${program} "$@"; }\n${example}`], { cwd })
