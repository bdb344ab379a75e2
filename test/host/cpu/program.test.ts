import { spawnSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { assembleProgram, CODE, makeExecutable } from '../../../src/host/cpu/program.ts'
import { needed, notInstalled } from '../../needs.ts'

/** The instructions as binutils' disassembler reads the bytes; undefined where it is not installed. */
function disassembled(bytes: Uint8Array): string[] | undefined {
  const file = join(mkdtempSync(join(tmpdir(), 'virt-cpu-')), 'code')
  writeFileSync(file, bytes)
  const args = ['-D', '-b', 'binary', '-m', 'i386:x86-64', '-M', 'intel', file]
  const { stdout, error } = spawnSync('objdump', args, { encoding: 'utf8' })
  if (error) return undefined
  const line = /^\s*([0-9a-f]+):\t[0-9a-f ]+\t(.*?)\s*$/gm
  return [...stdout.matchAll(line)].map(([, at, text = '']) => `${at}: ${text.replace(/\s+/g, ' ')}`)
}

const listed = CODE.instructions.map(({ at, text }) => `${at.toString(16)}: ${text.replace(/\s+/g, ' ')}`)
const found = disassembled(CODE.bytes)
const why = needed('binutils', notInstalled('objdump'))

test.skipIf(why)(`the bytes are the instructions beside them (objdump, ${why ?? 'installed'})`, () => {
  expect(found).toEqual(listed)
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

test.each([
  ['eb >nowhere | jmp >nowhere', /no label nowhere/],
  [`eb >far | jmp >far\n${'90 | nop\n'.repeat(128)}far: c3 | ret`, /too far/],
])('what cannot be assembled is refused', (listing, message) => {
  expect(() => assembleProgram(listing)).toThrow(message)
})
