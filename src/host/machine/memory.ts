import { readAuxiliaryValue } from './auxv.ts'
import { NODES } from './paths.ts'
import type { HostTree } from './tree.ts'

/** A node's memory, or with no node the whole host's, in KiB. */
export function readMemorySize(tree: HostTree, node?: number): number | undefined {
  const text = tree.text(node === undefined ? 'proc/meminfo' : `${NODES}/node${node}/meminfo`)
  const [, size] = /MemTotal:\s*(\d+) kB/.exec(text ?? '') ?? []
  return size === undefined ? undefined : Number(size)
}

interface Pages {
  readonly size: number
  readonly count: number
}

/** A node's pages of every size; what huge pages do not take is in ordinary ones. */
export function readPages(
  tree: HostTree,
  node: number,
  memory: number | undefined,
  basePage: number,
): readonly Pages[] {
  if (memory === undefined) return []
  const huge = readHugePages(tree, `${NODES}/node${node}/hugepages`)
  const taken = huge.reduce((sum, { size, count }) => sum + size * count, 0)
  return [{ size: basePage, count: Math.floor((memory - taken) / basePage) }, ...huge]
}

/** Sizes of pages that the host can give, KiB, ascending. */
export const readPageSizes = (tree: HostTree, basePage: number): readonly number[] => [
  basePage,
  ...readHugePages(tree, 'sys/kernel/mm/hugepages').map(({ size }) => size),
]

function readHugePages(tree: HostTree, folder: string): readonly Pages[] {
  return tree
    .names(folder)
    .flatMap(name => {
      const [, size] = /^hugepages-(\d+)kB$/.exec(name) ?? []
      return size === undefined
        ? []
        : [{ size: Number(size), count: tree.number(`${folder}/${name}/nr_hugepages`) ?? 0 }]
    })
    .sort((a, b) => a.size - b.size)
}

/** @see getauxval(3) */
const AT_PAGESZ = 6n

/** The size of an ordinary page, KiB: as the kernel told this program, else what the architecture mostly has. */
export function readBasePageSize(tree: HostTree, arch: string): number {
  const told = readAuxiliaryValue(tree, AT_PAGESZ)
  if (told !== undefined) return Number(told) / 1024
  return arch.startsWith('ppc64') ? 64 : 4
}
