import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ParseError } from '../../src/core/parse-error.ts'
import { readText } from '../../src/formats/dialects.ts'
import type { RegisterDump } from '../../src/formats/found.ts'
import { runs } from '../effort.ts'
import { Mutator } from '../xml/mutate.ts'

const corpus = (name: string) =>
  readFileSync(join(import.meta.dirname, '..', 'corpus', 'machines', `${name}.txt`), 'utf8')

function machine(text: string): readonly RegisterDump[] {
  const [input, more] = readText(text)
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

const WORDS = [
  ...' \t\r\n:=_xX0123456789abcdefg[]'.split(''),
  'facilities : ',
  'CPU part\t: 0x',
  '99999999999',
  '0x_',
]

test('whatever is damaged: a ParseError or registers (SEED=1)', () => {
  const names = readdirSync(join(import.meta.dirname, '..', 'corpus', 'machines')).filter(n =>
    n.endsWith('.txt'),
  )
  const texts = names.map(name => corpus(name.slice(0, -'.txt'.length)))
  const random = new Mutator(1)
  for (let run = runs(20_000); run > 0; run--) {
    const text = random.mutate(random.pick(texts), random.pick(texts), WORDS)
    try {
      for (const input of readText(text)) {
        if (input.kind === 'registers') shown(input.dumps)
      }
    } catch (error) {
      if (!(error instanceof ParseError)) expect(text).toBe('readable')
    }
  }
})

test.each([
  [
    'z15.cpuinfo',
    /^facilities *: 0/m,
    'facilities : 0]',
    /^\d+:\d+: facilities: `0\]` is no number from 0 to 16383\n/,
  ],
  ['z15.cpuinfo', /^facilities *: 0/m, 'facilities : 99999', /`99999` is no number from 0 to 16383/],
  ['neoverse-n1.cpuinfo', /0xd0c/, '0xd0c0', /^\d+:\d+: CPU part: `0xd0c0` is no number from 0 to 4095\n/],
] as const)('%s: a number that is none', (name, from, to, message) => {
  expect(() => readText(corpus(name).replace(from, to))).toThrow(message)
})
