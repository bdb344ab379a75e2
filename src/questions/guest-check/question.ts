import { ParseError } from '../../core/parse-error.ts'
import type { GuestRequest } from '../../qemu/guest/parse-request.ts'
import type { Context } from '../context.ts'
import { readReplies, requestedHypervisor } from '../input/hypervisor.ts'
import { readCpu, readGuests, readVfioWord } from '../input/read.ts'
import { type GuestInput, guestInput } from '../input/schemas.ts'
import { question } from '../question.ts'
import { GuestAnswer } from './answer.ts'
import { guestAnswer, orError, prepareGuest, resolveGuest, startPlaceOf } from './compute.ts'

export const guestCheckQuestion = question({
  name: 'guest-check',
  summary: 'Check what libvirt does when a guest starts on a recorded host',
  input: guestInput,
  answer: GuestAnswer,
  report: async () => (await import('./report.ts')).reportGuest,
  run: (context, input) => ({ answer: checkGuest(context, input) }),
})

function checkGuest(context: Context, input: GuestInput): GuestAnswer {
  const [guest, second] = readGuests(input.domain, 'domain', context.libvirt)
  if (!guest || second) throw new ParseError('several guests: give them one by one', 'domain')
  const trials = resolveGuest(guest.request)
  let step = trials.next()
  while (!step.done) {
    const asked = step.value
    step = trials.next(orError(() => answerFor(context, input, asked)))
  }
  return step.value
}

/** @throws LibvirtError for what libvirt refuses */
function answerFor(context: Context, input: GuestInput, asked: GuestRequest): GuestAnswer {
  const { replies, host, format, qemu } = input
  const hypervisor = requestedHypervisor(readReplies(replies), { ...asked, emulator: undefined })
  const own = host === undefined ? undefined : readCpu(host, 'auto', 'host')
  const place = startPlaceOf(context, hypervisor, own, host === undefined ? undefined : readVfioWord(host))
  return guestAnswer(context, prepareGuest(context, asked, place, { format, qemu }))
}
