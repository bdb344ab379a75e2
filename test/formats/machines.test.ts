import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { inputsOfText } from '../../src/formats/input-text.ts'
import type { RegisterDump } from '../../src/formats/register-dump.ts'

const corpus = (name: string) =>
  readFileSync(join(import.meta.dirname, '..', 'corpus', 'machines', `${name}.txt`), 'utf8')

function machine(text: string): readonly RegisterDump[] {
  const [input, more] = inputsOfText(text)
  if (input?.kind !== 'registers' || more) throw new RangeError('not one machine of another architecture')
  return input.dumps
}

const shown = (dumps: readonly RegisterDump[]): string[] =>
  dumps.map(({ arch, cpus, registers }) =>
    [arch, cpus.join(), ...[...registers].map(([name, value]) => `${name}=${value.toString(16)}`)].join(' '),
  )

describe('/proc/cpuinfo', () => {
  test.each([
    ['neoverse-n1', ['aarch64 0,1 MIDR_EL1=413fd0c1 AT_HWCAP=10119fff']],
    ['neoverse-v1', ['aarch64 0,1 MIDR_EL1=411fd401 AT_HWCAP=d0759fff AT_HWCAP2=16200']],
    ['power9', ['ppc64 0,4 PVR=4e1202']],
    ['rv64', ['riscv64 1 ']],
    ['loongson', ['loongarch64 0,1 CPUCFG.1=2100002 AT_HWCAP=1 CPUCFG.2=5c07c1']],
  ])('%s', (name, expected) => {
    const found = shown(machine(corpus(`${name}.cpuinfo`)))
    expect(found.map(line => line.slice(0, expected[0]?.length))).toEqual(expected)
  })

  test('of a machine with two kinds of cores', () => {
    const little = corpus('neoverse-n1.cpuinfo').replaceAll('0xd0c', '0xd03')
    const both = `${little}${corpus('neoverse-v1.cpuinfo').replace('processor\t: 0', 'processor\t: 2').replace('processor\t: 1', 'processor\t: 3')}`
    expect(shown(machine(both)).map(line => line.split(' ').slice(0, 3).join(' '))).toEqual([
      'aarch64 0,1 MIDR_EL1=413fd031',
      'aarch64 2,3 MIDR_EL1=411fd401',
    ])
  })

  test('of an s390x tells its facilities', () => {
    const [dump] = machine(corpus('z15.cpuinfo'))
    expect(dump?.registers.get('MACHINE')).toBe(0x8561n)
    expect(((dump?.registers.get('STFLE') ?? 0n) >> 129n) & 1n).toBe(1n)
    expect(dump?.cpus).toEqual(['0', '1'])
  })
})

test('registers by name, and the one number of midr_el1', () => {
  expect(shown(machine(corpus('midr_el1')))).toEqual(['aarch64 0 MIDR_EL1=413fd0c1'])
  expect(machine(corpus('neoverse-n1.registers'))[0]?.registers.size).toBe(4)
  expect(shown(machine('PVR: 0x004e_1202\n'))).toEqual(['ppc64 0 PVR=4e1202'])
})
