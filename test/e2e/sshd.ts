import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { notInstalled } from '../needs.ts'

/** A private sshd on loopback, as the user who runs the tests, with keys and a configuration of its own. */
export interface Sshd {
  readonly folder: string
  /** What ssh's `-F` takes: `closed` has no daemon, `stranger` is not let in. */
  readonly config: string
  readonly stop: () => void
}

/** Returns why no sshd can be run here; undefined where one can. */
export const whyNoSshd = (): string | undefined => notInstalled('/usr/sbin/sshd', 'ssh', 'ssh-keygen')

/**
 * Starts an sshd that is all of these hosts.
 * @param shell what runs on every host: a script that finds the host's name in `$LC_HOST`, what it was asked to run
 *   in `$SSH_ORIGINAL_COMMAND`
 */
export async function startSshd(hosts: readonly string[], shell: string): Promise<Sshd> {
  const folder = mkdtempSync(join(tmpdir(), 'virt-cpu-sshd-'))
  const at = (name: string) => join(folder, name)
  chmodSync(folder, 0o700)
  for (const name of ['host-key', 'user-key'])
    spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', at(name)])
  writeFileSync(at('authorized'), readFileSync(at('user-key.pub')), { mode: 0o600 })
  writeFileSync(at('shell'), `#!/bin/sh\n${shell}`, { mode: 0o755 })
  // Bash under sshd reads ~/.bashrc, and what the user's says is not of these hosts: they have a home of their own.
  const port = await freePort()
  writeFileSync(
    at('sshd_config'),
    `Port ${port}
ListenAddress 127.0.0.1
HostKey ${at('host-key')}
PidFile ${at('pid')}
AuthorizedKeysFile ${at('authorized')}
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
MaxStartups 200
AcceptEnv LC_HOST
SetEnv HOME=${folder}
ForceCommand ${at('shell')}
`,
  )
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true })
  const daemon = spawn('/usr/sbin/sshd', ['-D', '-e', '-f', at('sshd_config')], { stdio: 'ignore' })
  writeFileSync(at('known'), `[127.0.0.1]:${port} ${readFileSync(at('host-key.pub'), 'utf8')}`)
  writeFileSync(
    at('ssh_config'),
    `${hosts.map(host => `Host ${host}\n  SetEnv LC_HOST=${host}\n`).join('')}
Host closed
  Port 1
Host stranger
  User no-such-user
Host *
  HostName 127.0.0.1
  Port ${port}
  User ${userInfo().username}
  IdentityFile ${at('user-key')}
  IdentitiesOnly yes
  UserKnownHostsFile ${at('known')}
  GlobalKnownHostsFile /dev/null
`,
  )
  for (let tries = 0; !existsSync(at('pid')); tries++) {
    if (tries > 600) throw new Error('sshd does not start')
    await setTimeout(100)
  }
  return { folder, config: at('ssh_config'), stop: () => daemon.kill() }
}

/** A port of loopback that nobody listens on. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}
