import { asGuest, type Cpu, type HostCpu } from '../../core/cpu.ts'
import { LibvirtError } from '../../core/libvirt-error.ts'
import { type Dialogue, type DialogueStep, objectIn, returned, textIn } from '../dialogue.ts'
import { type Comparison, IDENTICAL, incompatible, type ThroughQemuOptions } from '../driver.ts'

/**
 * Whether the CPU that QEMU gives guests of this host can stand in for another, as QEMU itself says. Which
 * properties are to blame libvirt does not report.
 * @param host what QEMU reports as host-model
 * @throws LibvirtError for a CPU without model, and for what QEMU refuses
 */
export function* compareByQemu(host: Cpu, cpu: Cpu): Dialogue<Comparison> {
  const question = asking('query-cpu-model-comparison', {
    modela: toModelDefinition(host),
    modelb: toModelDefinition(cpu),
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
    const modela = toModelDefinition(common)
    const question = asking('query-cpu-model-baseline', { modela, modelb: toModelDefinition(cpu) })
    common = cpuOf(returned(yield question, question), question)
  }
  if (rest.length > 0 && !expand) return common
  const type = expand ? 'full' : 'static'
  const question = asking('query-cpu-model-expansion', { type, model: toModelDefinition(common) })
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

/** A CPU as QEMU's commands take it: a model, and features that are added or taken away. */
interface ModelDefinition {
  readonly name: string
  readonly props?: Readonly<Record<string, boolean>>
}

/**
 * The CPU as QEMU takes it; a passthrough mode is a model of QEMU's.
 * @throws LibvirtError where neither model nor mode says what is meant
 */
export function toModelDefinition(cpu: Cpu): ModelDefinition {
  const { model, features } = cpu
  const name = model ?? MODELS[asGuest(cpu)?.mode ?? '']
  if (name === undefined) throw new LibvirtError('invalid-arg', 'cpu parameter is missing a model name')
  if (features.length === 0) return { name }
  const has = (policy = 'require') => policy === 'require' || policy === 'force'
  return { name, props: Object.fromEntries(features.map(feature => [feature.name, has(feature.policy)])) }
}

const MODELS: Readonly<Record<string, string>> = { 'host-passthrough': 'host', maximum: 'max' }

/**
 * The CPU of a reply, with what it has: features that are off and properties that are none are left out. libvirt
 * makes a host's definition of it, which prints without policies.
 * @throws LibvirtError where the reply lacks what it must have
 */
function cpuOf(reply: Readonly<Record<string, unknown>>, question: DialogueStep): HostCpu {
  const model = objectIn(reply, 'model', question)
  const props = model.props === undefined ? {} : objectIn(model, 'props', question)
  const features = Object.keys(props).filter(name => props[name] === true)
  return {
    type: 'host',
    detected: true,
    model: textIn(model, 'name', question),
    features: features.map(name => ({ name })),
  }
}
