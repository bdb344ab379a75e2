import type { Group } from '../groups.ts'

/** The different versions that the hosts of a group run, as far as they are known. */
export interface Versions {
  readonly microcode: ReadonlySet<number>
  readonly kernel: ReadonlySet<string>
  readonly hypervisor: ReadonlySet<string>
}

/** The versions of each group, read once: groups may have thousands of hosts. */
export class VersionIndex {
  readonly #known = new Map<Group, Versions>()

  of(group: Group): Versions {
    const known = this.#known.get(group) ?? {
      microcode: new Set(group.hosts.flatMap(({ microcode }) => microcode ?? [])),
      kernel: new Set(group.hosts.flatMap(({ kernel }) => kernel ?? [])),
      hypervisor: new Set(group.hosts.flatMap(({ hypervisor }) => hypervisor ?? [])),
    }
    this.#known.set(group, known)
    return known
  }

  /** Of all these groups together. */
  ofAll(groups: readonly Group[]): Versions {
    const all = groups.map(group => this.of(group))
    return {
      microcode: new Set(all.flatMap(({ microcode }) => [...microcode])),
      kernel: new Set(all.flatMap(({ kernel }) => [...kernel])),
      hypervisor: new Set(all.flatMap(({ hypervisor }) => [...hypervisor])),
    }
  }
}
