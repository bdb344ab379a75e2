import { describe, expect, test } from 'vitest'
import { LibvirtError } from '../../../src/core/libvirt-error.ts'
import { type NodeInfoOptions, readNodeInfo } from '../../../src/host/machine/topology.ts'
import { cpuFiles, type Place, treeOf } from './tree-of.ts'

/** `online/total nodes×sockets×cores×threads` */
function counted(places: readonly Place[], options: NodeInfoOptions = { arch: 'x86_64' }): string {
  const n = readNodeInfo(treeOf(cpuFiles(places)), options)
  return `${n.online}/${n.total} ${n.nodes}×${n.sockets}×${n.cores}×${n.threads}`
}

describe('what libvirt counts', () => {
  test('cores of one socket', () => {
    expect(counted([{ core: 0 }, { core: 1 }])).toBe('2/2 1×1×2×1')
  })

  test('threads of a core', () => {
    expect(counted([{ core: 0 }, { core: 0 }, { core: 1 }, { core: 1 }])).toBe('4/4 1×1×2×2')
  })

  test('sockets and cores of a node, the same in every node', () => {
    const places = [0, 1].flatMap(node =>
      [0, 1].flatMap(socket => [0, 1].map(core => ({ node, socket: 2 * node + socket, core }))),
    )
    expect(counted(places)).toBe('8/8 2×2×2×1')
  })

  test('a thread that is offline', () => {
    const places = [{ core: 0 }, { core: 0 }, { core: 1 }, { core: 1, offline: true as const }]
    expect(counted(places)).toBe('3/4 1×1×2×2')
  })

  test('nodes that are not alike count as cores of one socket', () => {
    const places = [0, 0, 1, 1, 1, 1].map((node, core) => ({ node, socket: node, core }))
    expect(counted(places)).toBe('6/6 1×1×6×1')
  })

  test('a socket without a number is the first', () => {
    expect(counted([{ socket: -1, core: 0 }])).toBe('1/1 1×1×1×1')
  })

  test('every processor of s390x is a core', () => {
    const places = [{ core: 0 }, { core: 0 }].map(({ core }, socket) => ({ core, socket: socket * 0 }))
    expect(counted(places, { arch: 's390x' })).toBe('2/2 1×1×2×1')
  })
})

test('a node with memory alone is a node', () => {
  const files = cpuFiles([0, 1].map(core => ({ core })))
  const tree = treeOf({ ...files, 'sys/devices/system/node/node1/cpulist': '' })
  expect(readNodeInfo(tree, { arch: 'x86_64' })).toMatchObject({ nodes: 1, sockets: 1, cores: 2 })
})

describe('POWER8 with split cores', () => {
  const first = (cpu: number): Place => ({ core: cpu - (cpu % 4), ...(cpu % 4 ? { offline: true } : {}) })
  const options = { arch: 'ppc64', threadsPerSubcore: 4 }

  test('the first thread stands for its part', () => {
    expect(
      counted(
        Array.from({ length: 8 }, (_, cpu) => first(cpu)),
        options,
      ),
    ).toBe('8/8 1×1×2×4')
  })

  test('a part that is offline counts with all its threads', () => {
    const places = Array.from({ length: 8 }, (_, cpu) =>
      cpu === 4 ? { core: 4, offline: true as const } : first(cpu),
    )
    expect(counted(places, options)).toBe('4/8 1×1×8×1')
  })

  test('another thread that is online: they count as they are', () => {
    const places = Array.from({ length: 8 }, (_, cpu) => (cpu === 1 ? { core: 0 } : first(cpu)))
    expect(counted(places, options)).toBe('3/8 1×1×8×1')
  })
})

test('a tree without processors is refused', () => {
  expect(() => readNodeInfo(treeOf({}), { arch: 'x86_64' })).toThrow(
    new LibvirtError('internal', 'no CPUs found'),
  )
})
