import { fstatSync } from 'node:fs'
import {
  type Line,
  type Look,
  type Paint,
  printStyledLines,
  type Report,
  type Tone,
} from '../report/report.ts'
import type { Arguments } from './arguments.ts'
import { type Session, STDERR, STDOUT, terminalWidth } from './globals.ts'

/** `--json` and `--markdown`, which every command of our own takes. */
export const FORMS = [
  { name: 'json', help: 'the answer as JSON (docs/schema/questions.json)' },
  { name: 'markdown', help: 'the answer as Markdown' },
] as const

/** What `-o` names, of a command that takes it. */
export const formOf = (args: Arguments): string | undefined => args.get('o')

/** Prints the report in the form that was asked for, or the answer as JSON. */
export async function printReport(
  args: Arguments,
  session: Session,
  document: () => object,
  report: () => Report,
): Promise<void> {
  const form = formOf(args)
  if (form === 'yaml') session.out((await import('js-yaml')).dump(document(), { lineWidth: -1 }))
  else if (args.has('json') || form === 'json') session.out(`${JSON.stringify(document(), null, 2)}\n`)
  else if (args.has('markdown')) session.out(report().markdown())
  else session.out(report().text(await look()))
}

/** Prints an explanation, which stands beside the answer, in colour where its own stream is a terminal. */
export const printExplanation = async (session: Session, lines: readonly Line[]): Promise<void> =>
  session.err(printStyledLines(lines, await paintOn(STDERR)))

/** As wide as the terminal; in colour where stdout is one. */
const look = async (): Promise<Look> => ({ width: terminalWidth(), paint: await paintOn(STDOUT) })

/** Colours where the stream is a terminal and `NO_COLOR` does not forbid them. */
async function paintOn(fd: number): Promise<Paint> {
  if (!fstatSync(fd).isCharacterDevice() || process.env.NO_COLOR) return text => text
  const { createColors } = (await import('picocolors')).default
  const colors = createColors(true)
  const tones: Readonly<Record<Tone, (text: string) => string>> = {
    good: colors.green,
    bad: colors.red,
    warning: colors.yellow,
    strong: colors.bold,
    quiet: colors.dim,
  }
  return (text, tone) => (text === '' ? '' : tones[tone](text))
}
