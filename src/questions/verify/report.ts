import { count, fewNames } from '../../core/text.ts'
import type { Cell, Report } from '../../report/report.ts'
import type { Reporter } from '../question.ts'
import type { GuestProof, VerifyAnswer } from './answer.ts'

const TONES = { proven: 'good', refused: 'bad', differs: 'bad', unknown: 'warning' } as const

/** Adds what was proven of each guest; of several pairs of hosts, what was not, and a matrix. */
export const reportProofs: Reporter<VerifyAnswer> = (report, { guests }) => {
  const pairs = new Set(guests.map(({ from, to }) => `${from} ${to}`)).size
  const shown = pairs > 1 ? guests.filter(({ verdict }) => verdict !== 'proven') : guests
  for (const [i, guest] of shown.entries()) {
    if (i > 0) report.drawing(() => '\n')
    reportProof(report, guest)
  }
  if (pairs > 1) reportMatrix(report, guests)
}

function reportProof(report: Report, proof: GuestProof): void {
  const { guest, verdict, accelerator, machine, argument } = proof
  const qemu = [proof.qemu ?? '?', ...(proof.toQemu === null ? [] : [proof.toQemu])].join(' to ')
  const host = proof.from === proof.to ? proof.from : `${proof.from} to ${proof.to}`
  const name = guest === null ? '' : `${guest}: `
  const where = `QEMU ${qemu}, ${accelerator}, ${machine}, on ${host}`
  report.line(
    name,
    { text: verdictText(proof), tone: TONES[verdict] },
    { text: ` (${where})`, tone: 'quiet' },
  )
  report.drawing(() => `-cpu ${argument}\n`)
  reportRefused(report, proof)
  reportDifferences(report, 'The guest sees, and was predicted to see:', proof.differences)
  reportDifferences(report, 'The migration changed:', proof.changes)
  if (proof.masksIgnored)
    report.line({
      text: `${accelerator} shows guests the host's words whatever QEMU gives them: nothing can be proven here. Try --accel tcg.`,
      tone: 'warning',
    })
  reportTimes(report, proof)
}

function verdictText({
  verdict,
  refused,
  message,
  differences,
  changes,
  goesOn,
  unread,
}: GuestProof): string {
  if (verdict === 'proven') return 'proven'
  if (verdict === 'unknown') {
    const why = unread.length > 0 ? 'not all of it could be read' : 'nothing is known of its model'
    return `unknown: ${why}, but the migration changed nothing`
  }
  if (verdict === 'refused')
    return `refused: ${refused.length > 0 ? count(refused.length, 'feature') : (message ?? 'no words')}`
  const bits = differences.length > 0 ? `${count(differences.length, 'place')} as not predicted` : ''
  const moved = changes.length > 0 ? `${count(changes.length, 'place')} after the migration` : ''
  const stands = goesOn ? '' : 'the guest does not go on'
  return `differs: ${[bits, moved, stands].filter(Boolean).join(', ')}`
}

function reportRefused(report: Report, { refused, unexpected, message }: GuestProof): void {
  report.table(
    [{ title: '' }, { title: '' }, { title: '' }],
    refused.map(({ feature, place, title }) => [feature, { text: place, tone: 'quiet' }, title]),
  )
  if (message !== undefined && refused.length > 0) report.line(message)
  if (unexpected.length > 0)
    report.line({ text: `not as predicted: ${unexpected.join(', ')}`, tone: 'warning' })
}

function reportDifferences(report: Report, title: string, differences: GuestProof['differences']): void {
  if (differences.length === 0) return
  report.line(title)
  report.table(
    [
      { title: '' },
      { title: 'place' },
      { title: 'expected', align: 'right' },
      { title: 'seen', align: 'right' },
    ],
    differences.map(({ name, place, expected, seen }): Cell[] => [
      name ?? '-',
      { text: place, tone: 'quiet' },
      expected,
      seen,
    ]),
  )
}

function reportTimes(report: Report, proof: GuestProof): void {
  const { wordCount, predicted, exceptions, milliseconds, byQemu, unread } = proof
  const times = Object.entries(milliseconds).map(([name, time]) => `${name} ${Math.round(time)} ms`)
  const what = /86/.test(proof.arch) ? 'words' : 'registers'
  if (wordCount > 0)
    report.line({
      text: `${predicted} of ${wordCount} ${what} predicted; ${times.join(', ')}`,
      tone: 'quiet',
    })
  if (byQemu.length > 0)
    report.line({
      text: `as QEMU says: ${count(byQemu.length, 'feature')} that the guest does not read`,
      tone: 'quiet',
    })
  if (unread.length > 0) report.line({ text: `not read: ${fewNames(unread)}`, tone: 'warning' })
  for (const { name, why } of exceptions)
    report.line({ text: `not predicted: ${name} (${why})`, tone: 'quiet' })
}

/** From each host to each other. */
function reportMatrix(report: Report, guests: readonly GuestProof[]): void {
  const hosts = [...new Set(guests.flatMap(({ from, to }) => [from, to]))]
  report.subheading('From the host at the left to the one above:')
  report.table(
    ['', ...hosts].map(title => ({ title })),
    hosts.map(from => [
      from,
      ...hosts.map((to): Cell => {
        const found = guests.filter(guest => guest.from === from && guest.to === to)
        const worst = found.find(({ verdict }) => verdict !== 'proven') ?? found[0]
        return worst ? { text: worst.verdict, tone: TONES[worst.verdict] } : '-'
      }),
    ]),
  )
}
