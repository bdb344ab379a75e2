import { chmodSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { folderOf, runProcess } from '../cli/virt-cpu.ts'
import { SSH, XDG_OPEN } from './stand-ins.ts'

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

/** A folder of programs for newcomers: an ssh that reaches this machine, and an xdg-open that writes down what it shows. */
export function newcomersPath(programs: Readonly<Record<string, string>> = {}): string {
  const folder = folderOf({})
  const all = { ssh: SSH, 'xdg-open': XDG_OPEN, ...programs }
  for (const [name, content] of Object.entries(all)) {
    writeFileSync(join(folder, name), content)
    chmodSync(join(folder, name), 0o755)
  }
  symlinkSync(process.execPath, join(folder, 'node'))
  return `${folder}:${process.env.PATH}`
}
