import { spawnSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readHost } from '../../src/host/machine/read-host.ts'
import { HostTree } from '../../src/host/machine/tree.ts'
import { printCapabilities } from '../../src/qemu/print-capabilities.ts'
import { runs } from '../effort.ts'
import { cacheFiles, cpuFiles, type Files, type Place, rootOf } from '../host/machine/tree-of.ts'
import { needed } from '../needs.ts'
import { whyNoVirsh } from './libvirtd.ts'

/**
 * virsh's own QEMU driver, without a daemon and without any QEMU, among the files of an invented host: they are
 * mounted over the kernel's in a mount namespace of its own, which takes root.
 */
const SCRIPT = `
if [ -n "$0" ]; then mount --bind "$0/sys/devices/system" /sys/devices/system || exit 3; fi
mount -t tmpfs none /sys/fs || exit 3
if [ -d "$0/sys/fs/resctrl" ]; then cp -r "$0/sys/fs/resctrl" /sys/fs/; fi
exec /usr/bin/env PATH=/nonexistent /usr/bin/timeout 180 /usr/bin/virsh -c "qemu:///embed?root=$1" capabilities
`

const inNamespace = (script: string, args: readonly string[]) =>
  spawnSync('unshare', ['-m', 'sh', '-c', script, ...args], { encoding: 'utf8' })

const mounting = () =>
  ofLibvirt('').startsWith('<topology') ? undefined : 'only root can mount what the driver sees'
const why = needed('virsh 11.3, and may mount', whyNoVirsh() ?? mounting())

/** What both tell of processors, memory and caches; all else is this machine's. */
function compared(document: string): string {
  const [cpu] = document.match(/<topology sockets.*/) ?? []
  const around = /<iommu[\s\S]*?(?=\s*<secmodel>)/.exec(document)?.[0] ?? document
  return `${cpu}\n${around}`
}

/** @param root empty: this machine's own files */
function ofLibvirt(root: string): string {
  const { stdout, stderr } = inNamespace(SCRIPT, [root, mkdtempSync(join(tmpdir(), 'virt-cpu-embed-'))])
  return stdout.includes('<capabilities>') ? compared(stdout) : stderr
}

function ofOurs(root: string): string {
  const { facts, node } = readHost(new HostTree(root), 'x86_64', '11.3')
  const topology = node && { ...node, dies: 1, clusters: 1 }
  return compared(
    printCapabilities({ ...facts, cpu: { type: 'host', arch: 'x86_64', topology, features: [] } }, []),
  )
}

const nodes = fc.record({
  sockets: fc.integer({ min: 1, max: 2 }),
  cores: fc.integer({ min: 1, max: 3 }),
  threads: fc.integer({ min: 1, max: 2 }),
  id: fc.integer({ min: 0, max: 6 }),
  memory: fc.integer({ min: 100_000, max: 1e7 }),
  huge: fc.integer({ min: 0, max: 40 }),
})

type Node = typeof nodes extends fc.Arbitrary<infer T> ? T : never

const resctrl = fc.record({
  mask: fc.constantFrom('f', 'ff', '7ff', 'fffff'),
  least: fc.integer({ min: 0, max: 4 }),
  parts: fc.constantFrom(['L3'], ['L2', 'L3'], ['L3CODE', 'L3DATA'], []),
  bandwidth: fc.boolean(),
  monitor: fc.constantFrom('', 'llc_occupancy', 'llc_occupancy\nmbm_total_bytes\nmbm_local_bytes'),
})

const hosts = fc.record({
  // libnuma asks the running kernel, which has a node 0, before it reads files.
  nodes: fc
    .uniqueArray(nodes, { selector: ({ id }) => id, minLength: 1, maxLength: 3 })
    .map(([first, ...rest]) => [{ ...first, id: 0 }, ...rest.filter(({ id }) => id > 0)] as Node[]),
  offline: fc.array(fc.integer({ min: 1, max: 11 }), { maxLength: 2 }),
  size: fc.constantFrom('1024K', '1536K', '11264K', '33M'),
  resctrl: fc.option(resctrl),
})

type Host = typeof hosts extends fc.Arbitrary<infer T> ? T : never

