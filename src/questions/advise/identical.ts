import type { Group } from '../../fleet/groups.ts'
import type { FleetHost } from '../../fleet/host.ts'

/** Hosts between which a guest with all of its host's CPU moves safely. */
interface IdenticalPart {
  readonly hosts: readonly FleetHost[]
  /** What is not known of them; a host of which something is not known is a part of its own. */
  readonly unknown: readonly Fact[]
}

type Fact = 'microcode' | 'kernel' | 'hypervisor'

const FACTS: readonly Fact[] = ['microcode', 'kernel', 'hypervisor']

/** The hosts by what must be equal for host-passthrough: CPU, microcode, kernel and hypervisor. */
export function identicalParts(groups: readonly Group[]): IdenticalPart[] {
  const parts: IdenticalPart[] = []
  for (const { hosts } of groups) {
    const byFacts = new Map<string, FleetHost[]>()
    for (const host of hosts) {
      const unknown = FACTS.filter(fact => host[fact] === undefined)
      if (unknown.length > 0) {
        parts.push({ hosts: [host], unknown })
        continue
      }
      const key = FACTS.map(fact => host[fact]).join('\n')
      byFacts.set(key, [...(byFacts.get(key) ?? []), host])
    }
    for (const same of byFacts.values()) parts.push({ hosts: same, unknown: [] })
  }
  return parts
}
