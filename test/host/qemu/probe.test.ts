import { chmodSync, existsSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { findEmulator } from '../../../src/host/qemu/emulator.ts'
import { probeQemu } from '../../../src/host/qemu/probe.ts'
import { parseRecording } from '../../../src/qemu/qmp/conversation.ts'
import { folderOf } from '../../cli/virt-cpu.ts'
import { needed, notInstalled } from '../../needs.ts'

/** A program in a folder of its own. */
function program(text: string): string {
  const path = join(folderOf({ 'qemu-system-fake': `#!/bin/sh\n${text}\n` }), 'qemu-system-fake')
  chmodSync(path, 0o755)
  return path
}

const GREETING = `echo '{"QMP": {"version": {}, "capabilities": []}}'`
const ask = (binary: string, patience?: number) => probeQemu({ binary, cache: 'none', timeout: patience })

test.each([
  ['ends without a word', 'exit 3', 'it ended without a word, with status 3'],
  ['says why it ends', 'echo "bad option $1" >&2; exit 1', 'bad option -S'],
  ['is another program', 'echo hello; cat', 'it is no QEMU: it wrote "hello"'],
  ['writes other JSON', 'echo 1; cat', 'it is no QEMU: it wrote 1'],
  [
    'dies while it is asked',
    `${GREETING}; read -r a; kill -9 $$`,
    'with signal SIGKILL (asked for qmp_capabilities)',
  ],
])('a program that %s', async (_, text, message) => {
  await expect(ask(program(text))).rejects.toThrow(message)
})

test.each([
  ['before it greets', 'sleep 100'],
  ['when it is asked', `${GREETING}; sleep 100`],
  ['with a child of its own', 'sleep 100 & wait'],
])('a program that hangs %s', async (_, text) => {
  await expect(ask(program(text), 200)).rejects.toThrow('no answer within 0.2 s')
})

test.each([
  ['/nosuch', 'Cannot check QEMU binary /nosuch: No such file or directory'],
  ['/', 'QEMU binary / is not executable: Is a directory'],
  [import.meta.filename, `QEMU binary ${import.meta.filename} is not executable: Permission denied`],
])('%s is no program', async (path, message) => {
  await expect(ask(path)).rejects.toThrow(message)
})

describe('finds the emulator as libvirt does', () => {
  const folder = folderOf({})
  const make = (...names: string[]) => {
    const path = folderOf(Object.fromEntries(names.map(name => [name, ''])))
    for (const name of names) chmodSync(join(path, name), 0o755)
    return path
  }
  const find = (arch: string, host: string, path: string) =>
    findEmulator(arch, { host, path })?.split('/').at(-1)

  test.each([
    ['x86_64', 'x86_64', ['qemu-system-x86_64'], 'qemu-system-x86_64'],
    ['i686', 'x86_64', ['qemu-system-i386', 'qemu-system-x86_64'], 'qemu-system-i386'],
    ['i686', 'x86_64', ['qemu-system-x86_64'], 'qemu-system-x86_64'],
    ['i686', 'aarch64', ['qemu-system-x86_64'], undefined],
    ['armv7l', 'aarch64', ['qemu-system-arm', 'qemu-system-aarch64'], 'qemu-system-aarch64'],
    ['armv7l', 'x86_64', ['qemu-system-arm', 'qemu-system-aarch64'], 'qemu-system-arm'],
    ['ppc64le', 'ppc64', ['qemu-system-ppc64'], 'qemu-system-ppc64'],
    ['ppc64le', 'x86_64', ['qemu-system-ppc64'], 'qemu-system-ppc64'],
    ['openrisc', 'x86_64', ['qemu-system-or1k', 'qemu-system-or32'], 'qemu-system-or32'],
    ['parisc', 'x86_64', ['qemu-system-hppa'], undefined],
    ['s390x', 'x86_64', ['qemu-system-x86_64'], undefined],
  ])('%s guests on %s with %j', (arch, host, programs, expected) => {
    expect(find(arch, host, `${folder}:${make(...programs)}`)).toBe(expected)
  })

  test('the first on the path', () => {
    const [one, two] = [make('qemu-system-x86_64'), make('qemu-system-x86_64')]
    expect(findEmulator('x86_64', { host: 'x86_64', path: `${one}::${two}` })).toBe(
      `${one}/qemu-system-x86_64`,
    )
  })

  test('not what cannot be run', () => {
    const path = folderOf({ 'qemu-system-x86_64': '' })
    expect(findEmulator('x86_64', { host: 'ppc64', path })).toBeUndefined()
  })
})

const qemu = findEmulator('x86_64')
const why = needed('QEMU for x86', qemu ? undefined : notInstalled('qemu-system-x86_64'))

describe.skipIf(why)(`a real QEMU (${why ?? 'installed'})`, () => {
  const binary = qemu ?? ''

  test('answers; what is kept of it is a recording like any other', async () => {
    const cache = folderOf({})
    const asked = await probeQemu({ binary, cache })
    const [run = []] = asked.runs
    expect(run.find(({ command }) => command.execute === 'query-target')?.reply).toMatchObject({
      return: { arch: 'x86_64' },
    })
    expect(run.some(({ command }) => command.execute === 'query-cpu-definitions')).toBe(true)
    const [file = ''] = readdirSync(cache)
    const path = join(cache, file)
    const said = (runs: typeof asked.runs) =>
      runs.map(run => run.map(({ command, reply }) => ({ command, reply })))
    expect(said(parseRecording(readFileSync(path, 'utf8'), path).runs)).toEqual(said(asked.runs))
    expect(said((await probeQemu({ binary, cache })).runs)).toEqual(said(asked.runs))
  })

  test('is not asked again while nothing has changed', async () => {
    const fake = program(`exec ${binary} "$@"`)
    const cache = folderOf({})
    await probeQemu({ binary: fake, cache })
    const [file = ''] = readdirSync(cache)
    const path = join(cache, file)
    const before = readFileSync(path, 'utf8')
    const marked = new Date(1e12)
    utimesSync(path, marked, marked)
    const wasWritten = async () => {
      await probeQemu({ binary: fake, cache })
      return readFileSync(path, 'utf8') !== before
    }
    expect(await wasWritten()).toBe(false)

    writeFileSync(path, before.slice(0, -100))
    await probeQemu({ binary: fake, cache })
    expect(readFileSync(path, 'utf8')).toBe(before)

    writeFileSync(path, before.replace('pentium3', 'pentium9'))
    await probeQemu({ binary: fake, cache })
    expect(readFileSync(path, 'utf8')).toBe(before)

    writeFileSync(fake, readFileSync(fake, 'utf8').replace('exec', 'exec  '))
    expect(await wasWritten()).toBe(true)
    expect(readdirSync(cache)).toEqual([file])
  })

  test('where nothing can be kept it answers all the same', async () => {
    const cache = join(folderOf({ occupied: '' }), 'occupied')
    expect((await probeQemu({ binary, cache })).runs.length).toBeGreaterThan(0)
    expect(existsSync(join(cache, 'x'))).toBe(false)
  })
})
