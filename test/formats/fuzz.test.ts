import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Cpuid } from '../../src/core/cpuid.ts'
import { LibvirtError } from '../../src/core/libvirt-error.ts'
import { ParseError } from '../../src/core/parse-error.ts'
import { decodeBytes } from '../../src/formats/decode-bytes.ts'
import { parseAida64, parseLibcpuid } from '../../src/formats/dumps/aida64.ts'
import { parseCpuidR } from '../../src/formats/dumps/cpuid-r.ts'
import type { Dump } from '../../src/formats/dumps/dump.ts'
import { parseLoaderDiagnostics } from '../../src/formats/dumps/ld-so.ts'
import { parseLscpu } from '../../src/formats/dumps/lscpu.ts'
import { parseProcCpuinfo } from '../../src/formats/dumps/proc-cpuinfo.ts'
import { printCpudata, readCpudata } from '../../src/formats/libvirt/cpudata.ts'
import { runs } from '../effort.ts'
import { Mutator } from '../xml/mutate.ts'
import { dumpCorpus, dumpsOf, machineCorpus } from './corpus.ts'

const WORDS = [
  ...' \t\r\n-:=[]<>\'"0123456789abcdefABCDEFxGh'.split(''),
  ...[
    'CPUID ',
    'MSR ',
    '[SL 01]',
    '< FAILED >',
    '------[ Logical CPU #3 ]------',
    '------[ MSR Registers ]------',
  ],
  ...[
    'CPUID 00000000: ',
    'basic_cpuid[0]=',
    'intel_fn4[999]=',
    'CPU 1:\n',
    '0x00000007 0x01: eax=',
    'ffffffff',
    '00000000',
  ],
  ...[
    'x86.processor[0x1].cpuid.eax[0x7].',
    'subleaf_eax[0x4].ecx[0x1].',
    'until_ecx=0xffffffff\n',
    'flags : ',
  ],
  ...[
    "<cpuid eax_in='1'",
    "<msr index='0x10a' eax='1' edx='1'/>",
    '<alias/>',
    "ebx='0x'",
    "ecx='-1'",
    "edx='09'",
  ],
]

/** What the type promises: registers, ordered, one row a key. */
function isValid({ data }: Pick<Dump, 'data'>): boolean {
  const rows = [...data.rows(), ...data.msrs()]
  const inRange = rows.every(row =>
    row.every(word => Number.isInteger(word) && word >= 0 && word <= 0xffff_ffff),
  )
  const inOrder = data.rows().every(([leaf, subleaf], i) => {
    const before = data.rows()[i - 1]
    return before === undefined || before[0] < leaf || (before[0] === leaf && before[1] < subleaf)
  })
  return inRange && inOrder
}

function attempt(read: () => boolean, expected: typeof ParseError | typeof LibvirtError): boolean {
  try {
    return read()
  } catch (error) {
    return error instanceof expected
  }
}

const PARSERS = [
  parseAida64,
  parseLibcpuid,
  parseCpuidR,
  parseLoaderDiagnostics,
  parseProcCpuinfo,
  parseLscpu,
  dumpsOf,
]

const SEED = Number(process.env.SEED ?? 1)
const machine = machineCorpus()
const dumps = [...dumpCorpus().values(), ...machine]

test(`dumps: a ParseError or a valid answer (SEED=${SEED})`, () => {
  const random = new Mutator(SEED)
  for (let run = runs(40_000); run > 0; run--) {
    const text = random.mutate(random.pick(dumps), random.pick(dumps), WORDS)
    for (const parse of PARSERS) {
      if (!attempt(() => parse(text).every(isValid), ParseError)) expect(text).toBe(`read by ${parse.name}`)
    }
  }
})

test(`cpudata: a LibvirtError or data that survive printing (SEED=${SEED})`, () => {
  const random = new Mutator(SEED)
  const seeds = dumps.map(text => printCpudata(dumpsOf(text)[0]?.data ?? Cpuid.empty))
  const survives = (text: string) => {
    const printed = printCpudata(readCpudata(text))
    return printed === "<cpudata arch='x86'>\n</cpudata>\n" || printCpudata(readCpudata(printed)) === printed
  }
  for (let run = runs(20_000); run > 0; run--) {
    const text = random.mutate(random.pick(seeds), random.pick(seeds), WORDS)
    if (!attempt(() => survives(text), LibvirtError)) expect(text).toBe('readable')
  }
})

test(`records of bytes: registers, whatever the bytes (SEED=${SEED})`, () => {
  const bytes = fc.uint8Array({ maxLength: 64 }).map(rest => Uint8Array.from([...HEAD, ...rest]))
  fc.assert(
    fc.property(bytes, records => dumpsOf(decodeBytes(records)).every(isValid)),
    { seed: SEED },
  )
})

/** A first record, of a CPU with three leaves. */
const HEAD = [2, 0, 0, 0, ...Buffer.from('GenuntelineI')]
