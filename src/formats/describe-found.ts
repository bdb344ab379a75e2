import { DIALECTS } from './dialects.ts'
import type { Found } from './found.ts'

/** What a text may hold instead of CPUs, and which commands read it. */
const INSTEAD = {
  conversation: 'describes a hypervisor: `virt-cpu models` reads it, and --replies of other commands',
  domain: 'defines a guest without <cpu>: `virt-cpu guest check` reads it',
  domainCapabilities: 'describes a hypervisor without a host-model: `virt-cpu models` reads it',
} as const

/**
 * Describes a text without a CPU: what it is, and which command reads it. Undefined where it holds nothing, or nothing
 * that any command reads.
 */
export function describeWithoutCpu([first]: readonly Found[]): string | undefined {
  if (!first) return undefined
  const kind = first.kind === 'document' ? first.element.name : first.kind
  const what = Object.entries(INSTEAD).find(([name]) => name === kind)?.[1]
  const { title = `<${kind}>` } = DIALECTS.find(({ name }) => name === first.dialect) ?? {}
  return what && `this is ${title}, which ${what}`
}
