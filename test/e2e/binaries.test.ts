import { closeSync, existsSync, openSync, readFileSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { runProcess, virtCpu } from '../cli/virt-cpu.ts'
import { isLong } from '../effort.ts'
import { notInstalled } from '../needs.ts'

/** The single programs for other machines: of what form they are, and, where an emulator is installed, what they say. */

const root = join(import.meta.dirname, '..', '..')
const at = (name: string) => join(root, 'dist-binary', `virt-cpu-${name}`)

/** The first bytes of a file, which say of what form it is and for what processor. */
function head(path: string): Buffer {
  const bytes = Buffer.alloc(4096)
  const file = openSync(path, 'r')
  readSync(file, bytes)
  closeSync(file)
  return bytes
}

/** An ELF file's machine: 62 is x64, 183 is arm64. */
const elf = (bytes: Buffer) => [bytes.toString('latin1', 1, 4), bytes.readUInt16LE(18)]

/** A Mach-O file's magic number and processor, of which one bit says that it has 64. */
const machO = (bytes: Buffer) => [bytes.readUInt32LE(0).toString(16), bytes.readUInt32LE(4).toString(16)]

/** A Windows program: where its second header stands, that header's sign, processor, and sort (PE32+). */
function pe(bytes: Buffer) {
  const start = bytes.readUInt32LE(0x3c)
  const sign = bytes.toString('latin1', start, start + 4)
  return [sign, bytes.readUInt16LE(start + 4).toString(16), bytes.readUInt16LE(start + 24).toString(16)]
}

const FORMS: readonly (readonly [string, (bytes: Buffer) => unknown, unknown])[] = [
  ['linux-x64', elf, ['ELF', 62]],
  ['linux-arm64', elf, ['ELF', 183]],
  ['linux-x64-musl', elf, ['ELF', 62]],
  ['linux-arm64-musl', elf, ['ELF', 183]],
  ['darwin-x64', machO, ['feedfacf', '1000007']],
  ['darwin-arm64', machO, ['feedfacf', '100000c']],
  ['windows-x64.exe', pe, ['PE\0\0', '8664', '20b']],
]

/** Debian's packages for it: qemu-user and libc6-arm64-cross. */
const LIBRARIES = '/usr/aarch64-linux-gnu'
const noEmulator =
  notInstalled('qemu-aarch64') ??
  (existsSync(join(LIBRARIES, 'lib', 'ld-linux-aarch64.so.1')) ? undefined : 'no libraries of arm64')

describe.runIf(isLong)('single programs for all platforms', () => {
  test('are built', () => {
    const script = ['scripts/build-binary.mjs', '--all']
    const { status, stderr } = runProcess(process.execPath, script, { cwd: root })
    expect(status, stderr).toBe(0)
  })

  test.each(FORMS)('%s is a program of its platform, with our data in it', (name, form, expected) => {
    expect(form(head(at(name)))).toEqual(expected)
    const bytes = readFileSync(at(name))
    for (const text of ['word 7.0.ebx', 'SapphireRapids', '<title>virt-cpu'])
      expect(bytes.includes(text), text).toBe(true)
  })

  test.each(['linux-x64-musl', 'linux-arm64-musl'])('%s needs musl and libstdc++ alone', name => {
    const { stdout } = runProcess('readelf', ['-d', at(name)])
    expect(Array.from(stdout.matchAll(/\(NEEDED\).*\[(.*?)\./g), ([, library]) => library).sort()).toEqual([
      'libc',
      'libstdc++',
    ])
  })

  test.skipIf(noEmulator)(
    `linux-arm64 answers under QEMU as Node does (${noEmulator ?? 'installed'})`,
    () => {
      for (const args of [
        ['--version'],
        ['cpu-baseline', 'examples/fleet', '--explain'],
        ['check', 'examples/forty', '--json'],
      ]) {
        const run = runProcess('qemu-aarch64', ['-L', LIBRARIES, at('linux-arm64'), ...args], { cwd: root })
        expect(run).toEqual(virtCpu(args, { cwd: root }))
      }
    },
  )
})
