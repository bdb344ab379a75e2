import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { runProcess } from '../cli/virt-cpu.ts'

/** A PostgreSQL of the test's own. */
export interface Postgres {
  readonly url: string
  /** Where its files are. */
  readonly folder: string
  /** Runs pg_ctl: `start`, `-m immediate stop`. @throws where it fails */
  readonly control: (...args: readonly string[]) => void
  /** Ends it, and deletes its files. */
  readonly end: () => Promise<void>
}

/** Returns why no server can be started here; undefined where one can. */
export const whyNoPostgres = (): string | undefined => {
  const { status, stdout } = runProcess('sh', ['-c', 'ls -d /usr/lib/postgresql/*/bin/postgres'])
  return status === 0 && stdout.split('\n').some(path => existsSync(path))
    ? undefined
    : 'PostgreSQL not installed'
}

/** @param space a limit of its disk, such as `150m`, for root alone */
export async function startPostgres(space?: string): Promise<Postgres> {
  const tell = 'echo "$DATABASE_URL $POSTGRES_FOLDER $POSTGRES_SERVER"; cat'
  const env = { ...process.env, ...(space && { POSTGRES_SPACE: space }) }
  const script = spawn('sh', ['scripts/with-postgres.sh', 'sh', '-c', tell], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env,
  })
  const ended = once(script, 'exit')
  const said = once(createInterface(script.stdout), 'line')
  const [line] = (await Promise.race([said, ended.then(([status]) => [`failed: ${status}`])])) as [string]
  const [url = '', folder = '', server = ''] = line.split(' ')
  if (!server) throw new Error(`PostgreSQL did not start: ${line}`)
  const control = (...args: readonly string[]) => {
    const { status, stdout, stderr } = runProcess(server, args)
    if (status !== 0) throw new Error(stdout + stderr)
  }
  const end = async () => {
    script.stdin.end()
    await ended
  }
  return { url, folder, control, end }
}
