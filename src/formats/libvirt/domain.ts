import { child, children, type Element, textOf } from '../../xml/element.ts'
import { findCpus } from './find-cpus.ts'

/** What a domain's definition says of it, as far as its CPU is concerned. */
interface Domain {
  readonly name: string | undefined
  readonly uuid: string | undefined
  /** How many virtual CPUs it has. */
  readonly vcpus: number | undefined
  /** Absent: whatever the hypervisor gives by itself. */
  readonly cpu: Element | undefined
}

/** Reads a `<domain>` element. */
export function domainOf(element: Element): Domain {
  const part = (name: string) => textOf(child(element, name) ?? NONE).trim() || undefined
  const vcpus = Number(part('vcpu'))
  return {
    name: part('name'),
    uuid: part('uuid'),
    vcpus: Number.isSafeInteger(vcpus) && vcpus > 0 ? vcpus : undefined,
    cpu: findCpus(element)[0]?.element,
  }
}

/** The domains in a top-level element: itself, or those of the status document of a running one. */
export const domainsOf = (top: Element): Element[] =>
  top.name === 'domain' ? [top] : top.name === 'domstatus' ? children(top, 'domain') : []

const NONE: Element = { name: '', attributes: {}, content: [] }
