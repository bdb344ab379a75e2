import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { printCpuList } from '../../src/core/text.ts'
import { parseBitmap } from '../../src/formats/libvirt/parse-numa.ts'
import { printCpu } from '../../src/formats/libvirt/print-cpu.ts'
import { update } from '../../src/index.ts'
import { readCpu } from '../../src/questions/input/read.ts'
import { refusal } from '../notation.ts'

const domain = (numa: string, vcpu = 8) =>
  `<domain><vcpu>${vcpu}</vcpu><cpu><model>Penryn</model>${numa}</cpu></domain>`

const CELLS = `<numa>
  <cell id='1' cpus='4-7' memory='2' unit='GiB' memAccess='shared' discard='yes'>
    <distances><sibling id='0' value='21'/></distances>
    <cache level='1' associativity='direct' policy='writeback'><size value='8' unit='KiB'/><line value='5' unit='B'/></cache>
  </cell>
  <cell id='0' cpus='0-3,^2' memory='2097152'/>
  <interconnects>
    <latency initiator='0' target='1' type='access' value='9'/>
    <bandwidth initiator='0' target='1' cache='1' type='read' value='200' unit='MiB'/>
  </interconnects>
</numa>`

const PRINTED = `  <numa>
    <cell id='0' cpus='0-1,3' memory='2097152' unit='KiB'>
      <distances>
        <sibling id='0' value='10'/>
        <sibling id='1' value='21'/>
      </distances>
    </cell>
    <cell id='1' cpus='4-7' memory='2097152' unit='KiB' memAccess='shared' discard='yes'>
      <distances>
        <sibling id='0' value='21'/>
        <sibling id='1' value='10'/>
      </distances>
      <cache level='1' associativity='direct' policy='writeback'>
        <size value='8' unit='KiB'/>
        <line value='5' unit='B'/>
      </cache>
    </cell>
    <interconnects>
      <latency initiator='0' target='1' type='access' value='9'/>
      <bandwidth initiator='0' target='1' cache='1' type='read' value='204800' unit='KiB'/>
    </interconnects>
  </numa>
`

describe('the NUMA topology of a domain', () => {
  test('prints as libvirt prints it, and what was printed reads back', () => {
    const printed = printCpu(readCpu(domain(CELLS), 'guest'))
    expect(printed).toContain(PRINTED)
    expect(printCpu(readCpu(`<domain><vcpu>8</vcpu>${printed}</domain>`, 'guest'))).toBe(printed)
  })

  test('is kept when the CPU is made definite', () => {
    const host = '<cpu><arch>x86_64</arch><model>Penryn</model></cpu>'
    expect(update({ host, guest: domain(CELLS) }).xml).toContain(PRINTED)
    const hostModel = domain(CELLS).replace('<cpu><model>Penryn</model>', "<cpu mode='host-model'>")
    expect(update({ host, guest: hostModel }).xml).toContain(PRINTED)
  })

  test('counts only in a domain', () => {
    const cpu = `<cpu><model>Penryn</model>${CELLS}</cpu>`
    expect(readCpu(cpu, 'guest')).not.toHaveProperty('numa')
  })

  test.each([
    ['<numa/>', 'XML error: NUMA topology defined without NUMA cells'],
    [
      "<numa><cell cpus='0-8' memory='1'/></numa>",
      'internal error: Number of CPUs in <numa> exceeds the <vcpu> count',
    ],
    ["<numa><cell cpus='8' memory='1'/></numa>", 'internal error: CPU IDs in <numa> exceed the <vcpu> count'],
    ["<numa><cell cpus='3-1' memory='1'/></numa>", "invalid argument: Failed to parse bitmap '3-1'"],
    [
      "<numa><cell cpus='0' memory='9007199254740993'/></numa>",
      'numerical overflow: value too large: 9007199254740993KiB',
    ],
  ])('%s: %s', (numa, message) => {
    expect(refusal(() => readCpu(domain(numa), 'guest'))).toBe(message)
  })
})

test('a bitmap reads back to the numbers that it was printed from', () => {
  const numbers = fc.uniqueArray(fc.nat(200), { minLength: 1 }).map(list => list.sort((a, b) => a - b))
  fc.assert(
    fc.property(numbers, list => {
      expect(parseBitmap(printCpuList(list))).toEqual(list)
    }),
  )
})
