import type { Group } from '../../../src/fleet/groups.ts'

/** A sentence as a title. A name at its beginning keeps its case. */
export const capitalize = (name: string, words: string): string =>
  name === '' ? words.charAt(0).toUpperCase() + words.slice(1) : name + words

export const countHosts = (groups: readonly Group[]): number =>
  groups.reduce((hosts, group) => hosts + group.hosts.length, 0)
