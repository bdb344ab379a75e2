import type { Dialogue } from '../../arch/dialogue.ts'
import { member } from '../../formats/json/json-value.ts'
import type { QmpCommand } from '../../qemu/qmp/reply.ts'
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

/** Features of a virtual CPU, in QEMU's spelling. */
export interface GivenFeatureLists {
  readonly enabled: readonly string[]
  /** Asked for, and not to be had on this host. */
  readonly disabled: readonly string[]
}

/** What the first virtual CPU has: every property that is true, and those that QEMU had to leave out. */
function* askGivenFeatures(): Dialogue<GivenFeatureLists, QmpCommand> {
  yield { execute: 'qmp_capabilities' }
  const cpus = member(yield { execute: 'query-cpus-fast' }, 'return')
  const known = Array.isArray(cpus) ? member(cpus[0], 'qom-path') : undefined
  const path = typeof known === 'string' ? known : '/machine/unattached/device[0]'
  const get = (property: string) => ({ execute: 'qom-get', arguments: { path, property } })
  const properties = member(yield { execute: 'qom-list', arguments: { path } }, 'return')
  const enabled: string[] = []
  for (const property of Array.isArray(properties) ? properties : []) {
    const name = member(property, 'name')
    if (typeof name !== 'string' || member(property, 'type') !== 'bool') continue
    if (member(yield get(name), 'return') === true) enabled.push(name)
  }
  const refused = member(yield get('unavailable-features'), 'return')
  const disabled = Array.isArray(refused) ? refused.filter(name => typeof name === 'string') : []
  return { enabled, disabled }
}

/**
 * What a QEMU gives a guest of this machine and CPU: started, asked, and ended before the first instruction.
 * @throws LibvirtError where QEMU does not start with it
 */
export async function probeGivenFeatures(binary: string, options: QemuOptions): Promise<GivenFeatureLists> {
  const qemu = await Qemu.start(binary, options)
  return (await qemu.run(askGivenFeatures()).finally(() => qemu.end())).found
}
