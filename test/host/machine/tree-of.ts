import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { HostTree } from '../../../src/host/machine/tree.ts'

/** A recorded host's files: paths and what each holds. */
export type Files = Readonly<Record<string, string | number>>

/** The files in a folder of their own; answers its path. */
export function rootOf(files: Files): string {
  const root = mkdtempSync(join(tmpdir(), 'virt-cpu-host-'))
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), `${text}\n`)
  }
  return root
}

export const treeOf = (files: Files): HostTree => new HostTree(rootOf(files))

/** Where one logical CPU is. */
export interface Place {
  readonly node?: number
  readonly socket?: number
  readonly core: number
  readonly offline?: true
}

/** The kernel's files about logical CPUs, numbered from 0 in the order given. */
export function cpuFiles(places: readonly Place[]): Record<string, string | number> {
  const system = 'sys/devices/system'
  const files: Record<string, string | number> = {
    [`${system}/cpu/present`]: `0-${places.length - 1}`,
    [`${system}/cpu/online`]: idsOf(places, ({ offline }) => !offline),
  }
  for (const [id, place] of places.entries()) {
    const { node = 0, socket = 0, core, offline } = place
    files[`${system}/cpu/cpu${id}/online`] = offline ? 0 : 1
    files[`${system}/node/node${node}/cpu${id}/node`] = node
    files[`${system}/node/node${node}/cpulist`] = idsOf(places, p => !p.offline && (p.node ?? 0) === node)
    if (offline) continue
    const topology = `${system}/cpu/cpu${id}/topology`
    files[`${topology}/physical_package_id`] = socket
    files[`${topology}/die_id`] = 0
    files[`${topology}/core_id`] = core
    files[`${topology}/thread_siblings_list`] = idsOf(
      places,
      p => !p.offline && p.core === core && (p.socket ?? 0) === socket,
    )
  }
  return files
}

const idsOf = (places: readonly Place[], wanted: (place: Place) => boolean): string =>
  places.flatMap((place, id) => (wanted(place) ? [id] : [])).join(',')

/** The kernel's files about one cache of a logical CPU. */
export const cacheFiles = (
  cpu: number,
  index: number,
  values: Readonly<Record<string, string | number>>,
): Record<string, string | number> =>
  Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      `sys/devices/system/cpu/cpu${cpu}/cache/index${index}/${name}`,
      value,
    ]),
  )
