import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { PageCommand } from '../page-commands.ts'
import { type Machine, runIn } from './container.ts'

/** A stranger's walk over a page: its commands, as printed, one after another in a bare machine. */

/** What one command did. */
export interface Step {
  readonly command: PageCommand
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

/**
 * Runs commands of a page in a machine. A server is stopped when the next one is started, as its reader does with Ctrl-C; one that
 * keeps its shell is stopped as soon as it serves. What npm does to a project is done in the checkout.
 * @param setup what the page says that its reader has, as a script
 */
export function walk(machine: Machine, commands: readonly PageCommand[], setup = ''): Step[] {
  const steps = commands.map(({ text }, i) => {
    const serves = /\bserve\b/.test(text) && !/--(?:check-config|new-token)/.test(text)
    const kind = serves ? (/&\s*(?:#.*)?$/.test(text) ? 'background' : 'foreground') : 'plain'
    const there = /^npm (?:ci|run)\b/.test(text) ? 'cd ~/checkout && ' : ''
    return `${kind} ${i} ${quote(there + text.replaceAll('sha256:…', `'"$HASH"'`))}`
  })
  const { folder, stderr, stdout } = runIn(machine, [SHELL, setup, ...steps].join('\n'))
  const read = (name: string) => {
    try {
      return readFileSync(join(folder, 'out', name), 'utf8')
    } catch {
      throw new Error(`no ${name}:\n${stdout}${stderr}`)
    }
  }
  return commands.map((command, i) => ({
    command,
    status: Number(read(`${i}.status`)),
    stdout: read(`${i}.stdout`),
    stderr: read(`${i}.stderr`),
  }))
}

const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`

/** Each kind of command keeps what it prints, and its status. */
const SHELL = `
out=/machine/out; mkdir $out
plain() {
  eval "$2" >$out/$1.stdout 2>$out/$1.stderr </dev/null
  echo $? >$out/$1.status
  # A new token is copied by its reader.
  if grep -q ^vc_ $out/$1.stdout; then
    TOKEN=$(grep ^vc_ $out/$1.stdout) HASH=$(grep -o 'sha256:[0-9a-f]*' $out/$1.stdout)
  fi
}
listening() { grep -h ' 0A ' /proc/net/tcp /proc/net/tcp6 | grep -v :1309; }
stop() {
  for one in /proc/[0-9]*/cmdline; do
    if tr '\\0' ' ' <$one 2>/dev/null | grep -qE 'virt-cpu.* serve|cli.cjs serve'; then one=\${one#/proc/}; kill \${one%/cmdline} 2>/dev/null; fi
  done
  while listening >/dev/null; do sleep 0.05; done
}
ready() {
  exec 3<>/dev/tcp/127.0.0.1/8680 && printf 'GET /readyz HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n' >&3 && head -1 <&3 | grep -q ' 200'
} 2>/dev/null
background() {
  stop
  eval "$2" >$out/$1.stdout 2>$out/$1.stderr </dev/null
  local job=$! tries=0
  until ready; do
    kill -0 $job 2>/dev/null && [ $((tries += 1)) -lt 600 ] || { wait $job; echo $? >$out/$1.status; return; }
    sleep 0.1
  done
  echo 0 >$out/$1.status
}
foreground() {
  background $1 "{ $2
} &"
  local job=$!
  [ "$(cat $out/$1.status)" = 0 ] || return
  stop
  wait $job
  echo $? >$out/$1.status
}
`

/** The pages that strangers read. */
export function pages(root: string): string[] {
  const under = (folder: string): string[] =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .map(name => join(folder, name))
      .filter(name => name.endsWith('.md'))
      .sort()
  return ['README.md', 'CONTRIBUTING.md', ...['docs', 'deploy', 'examples'].flatMap(under)]
}
