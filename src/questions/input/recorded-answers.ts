import type { Dialogue, DialogueStep } from '../../arch/dialogue.ts'
import { LibvirtError } from '../../core/libvirt-error.ts'
import type { JsonObject } from '../../formats/json/json-value.ts'
import type { QmpRecording } from '../../qemu/qmp/conversation.ts'

/**
 * What an inquiry comes to, answered from a recording: s390x leaves comparing and combining CPUs to QEMU.
 * @throws LibvirtError of the inquiry, and where the recording does not hold an answer
 */
export function answeredFrom<T>(inquiry: Dialogue<T>, conversation: QmpRecording): T {
  let step = inquiry.next()
  while (!step.done) step = inquiry.next(answerTo(step.value, conversation))
  return step.value
}

function answerTo({ execute, arguments: given }: DialogueStep, { runs }: QmpRecording): JsonObject {
  const asked = canonical(given)
  const found = runs
    .flat()
    .find(({ command }) => command.execute === execute && canonical(command.arguments ?? {}) === asked)
  if (found) return found.reply
  throw new LibvirtError(
    'op-unsupported',
    `QEMU itself answers this here, and the recording lacks its answer to ${JSON.stringify({ execute, arguments: given })}`,
  )
}

/** Equal for equal values, whatever the order of their keys. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_key, one: unknown) =>
    typeof one === 'object' && one !== null && !Array.isArray(one)
      ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1)))
      : one,
  )
