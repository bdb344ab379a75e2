import type { Interconnect } from '../../formats/host/host-facts.ts'
import { NODES } from './paths.ts'
import type { HostTree } from './tree.ts'

/**
 * How fast nodes reach each other's memory, as firmware told the kernel, in the order of initiator and target.
 * @see Linux, Documentation/admin-guide/mm/numaperf.rst
 */
export function readInterconnects(tree: HostTree): Interconnect[] {
  const links = tree.numbered(NODES, 'node').flatMap(target => {
    const folder = `${NODES}/node${target}/access1/initiators`
    return tree
      .numbered(folder, 'node')
      .flatMap(initiator => linksOf(tree, folder).map(link => ({ ...link, initiator, target })))
  })
  return links.sort((a, b) => a.initiator - b.initiator || a.target - b.target)
}

type Link = Omit<Interconnect, 'initiator' | 'target'>

function linksOf(tree: HostTree, folder: string): Link[] {
  return (['latency', 'bandwidth'] as const).flatMap(kind =>
    (['read', 'write'] as const).flatMap(access => {
      const value = tree.number(`${folder}/${access}_${kind}`) ?? 0
      // The kernel counts MiB/s.
      return value > 0 ? [{ kind, access, value: kind === 'bandwidth' ? value * 1024 : value }] : []
    }),
  )
}
