import { spawnSync } from 'node:child_process'
import { readArguments } from '../../src/cli/arguments.ts'
import { linesOf } from '../../src/cli/command.ts'
import { COMMANDS } from '../../src/cli/commands.ts'
import { type Globals, readGlobals, Session } from '../../src/cli/globals.ts'
import { UsageError } from '../../src/cli/spec.ts'
import type { LibvirtVersion } from '../../src/core/libvirt-version.ts'

/** What one side says to a question. */
export interface Said {
  readonly stdout: string
  readonly stderr: string
}

/** The virsh to ask, and where its daemon listens. */
export interface Virsh {
  readonly program: string
  readonly uri: string
  /** Where its QEMUs are for programs of this machine. */
  readonly qemus: string
  /** Its schemas. */
  readonly schemas: string
}

/** Before PATH became that of the QEMUs. */
const ENVIRONMENT = { ...process.env }

/** virsh prints it on both streams behind each answer. */
const MARK = '@@@'

/** What virsh says to many questions about no guest: one process, for most of its time is the connection. */
export function askVirsh(virsh: Virsh, questions: readonly (readonly string[])[]): Said[] {
  if (questions.length === 0) return []
  const line = questions.map(args => `${quoteAll(args)}; echo ${MARK}; echo --err ${MARK}`).join('; ')
  const { stdout, stderr, error } = runVirsh(virsh, line, 600_000)
  if (error) throw error
  const [out, err] = [stdout.split(MARK), stderr.split(`error: ${MARK}\n`)]
  if (out.length !== questions.length + 1 || err.length !== questions.length + 1) {
    throw new Error(
      `virsh answers ${out.length - 1} of ${questions.length} questions: ${stderr.slice(0, 300)}`,
    )
  }
  return questions.map((_, i) => ({ stdout: plain(out[i] ?? '', virsh), stderr: plain(err[i] ?? '', virsh) }))
}

/** How long a guest may take to start, in seconds. Those that end take a busy machine half a minute at most. */
export const START_LIMIT = 120

/** What virsh says to the domain in a file; undefined where its start did not end in time, and was ended. */
export function startGuest(virsh: Virsh, file: string): Said | undefined {
  const line = `domxml-to-native qemu-argv --xml ${file}; create ${file} --paused; dumpxml g; destroy g`
  const { stdout, stderr, error } = runVirsh(virsh, line, START_LIMIT * 1000)
  if (!error) return startedOf(stdout, stderr, virsh)
  if ((error as NodeJS.ErrnoException).code !== 'ETIMEDOUT') throw error
  // virsh is gone, and libvirt starts the guest still.
  const ended = runVirsh(virsh, 'destroy g', 600_000)
  if (ended.error) throw ended.error
  return undefined
}

function runVirsh({ program, uri }: Virsh, line: string, timeout: number) {
  const options = { encoding: 'utf8', env: ENVIRONMENT, maxBuffer: 2 ** 30, timeout } as const
  return spawnSync(program, ['-q', '-c', uri, line], options)
}

const quoteAll = (args: readonly string[]): string =>
  args.map(word => (/[\s'"()[\]@]/.test(word) ? `"${word.replaceAll('"', '\\"')}"` : word)).join(' ')

/** What becomes of a guest: QEMU's argument, and libvirt's refusal, or its CPU while it runs. */
function startedOf(stdout: string, stderr: string, virsh: Virsh): Said {
  const argument = / -cpu ('[^']*'|\S+) /.exec(stdout)?.[1]
  const created = stderr.slice(Math.max(stderr.indexOf('error: Failed to create'), 0))
  const message = /^error: (?!Failed to create)([\s\S]*?)\n(?=error: |$)/m.exec(created)?.[1]
  const live = /^ {2}<cpu(?:[^\n]*\/>|[\s\S]*?\n {2}<\/cpu>)\n/m.exec(stdout)?.[0].replace(/^ {2}/gm, '')
  return {
    stdout: described(argument, live),
    stderr: live === undefined ? plain(untimed(message ?? stderr), virsh) : '',
  }
}

const described = (argument = '', live = ''): string =>
  `${argument === '' ? '' : `-cpu ${argument.replaceAll("'", '')}\n`}${live}`

/** QEMU's last words without their times, be the last one cut; libvirt has two beginnings for them, by how fast QEMU ended. */
const untimed = (message: string): string =>
  message
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z /g, '')
    .replace(/process exited while connecting to monitor:/, "QEMU unexpectedly closed the monitor (vm='g'):")
    .replace(/\n[\d:.TZ -]*$/, '')
    .trimEnd()

/** With QEMU where distributions have it; some versions of libvirt name the file where others say `at line`, and a warning an error. */
const plain = (text: string, { qemus, schemas }: Virsh): string =>
  text
    .replaceAll(`${qemus}/`, '/usr/bin/')
    .replaceAll(`${schemas}/`, '/usr/share/libvirt/schemas/')
    .replace(/^error: [^ ]+:(\d+): /gm, 'error: at line $1: ')
    .replace(/^error: (using host CPU definition)/gm, 'warning: $1')

/** Keeps what a command says. */
class Heard extends Session {
  stdout = ''
  stderr = ''

  override out(text: string): void {
    this.stdout += text
  }

  override err(text: string): void {
    this.stderr += text
  }
}

/** What virt-cpu says, in this process: as `virt-cpu -q --libvirt V ARG…`. */
export async function askOurs(libvirt: LibvirtVersion, virsh: Virsh, args: readonly string[]): Promise<Said> {
  const isGuest = args[0] === 'guest'
  const more = isGuest ? ['--json'] : args.includes('--validate') ? ['--schema', virsh.schemas] : []
  const [name = '', ...rest] = [...args, ...more]
  const heard = new Heard({
    quiet: true,
    readOnly: false,
    driver: 'host',
    libvirt,
    cpuMap: undefined,
    timing: false,
  })
  const entry = COMMANDS[name]
  if (!entry) throw new RangeError(`no command is called ${name}`)
  const { command } = await entry.load()
  try {
    const globals: Globals = readGlobals([])
    const given = readArguments(command.spec, rest, globals)
    if (given !== 'help') await command.run(given, heard, COMMANDS)
  } catch (error) {
    const lines = error instanceof UsageError ? [error.message] : linesOf(error)
    heard.err(lines.map(line => `error: ${line}\n`).join(''))
  }
  if (!isGuest) return { stdout: plain(heard.stdout, virsh), stderr: plain(heard.stderr, virsh) }
  const [{ message, argument, live }] = JSON.parse(heard.stdout).guests
  return { stdout: described(argument, live), stderr: live === undefined ? plain(message ?? '', virsh) : '' }
}
