import type { Feature } from '../../core/feature.ts'
import type { Cause, CauseTable } from '../../map/cause-table.ts'
import type { Group } from '../groups.ts'
import type { Confidence, Evidence } from './finding.ts'

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

/** What the comparison with hosts of the same signature says. */
interface PeerVerdict {
  readonly cause: Cause
  readonly confidence: Confidence
  readonly evidence: readonly Evidence[]
}

/**
 * Why a group lacks a feature that other groups of the same silicon have: what is known of the feature, weighed
 * by what differs between the hosts.
 * @param having groups of the same signature that have it; at least one
 */
export function compareToPeers(
  table: CauseTable,
  feature: Feature,
  versions: VersionIndex,
  group: Group,
  having: readonly Group[],
): PeerVerdict {
  const same: Evidence = { kind: 'same-signature', host: having[0]?.name ?? '' }
  const verdict = (cause: Cause, confidence: Confidence, ...more: (Evidence | undefined)[]): PeerVerdict => ({
    cause,
    confidence,
    evidence: [same, ...more.filter(one => one !== undefined)],
  })
  const known = (cause: Cause) => table.knows(cause, feature.name)
  const [mine, theirs] = [versions.versionsOf(group), versions.versionsOfAll(having)]
  const microcode = findOlderMicrocode(mine, theirs)
  const kernel = findOtherVersion('kernel', mine, theirs)
  const hypervisor = findOtherVersion('hypervisor', mine, theirs)

  if (known('microcode') && microcode) return verdict('microcode', 'high', microcode)
  if (known('kernel')) return verdict('kernel', kernel || !microcode ? 'high' : 'medium', kernel, microcode)
  if (known('firmware')) return verdict('firmware', 'high')
  if (known('hypervisor')) return verdict('hypervisor', hypervisor ? 'high' : 'medium', hypervisor)
  if (known('microcode')) return verdict('microcode', sharesRevision(mine, theirs) ? 'low' : 'medium')
  if (microcode) return verdict('microcode', 'medium', microcode)
  if (hypervisor) return verdict('hypervisor', 'medium', hypervisor)
  if (kernel) return verdict('kernel', 'low', kernel)
  return verdict('unknown', 'low')
}

/** The revisions, where every one known of those without is older than every one known of those with it. */
function findOlderMicrocode(mine: Versions, theirs: Versions): Evidence | undefined {
  if (mine.microcode.size === 0 || theirs.microcode.size === 0) return undefined
  const [without, having] = [Math.max(...mine.microcode), Math.min(...theirs.microcode)]
  return without < having ? { kind: 'microcode', without, having } : undefined
}

/** Whether some revision is on both sides: then the revision is not what parts them. */
const sharesRevision = (mine: Versions, theirs: Versions): boolean =>
  [...mine.microcode].some(revision => theirs.microcode.has(revision))

/** A version of each side, where both are known and none is on both. */
function findOtherVersion(
  kind: 'kernel' | 'hypervisor',
  mine: Versions,
  theirs: Versions,
): Evidence | undefined {
  const [without] = mine[kind]
  const [having] = theirs[kind]
  if (without === undefined || having === undefined) return undefined
  return [...mine[kind]].some(version => theirs[kind].has(version)) ? undefined : { kind, without, having }
}
