import type { Cpu } from '../../core/cpu.ts'
import { LibvirtError } from '../../core/libvirt-error.ts'
import { type DialogueStep, objectIn, textIn } from '../dialogue.ts'

/** A CPU as QEMU's commands take it: a model, and features that are added or taken away. */
interface ModelDefinition {
  readonly name: string
  readonly props?: Readonly<Record<string, boolean>>
}

/**
 * The CPU as QEMU takes it; a passthrough mode is a model of QEMU's.
 * @throws LibvirtError where neither model nor mode says what is meant
 */
export function definitionOf({ model, mode, features }: Cpu): ModelDefinition {
  const name = model ?? (mode && MODELS[mode])
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
export function cpuOf(reply: Readonly<Record<string, unknown>>, question: DialogueStep): Cpu {
  const model = objectIn(reply, 'model', question)
  const props = model.props === undefined ? {} : objectIn(model, 'props', question)
  const features = Object.keys(props).filter(name => props[name] === true)
  return {
    type: 'host',
    mode: 'custom',
    model: textIn(model, 'name', question),
    features: features.map(name => ({ name })),
  }
}
