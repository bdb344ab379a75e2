import { fstatSync } from 'node:fs'
import type { Arguments } from './arguments.ts'
import { STDOUT, terminalWidth } from './output.ts'
import type { Look, Report, Tone } from './report.ts'
import type { Session } from './session.ts'

/** `--json` and `--markdown`, which every command of the fleet takes. */
export const FORMS = [
  { name: 'json', help: 'the answer as JSON (docs/schema/answers.json)' },
  { name: 'markdown', help: 'the answer as Markdown' },
] as const

/** Prints the report in the form that was asked for, or the answer as JSON. */
export async function printReport(
  args: Arguments,
  session: Session,
  answer: object,
  report: () => Report,
): Promise<void> {
  if (args.has('json')) session.out(`${JSON.stringify({ schema: 1, ...answer }, null, 2)}\n`)
  else if (args.has('markdown')) session.out(report().markdown())
  else session.out(report().text(await look()))
}

/** As wide as the terminal; in colour where stdout is one and `NO_COLOR` does not forbid it. */
export async function look(): Promise<Look> {
  const width = terminalWidth()
  if (!fstatSync(STDOUT).isCharacterDevice() || process.env.NO_COLOR) return { width, paint: text => text }
  const { createColors } = (await import('picocolors')).default
  const colors = createColors(true)
  const tones: Readonly<Record<Tone, (text: string) => string>> = {
    good: colors.green,
    bad: colors.red,
    warning: colors.yellow,
    strong: colors.bold,
    quiet: colors.dim,
  }
  return { width, paint: (text, tone) => (text === '' ? '' : tones[tone](text)) }
}
