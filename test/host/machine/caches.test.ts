import { describe, expect, test } from 'vitest'
import { printBandwidth, printCache, printEnergy } from '../../../src/formats/host/print-cache.ts'
import { addControls, readBandwidth, readCaches, readEnergy } from '../../../src/host/machine/resctrl.ts'
import { cacheFiles, cpuFiles, type Files, treeOf } from './tree-of.ts'

type Row = readonly [id: number, level: number, type: string, size: string, shared: string]

const NAMES = ['id', 'level', 'type', 'size', 'shared_cpu_list']

/** Two processors with these caches each, and what resctrl says. */
function treeWith(caches: (cpu: number) => readonly Row[], resctrl: Files = {}) {
  const files = [0, 1].flatMap(cpu =>
    caches(cpu).map((row, index) =>
      cacheFiles(cpu, index, Object.fromEntries(row.map((value, i) => [NAMES[i], value]))),
    ),
  )
  const info = Object.entries(resctrl).map(([path, value]) => [`sys/fs/resctrl/info/${path}`, value])
  return treeOf(
    Object.assign({}, cpuFiles([{ core: 0 }, { core: 1 }]), ...files, Object.fromEntries(info)) as Files,
  )
}

function printed(caches: (cpu: number) => readonly Row[], resctrl: Files = {}): string {
  const tree = treeWith(caches, resctrl)
  const banks = readCaches(tree)
  return printCache(addControls(tree, banks)) + printBandwidth(readBandwidth(tree, banks))
}

const shared = (size: string) => (): Row[] => [[0, 3, 'Unified', size, '0-1']]
const control = (text: string): string => /<control .*/.exec(text)?.[0] ?? ''

describe('banks', () => {
  test('each once, by level and number, without level 1', () => {
    const caches = (cpu: number): Row[] => [
      [cpu, 1, 'Data', '32K', `${cpu}`],
      [0, 3, 'Unified', '8192K', '0-1'],
      [cpu, 2, 'Unified', '1536K', `${cpu}`],
    ]
    expect(printed(caches)).toBe(`\
    <cache>
      <bank id='0' level='2' type='both' size='1536' unit='KiB' cpus='0'/>
      <bank id='1' level='2' type='both' size='1536' unit='KiB' cpus='1'/>
      <bank id='0' level='3' type='both' size='8' unit='MiB' cpus='0-1'/>
    </cache>
`)
  })

  test('a cache that the kernel does not number is left out', () => {
    const tree = treeOf({
      ...cpuFiles([{ core: 0 }]),
      ...cacheFiles(0, 0, { level: 3, type: 'Unified', size: '8M', shared_cpu_list: 0 }),
    })
    expect(readCaches(tree)).toEqual([])
  })

  test.each([
    ['Weird', '1K', "internal error: Unknown cache type 'Weird'"],
    [
      'Unified',
      'foo',
      "internal error: Invalid unsigned scaled integer value 'foo' in file '/sys/devices/system/cpu/cpu0/cache/index0/size'",
    ],
  ])('%s %s is an error of libvirt', (type, size, message) => {
    expect(() => printed(() => [[0, 2, type, size, '0']])).toThrow(message)
  })
})

describe('shares of a cache', () => {
  const l3 = (mask: string, least: number): Files => ({
    'L3/cbm_mask': mask,
    'L3/min_cbm_bits': least,
    'L3/num_closids': 16,
  })

  test.each([
    ['8192K', 'ff', 1, "<control granularity='1' unit='MiB' type='both' maxAllocs='16'/>"],
    ['8192K', 'ff', 0, "<control granularity='1' unit='MiB' type='both' maxAllocs='16'/>"],
    ['8192K', 'ff', 3, "<control granularity='1' min='3' unit='MiB' type='both' maxAllocs='16'/>"],
    ['8192K', 'ffff', 2, "<control granularity='512' min='1024' unit='KiB' type='both' maxAllocs='16'/>"],
    ['8192K', 'fff', 1, "<control granularity='699050' unit='B' type='both' maxAllocs='16'/>"],
    ['8192K', 'f0f0', 1, "<control granularity='1' unit='MiB' type='both' maxAllocs='16'/>"],
    ['1048576K', 'ff', 2, "<control granularity='128' min='256' unit='MiB' type='both' maxAllocs='16'/>"],
  ])('of %s with mask %s and at least %i', (size, mask, least, expected) => {
    expect(control(printed(shared(size), l3(mask, least)))).toBe(expected)
  })

  test('code and data apart', () => {
    const parts = Object.fromEntries(
      ['CODE', 'DATA'].flatMap(part =>
        Object.entries(l3('ff', 1)).map(([path, value]) => [path.replace('L3', `L3${part}`), value]),
      ),
    )
    expect(printed(shared('8M'), parts).match(/type='(?:code|data)'/g)).toEqual([
      "type='code'",
      "type='data'",
    ])
  })

  test('what resctrl tells only half is an error of libvirt', () => {
    expect(() => printed(shared('8M'), { 'L3/num_closids': 16 })).toThrow(
      'internal error: Cannot get cbm_mask from resctrl cache info',
    )
  })
})

describe('bandwidth and monitors', () => {
  const MB = { 'MB/bandwidth_gran': 10, 'MB/min_bandwidth': 20, 'MB/num_closids': 8 }

  test('bandwidth is shared between the CPUs of a last-level cache', () => {
    const caches = (cpu: number): Row[] => [
      [cpu, 2, 'Unified', '512K', `${cpu}`],
      [7, 3, 'Unified', '8M', '0-1'],
    ]
    expect(printed(caches, MB)).toContain(`\
    <memory_bandwidth>
      <node id='7' cpus='0-1'>
        <control granularity='10' min='20' maxAllocs='8'/>
      </node>
    </memory_bandwidth>
`)
  })

  test('counters of the cache and of the bandwidth go to their own monitors', () => {
    const monitor = { 'L3_MON/num_rmids': 64, 'L3_MON/mon_features': 'llc_occupancy\nmbm_total_bytes\nodd' }
    expect(printed(() => [], monitor)).toBe(`\
    <cache>
      <monitor level='3' reuseThreshold='0' maxMonitors='64'>
        <feature name='llc_occupancy'/>
      </monitor>
    </cache>
    <memory_bandwidth>
      <monitor maxMonitors='64'>
        <feature name='mbm_total_bytes'/>
      </monitor>
    </memory_bandwidth>
`)
  })

  test('energy has a monitor of its own', () => {
    const tree = treeWith(() => [], {
      'PERF_PKG_MON/num_rmids': 576,
      'PERF_PKG_MON/mon_features': 'core_energy\nactivity',
    })
    const energy = readEnergy(tree)
    expect(energy && printEnergy(energy)).toBe(`\
    <energy>
      <monitor maxMonitors='576'>
        <feature name='core_energy'/>
        <feature name='activity'/>
      </monitor>
    </energy>
`)
  })
})