function filesOf(host: Host): Files {
  const list = [...host.nodes].sort((a, b) => a.id - b.id)
  const places: Place[] = list.flatMap(({ id, sockets, cores, threads }) =>
    Array.from({ length: sockets * cores * threads }, (_, i) => ({
      node: id,
      socket: 2 * id + (i % sockets),
      core: Math.floor(i / sockets) % cores,
    })),
  )
  const withOffline = places.map((place, id) =>
    host.offline.includes(id) ? { ...place, offline: true as const } : place,
  )
  return {
    ...cpuFiles(withOffline),
    ...nodeFiles(list, withOffline),
    ...cachesOf(withOffline, host.size),
    ...resctrlOf(host),
  }
}

const NODES = 'sys/devices/system/node'

/** libnuma reads masks where we read lists. */
function nodeFiles(list: Host['nodes'], places: readonly Place[]): Files {
  const ids = list.map(({ id }) => id).join(',')
  const summary = ['online', 'possible', 'has_memory', 'has_normal_memory', 'has_cpu'].map(name => [
    name,
    ids,
  ])
  const each = list.flatMap(({ id, memory, huge }, row): [string, string | number][] => {
    const mask = places.reduce(
      (bits, { node, offline }, i) => bits + (node === id && !offline ? 2 ** i : 0),
      0,
    )
    return [
      [`node${id}/cpumap`, mask.toString(16).padStart(8, '0')],
      [`node${id}/meminfo`, `Node ${id} MemTotal: ${memory} kB\nNode ${id} MemFree: 1 kB`],
      [`node${id}/hugepages/hugepages-2048kB/nr_hugepages`, huge],
      [`node${id}/hugepages/hugepages-2048kB/free_hugepages`, 0],
      [`node${id}/distance`, list.map((_, column) => (row === column ? 10 : 20 + row + column)).join(' ')],
    ]
  })
  return Object.fromEntries([...summary, ...each].map(([path, value]) => [`${NODES}/${path}`, value]))
}

function cachesOf(places: readonly Place[], size: string): Files {
  const online = places.map((place, id) => ({ ...place, id })).filter(({ offline }) => !offline)
  const sharing = (same: (place: Place) => boolean) =>
    online
      .filter(same)
      .map(({ id }) => id)
      .join(',')
  const files = online.flatMap(({ id, socket, core }) => [
    cacheFiles(id, 0, { id, level: 1, type: 'Data', size: '32K', shared_cpu_list: id }),
    cacheFiles(id, 1, {
      id: 16 * (socket ?? 0) + core,
      level: 2,
      type: 'Unified',
      size: '512K',
      shared_cpu_list: sharing(other => other.socket === socket && other.core === core),
    }),
    cacheFiles(id, 2, {
      id: socket ?? 0,
      level: 3,
      type: 'Unified',
      size,
      shared_cpu_list: sharing(other => other.socket === socket),
    }),
  ])
  return Object.assign({}, ...files)
}

function resctrlOf({ resctrl: found }: Host): Files {
  if (!found) return {}
  const parts = found.parts.flatMap((part): [string, string | number][] => [
    [`${part}/cbm_mask`, found.mask],
    [`${part}/min_cbm_bits`, found.least],
    [`${part}/num_closids`, 8],
  ])
  const bandwidth: [string, string | number][] = [
    ['MB/bandwidth_gran', 10],
    ['MB/min_bandwidth', 10],
    ['MB/num_closids', 8],
  ]
  const monitor: [string, string | number][] = [
    ['L3_MON/num_rmids', 32],
    ['L3_MON/mon_features', found.monitor],
    ['L3_MON/max_threshold_occupancy', 99],
  ]
  const all: [string, string | number][] = [
    ...parts,
    ...(found.bandwidth ? bandwidth : []),
    ...(found.monitor ? monitor : []),
  ]
  return Object.fromEntries(all.map(([path, value]) => [`sys/fs/resctrl/info/${path}`, value]))
}

describe.skipIf(why)(`invented hosts, side by side with libvirt (${why ?? 'its QEMU driver'})`, () => {
  test('processors, nodes, memory, caches and what resctrl shares out', () => {
    const property = fc.property(hosts, host => {
      const root = rootOf(filesOf(host))
      expect(ofOurs(root), root).toBe(ofLibvirt(root))
    })
    fc.assert(property, {
      numRuns: runs(400, 20),
      endOnFailure: true,
      ...(process.env.SEED && { seed: Number(process.env.SEED) }),
    })
  })
})
