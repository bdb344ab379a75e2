import type { Group } from '../groups.ts'
import type { FindingEvidence } from './finding.ts'

/** The different versions that the hosts of a group run, as far as they are known. */
interface Versions {
  readonly microcode: ReadonlySet<number>
  readonly kernel: ReadonlySet<string>
  readonly hypervisor: ReadonlySet<string>
}

/** The versions of each group, read once: groups may have thousands of hosts. */
export class VersionIndex {
  readonly #known = new Map<Group, Versions>()

  versionsOf(group: Group): Versions {
    const known = this.#known.get(group) ?? {
      microcode: new Set(group.hosts.flatMap(({ microcode }) => microcode ?? [])),
      kernel: new Set(group.hosts.flatMap(({ kernel }) => kernel ?? [])),
      hypervisor: new Set(group.hosts.flatMap(({ hypervisor }) => hypervisor ?? [])),
    }
    this.#known.set(group, known)
    return known
  }

  /** Of all these groups together. */
  versionsOfAll(groups: readonly Group[]): Versions {
    const all = groups.map(group => this.versionsOf(group))
    return {
      microcode: new Set(all.flatMap(({ microcode }) => [...microcode])),
      kernel: new Set(all.flatMap(({ kernel }) => [...kernel])),
      hypervisor: new Set(all.flatMap(({ hypervisor }) => [...hypervisor])),
    }
  }
}

/** The revisions, where every one known of those without is older than every one known of those with it. */
export function findOlderMicrocode(mine: Versions, theirs: Versions): FindingEvidence | undefined {
  if (mine.microcode.size === 0 || theirs.microcode.size === 0) return undefined
  const [without, having] = [Math.max(...mine.microcode), Math.min(...theirs.microcode)]
  return without < having ? { kind: 'microcode', without, having } : undefined
}

/** Whether some revision is on both sides: then the revision is not what parts them. */
export const sharesRevision = (mine: Versions, theirs: Versions): boolean =>
  [...mine.microcode].some(revision => theirs.microcode.has(revision))

/** A version of each side, where both are known and none is on both. */
export function findOtherVersion(
  kind: 'kernel' | 'hypervisor',
  mine: Versions,
  theirs: Versions,
): FindingEvidence | undefined {
  const [without] = mine[kind]
  const [having] = theirs[kind]
  if (without === undefined || having === undefined) return undefined
  return [...mine[kind]].some(version => theirs[kind].has(version)) ? undefined : { kind, without, having }
}
