import { count } from '../../core/text.ts'
import type { Reporter } from '../question.ts'
import { addWritten } from '../words/cells.ts'
import type { GuestAnswer } from './answer.ts'

const TONES = { starts: 'good', reduced: 'warning', unknown: 'warning', refused: 'bad' } as const

/** Adds what libvirt does with the guest; of several each is called by its source. */
export const reportGuest: Reporter<GuestAnswer & { readonly source?: string }> = (report, answer) => {
  const { source, verdict, message, remarks, notLookedAt, apart, lost, argument, live, basis } = answer
  const expected = basis === 'expected' && verdict !== 'refused' ? ' (expected: nothing was started)' : ''
  const text = {
    starts: `starts${expected}`,
    reduced: `starts without ${count(lost.length, 'feature')}${expected}:`,
    unknown: 'not known: nothing was started',
    refused: `refused: ${message}`,
  }[verdict]
  report.line(source === undefined ? '' : `${source}: `, { text, tone: TONES[verdict] })
  report.table(
    [{ title: '' }, { title: '' }, { title: '' }],
    lost.map(({ feature, place, title }) => [feature, { text: place, tone: 'quiet' }, title]),
  )
  const drawn = [
    ...(argument === undefined ? [] : [`-cpu ${argument}`]),
    ...(live === undefined ? [] : [live.trimEnd()]),
  ]
  if (drawn.length > 0) report.drawing(() => `${drawn.join('\n')}\n`)
  addWritten(report, answer)
  if (apart) report.line(describeApart(apart))
  for (const remark of remarks) report.line(`note: ${remark}`)
  if (notLookedAt.length > 0) report.line(`not looked at: ${notLookedAt.join(', ')}`)
}

const describeApart = ({ machine, verdict, message, argument }: NonNullable<GuestAnswer['apart']>): string =>
  `apart from its machine type, as ${machine}: ` +
  (message === undefined ? `${verdict}, -cpu ${argument}` : `${verdict}: ${message}`)
