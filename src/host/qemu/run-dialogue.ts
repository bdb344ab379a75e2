import type { Dialogue } from '../../arch/dialogue.ts'
import { Qemu, type QemuOptions } from './qemu.ts'

/**
 * What an inquiry comes to, answered by a QEMU that is started for its first question, and not at all where it asks
 * none.
 * @param binary chosen when it is needed
 * @throws LibvirtError, ProbeError
 */
export async function answerFromQemu<T>(
  inquiry: Dialogue<T>,
  binary: () => string,
  options: QemuOptions,
): Promise<T> {
  let step = inquiry.next()
  if (step.done) return step.value
  const qemu = await Qemu.start(binary(), options)
  try {
    await qemu.ask({ execute: 'qmp_capabilities' })
    while (!step.done) step = inquiry.next(await qemu.ask(step.value))
    return step.value
  } finally {
    qemu.end()
  }
}
