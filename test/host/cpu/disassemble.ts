import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { folderOf } from '../../cli/virt-cpu.ts'

interface Listed {
  readonly instructions: readonly { readonly at: number; readonly text: string }[]
}

/** Returns the instructions of a listing as `disassemble` does. */
export const listInstructions = ({ instructions }: Listed): string[] =>
  instructions.map(({ at, text }) => `${at.toString(16)}: ${text.replace(/\s+/g, ' ')}`)

/** Returns the instructions as binutils' disassembler reads the bytes. */
export function disassemble(bytes: Uint8Array, machine: 'i386:x86-64' | 'i8086'): string[] {
  const file = join(folderOf({}), 'code')
  writeFileSync(file, bytes)
  const args = ['-D', '-b', 'binary', '-m', machine, '-M', 'intel', file]
  const { stdout, error } = spawnSync('objdump', args, { encoding: 'utf8' })
  if (error) throw error
  const line = /^\s*([0-9a-f]+):\t[0-9a-f ]+\t(.*?)\s*$/gm
  return [...stdout.matchAll(line)].map(([, at, text = '']) => `${at}: ${text.replace(/\s+/g, ' ')}`)
}

/** The same by LLVM's, for another architecture; without places, and jumps are by their distance. */
export function disassembleAs(bytes: Uint8Array, triple: string): string[] {
  const input = [...bytes].map(byte => `0x${byte.toString(16)}`).join(' ')
  const { stdout, error } = spawnSync('llvm-mc', ['-disassemble', `-triple=${triple}`], {
    input,
    encoding: 'utf8',
  })
  if (error) throw error
  return [...stdout.matchAll(/^\t(?!\.)(.*?)\s*$/gm)].map(([, text = '']) => text.replace(/\s+/g, ' '))
}
