import type { Cpu } from '../../core/cpu.ts'
import { LibvirtError } from '../../core/libvirt-error.ts'
import { type Dialogue, type DialogueStep, returned, textIn } from '../dialogue.ts'
import { type Comparison, IDENTICAL, incompatible, type ThroughQemuOptions } from '../driver.ts'
import { cpuOf, definitionOf } from './definition.ts'

/**
 * Whether the CPU that QEMU gives guests of this host can stand in for another, as QEMU itself says. Which
 * properties are to blame libvirt does not tell.
 * @param host what QEMU reports as host-model
 * @throws LibvirtError for a CPU without model, and for what QEMU refuses
 */
export function* compareByQemu(host: Cpu, cpu: Cpu): Dialogue<Comparison> {
  const question = asking('query-cpu-model-comparison', {
    modela: definitionOf(host),
    modelb: definitionOf(cpu),
  })
  const result = textIn(returned(yield question, question), 'result', question)
  if (result === 'identical') return IDENTICAL
  return result === 'superset' ? { result, extra: [] } : incompatible('')
}

/**
 * The CPU that guests may be given on all of these, folded by QEMU two at a time. libvirt prints it as a host's
 * definition.
 * @throws LibvirtError for a CPU that is not of one of QEMU's models, and for what QEMU refuses
 */
export function* baselineByQemu(
  cpus: readonly Cpu[],
  { models, expand = false }: ThroughQemuOptions,
): Dialogue<Cpu> {
  for (const [index, { model }] of cpus.entries()) {
    if (model === undefined) throw invalid(`no CPU model specified at index ${index}`)
    if (!models.includes(model)) throw invalid(`CPU model '${model}' not supported by hypervisor`)
  }
  const [first, ...rest] = cpus
  if (!first) throw invalid('no CPUs given')
  let common = first
  for (const cpu of rest) {
    const modela = definitionOf(common)
    const question = asking('query-cpu-model-baseline', { modela, modelb: definitionOf(cpu) })
    common = cpuOf(returned(yield question, question), question)
  }
  if (rest.length > 0 && !expand) return common
  const type = expand ? 'full' : 'static'
  const question = asking('query-cpu-model-expansion', { type, model: definitionOf(common) })
  const spelt = cpuOf(returned(yield question, question), question)
  return expand ? { ...spelt, features: [...spelt.features].sort(byName) } : spelt
}

const invalid = (detail: string): LibvirtError => new LibvirtError('invalid-arg', detail)

const byName = (a: { readonly name: string }, b: { readonly name: string }): number =>
  a.name < b.name ? -1 : a.name > b.name ? 1 : 0

const asking = (execute: string, given: DialogueStep['arguments']): DialogueStep => ({
  execute,
  arguments: given,
})
