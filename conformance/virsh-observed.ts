import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Family } from './report.ts'

interface Ran {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** What virsh did with a file. */
interface Observed extends Ran {
  readonly command: string
  readonly file: string
}

/** The built command, which is run as a process: streams and exit status are part of the answer. */
const CLI = join('dist', 'cli.cjs')
const EXCEPTIONS = join('conformance', 'virsh-exceptions.txt')
const LOGS = ['cpu-compare-all.log', 'cpu-baseline-all.log']

/**
 * Every recorded run of `cpu-compare` and `cpu-baseline`, run again. A line of `virsh-exceptions.txt` fails when
 * its file is answered as virsh answered it, or was not recorded.
 * @param map the CPU map of the libvirt that was recorded
 */
export function virshObserved(folder: string, map: string): Family {
  const family = new Family('virsh-observed')
  const known = exceptions()
  const input = join(folder, 'in')
  for (const seen of LOGS.flatMap(log => observed(join(folder, log)))) {
    if (!existsSync(join(input, seen.file))) continue
    const key = `${seen.command} ${seen.file}`
    const got = textOf(clipped(run(seen, folder, map), seen))
    const why = known.get(key)
    known.delete(key)
    if (why === undefined) family.check(key, got, textOf(seen))
    else family.check(`${key}: no exception any more`, String(got === textOf(seen)), 'false')
  }
  for (const key of known.keys()) family.check(`${key}: an exception that was never observed`, '', key)
  return family
}

function observed(log: string): Observed[] {
  const entry = /^\$ virsh (\S+) (\S+)\nrc=(\d)\n--stdout\n(.*?)--stderr\n(.*?)(?=^\$ virsh |(?![\s\S]))/gms
  return [...readFileSync(log, 'utf8').matchAll(entry)].map(
    ([, command = '', file = '', status, stdout = '', stderr = '']) => ({
      command,
      file,
      status: Number(status),
      stdout,
      stderr: stderr.replace(/\n+$/, ''),
    }),
  )
}

/** The recorded lists of models, of every architecture. */
export function cpuModels(folder: string, map: string): Family {
  const family = new Family('virsh-observed cpu-models')
  for (const file of readdirSync(folder).sort()) {
    const [, arch] = /^cpu-models-(\w+)\.txt$/.exec(file) ?? []
    if (arch === undefined) continue
    const { stdout } = virtCpu(['--cpu-map', map, 'cpu-models', arch], folder)
    family.check(arch, stdout, readFileSync(join(folder, file), 'utf8'))
  }
  return family
}

function run({ command, file }: Observed, folder: string, map: string): Ran {
  const host = command === 'cpu-compare' ? ['--host', join(folder, 'capabilities.xml')] : []
  return virtCpu(['--cpu-map', map, '--libvirt', '11.3', command, file, ...host], join(folder, 'in'))
}

function virtCpu(args: readonly string[], cwd: string): Ran {
  const { VIRT_CPU_MAP, NODE_EXTRA_CA_CERTS, ...env } = process.env
  const options = { cwd, env, encoding: 'utf8', timeout: 120_000, maxBuffer: 2 ** 28 } as const
  return spawnSync(process.execPath, [resolve(CLI), ...args], options)
}

/** The log keeps about the first 800 characters of stdout and 600 of stderr. */
function clipped({ status, stdout, stderr }: Ran, seen: Ran): Ran {
  const clip = (text: string, recorded: string) =>
    recorded.length > 550 && text.startsWith(recorded) ? recorded : text
  const bare = stderr.replace(/\n+$/, '')
  return { status, stdout: clip(stdout, seen.stdout), stderr: clip(bare, seen.stderr) }
}

const textOf = ({ status, stdout, stderr }: Ran): string => `exit ${status}\n${stdout}--stderr\n${stderr}`

/** `COMMAND FILE  why`, a line each. */
function exceptions(): Map<string, string> {
  const lines = readFileSync(EXCEPTIONS, 'utf8').split('\n')
  return new Map(
    lines
      .filter(line => line && !line.startsWith('#'))
      .map(line => /^(\S+ \S+)\s+(.+)$/.exec(line) ?? [])
      .map(([, key = '', why = '']) => [key, why]),
  )
}
