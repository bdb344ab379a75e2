import { LibvirtError } from '../../core/libvirt-error.ts'
import { ParseError } from '../../core/parse-error.ts'
import type { Context } from '../context.ts'
import { readCpu, readGuests } from '../input/read.ts'
import { readReplies, requestedHypervisor } from '../input/recorded-hypervisor.ts'
import { type GuestInput, guestInput } from '../input/schemas.ts'
import { question } from '../question.ts'
import { GuestAnswer } from './answer.ts'
import { guestAnswer, prepareGuest, refusal, startPlaceOf } from './compute.ts'

export const guestCheckQuestion = question({
  name: 'guest-check',
  summary: 'Check what libvirt does when a guest starts on a recorded host',
  input: guestInput,
  answer: GuestAnswer,
  report: async () => (await import('./report.ts')).reportGuest,
  run: (context, input) => ({ answer: checkGuest(context, input) }),
})

function checkGuest(context: Context, { replies, domain, host, format, qemu }: GuestInput): GuestAnswer {
  const [guest, second] = readGuests(domain, 'domain')
  if (!guest || second) throw new ParseError('several guests: give them one by one', 'domain')
  const conversation = readReplies(replies)
  try {
    const asked = guest.request()
    const hypervisor = requestedHypervisor(conversation, { ...asked, emulator: undefined })
    const own = host === undefined ? undefined : readCpu(host, 'auto', 'host')
    const place = startPlaceOf(context, hypervisor, own)
    return guestAnswer(context, prepareGuest(context, asked, place, { format, qemu }))
  } catch (error) {
    if (error instanceof LibvirtError) return refusal(error)
    throw error
  }
}
