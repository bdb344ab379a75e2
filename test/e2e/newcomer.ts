import { chmodSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { folderOf, runProcess } from '../cli/virt-cpu.ts'

const docs = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'operations.md'), 'utf8')

/** The commands of the console under a heading of docs/operations.md, each without its comment. */
export function commandsUnder(heading: string): string[] {
  const [, section = ''] = docs.split(`### ${heading}\n`)
  const [, block = ''] = /^```console\n([\s\S]*?)^```/m.exec(section.split(/^#+ /m)[0] ?? '') ?? []
  const commands = [...block.matchAll(/^\$ (.*?)(?: {2,}#.*)?$/gm)].map(([, command = '']) => command)
  expect(commands.length, heading).toBeGreaterThan(0)
  return commands
}

/** Runs commands as somebody types them, one after another; each must succeed. @returns what they printed */
export function type(commands: readonly string[], cwd: string, env: Record<string, string> = {}): string {
  const { status, stdout, stderr } = runProcess('sh', ['-ec', commands.join('\n')], { cwd, env })
  expect(status, stdout + stderr).toBe(0)
  return stdout
}

/** What a host that is reached by ssh says here: this machine, under another name. */
const SSH = `#!/bin/sh
until case $1 in *@*) true ;; *) false ;; esac; do shift; done
host=\${1#*@}; shift
printf 'uname() { [ "$1" = -n ] && echo %s || command uname "$@"; }\\n' "$host" >"$0.$$"
cat >>"$0.$$"
echo "$*" | sed 's/.*sh -s\\(.*\\)/sh FILE \\1/' | sed "s|FILE|$0.$$|;s| -- | |;s| --$| |" | sh |
  sed "s/^|machine-id: .*/|machine-id: $(printf %s "$host" | sha256sum | cut -c 1-32)/"
`

/** A folder of programs for newcomers: an ssh that reaches this machine, and an xdg-open that writes down what it shows. */
export function newcomersPath(programs: Readonly<Record<string, string>> = {}): string {
  const folder = folderOf({})
  const all = { ssh: SSH, 'xdg-open': `#!/bin/sh\ntest -s "$1" && echo "opened $1"\n`, ...programs }
  for (const [name, content] of Object.entries(all)) {
    writeFileSync(join(folder, name), content)
    chmodSync(join(folder, name), 0o755)
  }
  symlinkSync(process.execPath, join(folder, 'node'))
  return `${folder}:${process.env.PATH}`
}
