import type { Element } from '../../xml/element.ts'
import type { FoundInput } from '../input-cpu.ts'
import { parseCpudata } from './cpudata.ts'
import { findCpus } from './find-cpus.ts'

/** The CPUs of a top-level XML element: definitions where virsh finds them, and `<cpudata>`. @throws LibvirtError */
export function inputsOfElement(element: Element): FoundInput[] {
  if (element.name !== 'cpudata')
    return findCpus(element).map(found => ({ kind: 'definition', element: found.element }))
  const data = parseCpudata(element)
  return [{ kind: 'dump', dumps: [{ data, cpus: ['0'], notes: [] }] }]
}
