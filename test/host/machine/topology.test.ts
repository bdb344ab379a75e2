import { describe, expect, test } from 'vitest'
import { printTopology } from '../../../src/formats/host/print-cache.ts'
import { readNodeInfo, readTopology } from '../../../src/host/machine/topology.ts'
import type { HostTree } from '../../../src/host/machine/tree.ts'
import { cpuFiles, type Files, treeOf } from './tree-of.ts'

const NODE = 'sys/devices/system/node'

function printed(tree: HostTree): string {
  const topology = readTopology(tree, 4, undefined)
  return topology ? printTopology(topology) : ''
}

const lines = (text: string, word: string): string[] =>
  text
    .split('\n')
    .map(line => line.trim())
    .filter(line => line.startsWith(`<${word} `))

/** A node's memory, with three huge pages. */
const memory = (node: number, size: number): Files => ({
  [`${NODE}/node${node}/meminfo`]: `Node ${node} MemTotal:  ${size} kB\nNode ${node} MemFree:  1000 kB`,
  [`${NODE}/node${node}/hugepages/hugepages-2048kB/nr_hugepages`]: 3,
  [`${NODE}/node${node}/hugepages/hugepages-1048576kB/nr_hugepages`]: 0,
})

test('a node, as libvirt prints it', () => {
  const files = {
    ...cpuFiles([{ core: 0 }, { core: 0 }]),
    ...memory(0, 1048576),
    [`${NODE}/node0/distance`]: '10',
  }
  expect(printed(treeOf(files))).toBe(`\
    <topology>
      <cells num='1'>
        <cell id='0'>
          <memory unit='KiB'>1048576</memory>
          <pages unit='KiB' size='4'>260608</pages>
          <pages unit='KiB' size='2048'>3</pages>
          <pages unit='KiB' size='1048576'>0</pages>
          <distances>
            <sibling id='0' value='10'/>
          </distances>
          <cpus num='2'>
            <cpu id='0' socket_id='0' die_id='0' cluster_id='0' core_id='0' siblings='0-1'/>
            <cpu id='1' socket_id='0' die_id='0' cluster_id='0' core_id='0' siblings='0-1'/>
          </cpus>
        </cell>
      </cells>
    </topology>
`)
})

test('nodes with gaps: distances have a column for each that is there, and 0 is none', () => {
  const files = {
    ...cpuFiles([
      { node: 0, core: 0 },
      { node: 5, core: 1 },
    ]),
    [`${NODE}/node2/cpulist`]: '',
    [`${NODE}/node0/distance`]: '10 20 30',
    [`${NODE}/node2/distance`]: '20 10 0',
    [`${NODE}/node5/distance`]: '30 0 10',
  }
  const text = printed(treeOf(files))
  expect(lines(text, 'cell')).toEqual(["<cell id='0'>", "<cell id='2'>", "<cell id='5'>"])
  expect(lines(text, 'cpus')).toEqual(["<cpus num='1'>", "<cpus num='0'/>", "<cpus num='1'>"])
  expect(lines(text, 'sibling')).toEqual([
    "<sibling id='0' value='10'/>",
    "<sibling id='2' value='20'/>",
    "<sibling id='5' value='30'/>",
    "<sibling id='0' value='20'/>",
    "<sibling id='2' value='10'/>",
    "<sibling id='0' value='30'/>",
    "<sibling id='5' value='10'/>",
  ])
})

describe('places that make no sense', () => {
  test('a socket below 0 is the first', () => {
    expect(lines(printed(treeOf(cpuFiles([{ socket: -1, core: 3 }]))), 'cpu')).toEqual([
      "<cpu id='0' socket_id='0' die_id='0' cluster_id='0' core_id='3' siblings='0'/>",
    ])
  })

  test('a core below 0 is an error of libvirt', () => {
    expect(() => printed(treeOf(cpuFiles([{ core: -1 }])))).toThrow(
      "internal error: Invalid unsigned integer value '-1' in file '/sys/devices/system/cpu/cpu0/topology/core_id'",
    )
  })
})

test('memory that caches memory, and the way there', () => {
  const cache = `${NODE}/node0/memory_side_cache/index1`
  const access = `${NODE}/node0/access1/initiators`
  const files = {
    ...cpuFiles([{ core: 0 }]),
    [`${cache}/size`]: 131072,
    [`${cache}/line_size`]: 64,
    [`${cache}/indexing`]: 0,
    [`${cache}/write_policy`]: 1,
    [`${access}/node0/cpulist`]: 0,
    [`${access}/read_latency`]: 6,
    [`${access}/read_bandwidth`]: 200,
    [`${access}/write_bandwidth`]: 0,
  }
  const text = printed(treeOf(files))
  expect(text).toContain(`\
          <cache level='1' associativity='direct' policy='writethrough'>
            <size value='128' unit='KiB'/>
            <line value='64' unit='B'/>
          </cache>
`)
  expect(text).toContain(`\
      <interconnects>
        <latency initiator='0' target='0' type='read' value='6'/>
        <bandwidth initiator='0' target='0' type='read' value='204800' unit='KiB'/>
      </interconnects>
`)
})

test('without NUMA a cell is made up of what is online', () => {
  const places = [{ core: 0 }, { core: 0 }, { core: 1 }, { core: 1, offline: true as const }]
  const files = Object.entries(cpuFiles(places)).filter(([path]) => !path.startsWith(NODE))
  const tree = treeOf({ ...Object.fromEntries(files), 'proc/meminfo': 'MemTotal:       24684092 kB' })
  const topology = readTopology(tree, 4, readNodeInfo(tree, { arch: 'x86_64' }))
  expect(topology && printTopology(topology)).toBe(`\
    <topology>
      <cells num='1'>
        <cell id='0'>
          <memory unit='KiB'>24684092</memory>
          <cpus num='3'>
            <cpu id='0' socket_id='0' die_id='0' cluster_id='0' core_id='0' siblings='0-1'/>
            <cpu id='1' socket_id='0' die_id='0' cluster_id='0' core_id='0' siblings='0-1'/>
            <cpu id='2' socket_id='0' die_id='0' cluster_id='0' core_id='1' siblings='2-3'/>
          </cpus>
        </cell>
      </cells>
    </topology>
`)
})
