import { expect, test } from 'vitest'
import { assembleProgram, CODE, makeExecutable } from '../../../src/host/cpu/program.ts'
import { needed, notInstalled } from '../../needs.ts'
import { disassemble, listInstructions } from './disassemble.ts'

const why = needed('binutils', notInstalled('objdump'))

test.skipIf(why)(`the bytes are the instructions beside them (objdump, ${why ?? 'installed'})`, () => {
  expect(disassemble(CODE.bytes, 'i386:x86-64')).toEqual(listInstructions(CODE))
})

test('the file is an executable for x86-64 of three segments, none of which can be written and executed', () => {
  const file = Buffer.from(makeExecutable())
  expect(file.subarray(0, 7)).toEqual(Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]))
  expect([file.readUInt16LE(16), file.readUInt16LE(18), file.readUInt16LE(56)]).toEqual([2, 62, 3])
  const segments = [0, 1, 2].map(i => {
    const at = Number(file.readBigUInt64LE(32)) + 56 * i
    const word = (offset: number) => Number(file.readBigUInt64LE(at + offset))
    return {
      type: file.readUInt32LE(at),
      flags: file.readUInt32LE(at + 4),
      address: word(16),
      size: word(32),
    }
  })
  const [code] = segments
  const [READ, WRITE, EXECUTE] = [4, 2, 1]
  expect(segments.map(({ flags }) => flags)).toEqual([READ | EXECUTE, READ | WRITE, READ | WRITE])
  expect(code?.size).toBe(file.length)
  const entry = Number(file.readBigUInt64LE(24)) - (code?.address ?? 0)
  expect(file.subarray(entry)).toEqual(Buffer.from(CODE.bytes))
})

test('a listing is assembled: jumps both ways, and what each instruction is', () => {
  const { bytes, instructions } = assembleProgram(`
    back: 90      | nop
          eb >on  | jmp >on | forwards
          eb >back| jmp >back
    on:   c3      | ret
  `)
  expect([...bytes]).toEqual([0x90, 0xeb, 0x02, 0xeb, 0xfb, 0xc3])
  expect(instructions.map(({ text }) => text)).toEqual(['nop', 'jmp 0x5', 'jmp 0x0', 'ret'])
})

test('a near call has a distance of two bytes, and an offset is two bytes too', () => {
  const { bytes, labels, instructions } = assembleProgram(`
          e8 >>far  | call >far
          be @far   | mov si,@far
          ${'90 | nop\n'.repeat(300)}
    far:  e8 >>far  | call >far
  `)
  expect(labels.get('far')).toBe(306)
  expect([...bytes.subarray(0, 6)]).toEqual([0xe8, 0x2f, 0x01, 0xbe, 0x32, 0x01])
  expect([...bytes.subarray(306)]).toEqual([0xe8, 0xfd, 0xff])
  expect(instructions.slice(0, 2).map(({ text }) => text)).toEqual(['call 0x132', 'mov si,0x132'])
})

test.each([
  ['eb >nowhere | jmp >nowhere', /no label nowhere/],
  [`eb >far | jmp >far\n${'90 | nop\n'.repeat(128)}far: c3 | ret`, /too far/],
])('what cannot be assembled is refused', (listing, message) => {
  expect(() => assembleProgram(listing)).toThrow(message)
})
