import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { virtCpu } from '../cli/virt-cpu.ts'

/** Where each pain has a folder: what was recorded, the commands that answer it, and the answer. */
export const STORIES = import.meta.dirname

/** The folders' names: numbers of docs/stories.md. */
export const pains = (): string[] =>
  readdirSync(STORIES, { withFileTypes: true })
    .filter(entry => entry.isDirectory())
    .map(({ name }) => name)
    .sort()

/** The commands of a pain, a line each. */
export const commandsOf = (pain: string): string[] =>
  readFileSync(join(STORIES, pain, 'command'), 'utf8')
    .split('\n')
    .filter(line => line !== '')

/** What its commands print and answer, as a transcript. */
export function transcript(pain: string): string {
  const parts: string[] = []
  for (const command of commandsOf(pain)) {
    const [, ...args] = command.split(' ')
    const { status, stdout, stderr } = virtCpu(args, { cwd: join(STORIES, pain) })
    const errors = stderr === '' ? '' : `--- on the error stream\n${stderr}`
    parts.push(`$ ${command}\n${stdout}${errors}--- status ${status}\n`)
  }
  return parts.join('\n')
}
