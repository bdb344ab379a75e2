import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Cpuid, type CpuidRow, type MsrRow } from '../../../src/core/cpuid.ts'
import {
  FIRMWARE_CODE,
  makeFirmware,
  parsePasses,
  REGISTER_GUESTS,
  readerOfRegisters,
} from '../../../src/host/qemu/firmware.ts'
import { placesToRead } from '../../../src/qemu/guest/predict-words.ts'
import { runs } from '../../effort.ts'
import { needed, notInstalled } from '../../needs.ts'
import { disassemble, disassembleAs, listInstructions } from '../cpu/disassemble.ts'

const why = needed('binutils', notInstalled('objdump'))

test.skipIf(why)(`the bytes are the instructions beside them (objdump, ${why ?? 'installed'})`, () => {
  expect(disassemble(FIRMWARE_CODE.bytes, 'i8086')).toEqual(listInstructions(FIRMWARE_CODE))
})

test('the ROM begins with the code, and the processor with a jump to it', () => {
  const rom = Buffer.from(makeFirmware(placesToRead()))
  expect(rom.length).toBe(0x1_0000)
  const table = FIRMWARE_CODE.labels.get('table') ?? 0
  expect(rom.subarray(0, table)).toEqual(Buffer.from(FIRMWARE_CODE.bytes.subarray(0, table)))
  // `jmp 0xf000:0x0`
  expect([...rom.subarray(0xfff0, 0xfff5)]).toEqual([0xea, 0, 0, 0, 0xf0])
})

test('the table has each leaf and MSR once, and ends', () => {
  const word = { leaf: 7, subleaf: 1, indexed: true } as const
  const rom = Buffer.from(
    makeFirmware([
      { kind: 'cpuid', register: 'eax', ...word },
      { kind: 'cpuid', register: 'edx', ...word },
      { kind: 'msr', index: 0x10a, half: 'low' },
      { kind: 'msr', index: 0x10a, half: 'high' },
    ]),
  )
  const table = rom.subarray(FIRMWARE_CODE.labels.get('table'))
  expect(table.subarray(0, 24).toString('hex')).toBe(
    '0700000001000100' + '0a01000000000200' + '0000000000000000',
  )
})

const hex = (word: number, digits = 8) => word.toString(16).toUpperCase().padStart(digits, '0')
const word = fc.nat(0xffff_ffff)

/** What the guest writes of one pass. */
const write = (pass: number, rows: readonly CpuidRow[], msrs: readonly MsrRow[]): string[] => [
  ...rows.map(([leaf, subleaf, ...words]) =>
    [pass, leaf]
      .map(one => hex(one))
      .concat(
        `0001${hex(subleaf, 4)}`,
        words.map(one => hex(one)),
      )
      .join(' '),
  ),
  ...msrs.map(([index, low, high]) =>
    [pass, index, 0x2_0000, low, 0, 0, high].map(one => hex(one)).join(' '),
  ),
]

test('of what a guest writes, cut anywhere, the complete passes are read', () => {
  const anyRows = fc.uniqueArray(fc.tuple(word, fc.nat(40), word, word, word, word), {
    minLength: 1,
    maxLength: 6,
    selector: ([leaf, subleaf]) => `${leaf}.${subleaf}`,
  })
  const anyMsrs = fc.uniqueArray(fc.tuple(word, word, word), { maxLength: 3, selector: ([index]) => index })
  // The last of three passes is whole: one of a single entry has 64 characters.
  const anyCut = fc.nat(128)
  fc.assert(
    fc.property(anyRows, anyMsrs, fc.nat(1000), anyCut, (rows, msrs, first, cut) => {
      const entries = rows.length + msrs.length
      const lines = [first, first + 1, first + 2].flatMap(pass => write(pass, rows, msrs))
      const text = lines.map(line => `${line} \n`).join('')
      expect(parsePasses(text, entries).map(({ number }) => number)).toEqual([first, first + 1, first + 2])
      const passes = parsePasses(text.slice(cut), entries)
      expect(passes.at(-1)?.number).toBe(first + 2)
      for (const { seen } of passes) expect(seen.eq(Cpuid.of(rows, msrs))).toBe(true)
    }),
    { numRuns: runs(2000) },
  )
})

test('an MSR that cannot be read is not there', () => {
  const text = '00000000 0000010A 00020000 00000005 00000001 00000000 00000000 \n'
  expect(parsePasses(text, 1)[0]?.seen.msrs()).toEqual([])
})

describe('guests of other architectures', () => {
  const absent = notInstalled('llvm-mc')

  // LLVM has no LoongArch before 16; that guest is held by what it reads in QEMU.
  test.skipIf(absent).each([
    ['aarch64', 'aarch64'],
    ['riscv64', 'riscv64'],
    ['ppc64', 'powerpc64'],
    ['s390x', 's390x'],
  ])(`%s: the bytes are the instructions beside them (llvm-mc, ${absent ?? 'installed'})`, (arch, target) => {
    const { code } = REGISTER_GUESTS[arch]?.() ?? {}
    if (!code) throw new Error('no guest')
    const listed = code.instructions.map(({ text }) => text.replace(/\s+/g, ' '))
    expect(disassembleAs(code.bytes, target)).toEqual(listed)
  })

  test('what they wrote is read: nothing before the first pass, the registers by name, facilities from the left', async () => {
    const guest = REGISTER_GUESTS.s390x?.()
    if (!guest) throw new Error('no guest')
    const write =
      (...words: string[]) =>
      async () =>
        words.map(word => `0000000000200000: 0x${word.padStart(16, '0')}`).join('\r\n')
    const { watch } = readerOfRegisters(guest, [])
    expect(await watch(write('0', '20640000'))()).toEqual([])
    const [seen] = await watch(write('3', '20640000', 'e000000000000000', '0', '4000000000000000', '0'))()
    expect(seen).toEqual({
      pass: 3,
      cpuid: [],
      msr: [],
      registers: { MACHINE: '0x2064', STFLE: `0x${(7n | (1n << 129n)).toString(16)}` },
    })
  })

  test('a CPU that cannot execute the program is an error', async () => {
    const guest = REGISTER_GUESTS.aarch64?.()
    if (!guest) throw new Error('no guest')
    const ask = async ({ execute }: { execute: string }) =>
      execute === 'qom-list' ? [{ name: 'pmu', type: 'bool' }] : [{ 'qom-path': '/machine/cpu' }]
    await expect(readerOfRegisters(guest, []).askCpu(ask)).rejects.toThrow(/has no aarch64/)
  })
})
