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

/** What virsh says to many questions: one process, for most of its time is the connection. */
export function askVirsh(virsh: Virsh, questions: readonly (readonly string[])[]): Said[] {
  const { program, uri } = virsh
  const line = questions.map(args => `${commandsOf(args)}; echo ${MARK}; echo --err ${MARK}`).join('; ')
  const { stdout, stderr, error } = spawnSync(program, ['-q', '-c', uri, line], {
    encoding: 'utf8',
    env: ENVIRONMENT,
    maxBuffer: 2 ** 30,
    timeout: 600_000,
  })
  if (error) throw error
  const [out, err] = [stdout.split(MARK), stderr.split(`error: ${MARK}\n`)]
  if (out.length !== questions.length + 1 || err.length !== questions.length + 1) {
    throw new Error(
      `virsh answers ${out.length - 1} of ${questions.length} questions: ${stderr.slice(0, 300)}`,
    )
  }
  return questions.map((args, i) =>
    args[0] === 'guest'
      ? startedOf(out[i] ?? '', err[i] ?? '', virsh)
      : { stdout: plain(out[i] ?? '', virsh), stderr: plain(err[i] ?? '', virsh) },
  )
}

const commandsOf = (args: readonly string[]): string =>
  args[0] === 'guest'
    ? `domxml-to-native qemu-argv --xml ${args[2]}; create ${args[2]} --paused; dumpxml g; destroy g`
    : args.map(word => (/[\s'"()[\]@]/.test(word) ? `"${word.replaceAll('"', '\\"')}"` : word)).join(' ')

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

/** QEMU's last words without their time; libvirt has two beginnings for them, by how fast QEMU ended. */
const untimed = (message: string): string =>
  message
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z /g, '')
    .replace(/process exited while connecting to monitor:/, "QEMU unexpectedly closed the monitor (vm='g'):")
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
