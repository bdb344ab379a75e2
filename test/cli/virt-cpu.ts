import { spawnSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The built command. */
export const CLI = join(import.meta.dirname, '..', '..', 'dist', 'cli.cjs')

export interface Ran {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly cwd?: string
  readonly input?: string | Uint8Array
  readonly env?: Readonly<Record<string, string>>
}

/** Runs the built command as a process. */
export const virtCpu = (args: readonly string[], options: RunOptions = {}): Ran =>
  runProcess(process.execPath, [CLI, ...args], options)

export function runProcess(
  program: string,
  args: readonly string[],
  { cwd, input, env }: RunOptions = {},
): Ran {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    cwd,
    input: input ?? '',
    env: { ...plainEnvironment(), ...env },
    encoding: 'utf8',
    timeout: 300_000,
    maxBuffer: 2 ** 28,
  })
  if (error) throw error
  return { status, stdout, stderr }
}

/** The environment without what would change answers, or slow the start down. */
function plainEnvironment(): NodeJS.ProcessEnv {
  const { VIRT_CPU_MAP, NODE_EXTRA_CA_CERTS, NO_COLOR, FORCE_COLOR, ...rest } = process.env
  return rest
}

/** A folder with these files, by name. */
export function folderOf(files: Readonly<Record<string, string | Uint8Array>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'virt-cpu-'))
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content)
  return folder
}

/** A host definition. */
export const hostXml = (model: string, features: readonly string[] = [], vendor = 'Intel'): string => {
  const lines = features.map(name => `<feature name='${name}'/>`).join('')
  const named = vendor && `<vendor>${vendor}</vendor>`
  return `<cpu><arch>x86_64</arch><model>${model}</model>${named}${lines}</cpu>\n`
}
