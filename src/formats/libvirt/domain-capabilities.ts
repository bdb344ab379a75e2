import { child, children, type Element, textOf } from '../../xml/element.ts'
import { findCpus } from './find-cpus.ts'

/** What a hypervisor says that it can give guests. */
interface DomainCapabilities {
  /** The supported host-model, as a guest's `<cpu>`; absent: it has none. */
  readonly hostModel: Element | undefined
  /** Every model that it lists, with what keeps it from running; of an unusable one without blockers, `?`. */
  readonly models: ReadonlyMap<string, readonly string[]>
  /** The last word of the emulator's path. */
  readonly emulator: string | undefined
}

/** Reads a `<domainCapabilities>` element. */
export function domainCapabilitiesOf(element: Element): DomainCapabilities {
  const [hostModel] = findCpus(element)
  const path = child(element, 'path')
  const custom = children(element, 'cpu')
    .flatMap(cpu => children(cpu, 'mode'))
    .find(({ attributes }) => attributes.name === 'custom')
  return {
    hostModel: hostModel?.element,
    models: custom ? modelsOf(custom) : new Map(),
    emulator: path && textOf(path).split('/').at(-1),
  }
}

function modelsOf(custom: Element): Map<string, readonly string[]> {
  const models = new Map<string, readonly string[]>()
  for (const model of children(custom, 'model')) {
    models.set(textOf(model), model.attributes.usable === 'no' ? UNTOLD : [])
  }
  for (const blockers of children(custom, 'blockers')) {
    const names = children(blockers, 'feature').flatMap(({ attributes }) => attributes.name ?? [])
    models.set(blockers.attributes.model ?? '', names)
  }
  return models
}

const UNTOLD: readonly string[] = ['?']
