import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseCpuArgument } from '../../src/formats/platforms/qemu-command.ts'
import { predictWords } from '../../src/qemu/guest/predict-words.ts'
import type { GuestProof, VerifyAnswer } from '../../src/questions/verify/answer.ts'
import { CLI, folderOf, virtCpu } from '../cli/virt-cpu.ts'
import { isLong } from '../effort.ts'
import { needed, notInstalled } from '../needs.ts'
import { hostOf, REQUEST } from '../pool-members.ts'
import { type Sshd, startSshd, whyNoSshd } from './sshd.ts'

// Guests that are migrated between hosts over ssh: an sshd on loopback is all of them.

const why = needed('QEMU for x86 and sshd', notInstalled('qemu-system-x86_64') ?? whyNoSshd())

/** Where another QEMU is unpacked: what `scripts/with-libvirt.sh --suite sid --root DIR` leaves there. */
const ROOT = process.env.VIRT_CPU_ROOT ?? ''

/** A QEMU of another version, as a program that runs here; undefined where there is none. */
function wrapOther(folder: string): string | undefined {
  const libraries = `${ROOT}/usr/lib/x86_64-linux-gnu`
  if (ROOT === '' || !existsSync(`${ROOT}/usr/bin/qemu-system-x86_64`)) return undefined
  const path = join(folder, 'qemu-system-x86_64')
  const loader = `'${ROOT}/lib64/ld-linux-x86-64.so.2' --library-path '${libraries}:${libraries}/pulseaudio'`
  const folders = `-L '${ROOT}/usr/share/qemu' -L '${ROOT}/usr/share/seabios'`
  const run = `exec ${loader} --argv0 /usr/bin/qemu-system-x86_64 '${ROOT}/usr/bin/qemu-system-x86_64' ${folders} "$@"`
  writeFileSync(path, `#!/bin/sh\nexport QEMU_MODULE_DIR='${libraries}/qemu'\n${run}\n`)
  chmodSync(path, 0o755)
  return path
}

describe.skipIf(why)(`verify over ssh (${why ?? 'installed'})`, () => {
  let sshd: Sshd
  const there = folderOf({})
  const [other, none] = [folderOf({}), folderOf({})]
  const newer = wrapOther(other)

  beforeAll(async () => {
    for (const name of ['sh', 'base64']) symlinkSync(`/usr/bin/${name}`, join(none, name))
    const shell = `export TMPDIR='${there}'
case $LC_HOST in
  n3) PATH='${other}':$PATH ;;
  bare) PATH='${none}' ;;
  odd) echo 'Welcome to this host' >&2 ;;
esac
eval "$SSH_ORIGINAL_COMMAND"`
    sshd = await startSshd(['n1', 'n2', 'n3', 'bare', 'odd'], shell)
  })
  afterAll(() => sshd?.stop())

  const verify = (input: string, ...args: string[]) =>
    virtCpu(['verify', '-', '--accel', 'tcg', '--ssh-config', sshd.config, ...args], { input })
  const proofsOf = ({ stdout, stderr }: { stdout: string; stderr: string }): GuestProof[] => {
    expect(stderr).toBe('')
    return [...(JSON.parse(stdout) as VerifyAnswer).guests]
  }
  const pairs = (proofs: readonly GuestProof[]) =>
    proofs.map(({ from, to, verdict }) => `${from} ${to} ${verdict}`)

  test('from this host to another, which has its shell’s greetings on the error stream', () => {
    const proofs = proofsOf(verify('-cpu Nehalem,aes=on\n', '--peer', 'odd', '--json'))
    expect(pairs(proofs)).toEqual(['this host odd proven'])
    expect(proofs[0]).toMatchObject({ goesOn: true, changes: [], differences: [] })
    expect(readdirSync(there)).toEqual([])
  })

  test.skipIf(!isLong || notInstalled('qemu-system-aarch64'))('a guest of another architecture', () => {
    const proofs = proofsOf(verify('-cpu cortex-a72\n', '--peer', 'n1', '--json'))
    expect(pairs(proofs)).toEqual(['this host n1 proven'])
    expect(proofs[0]).toMatchObject({ arch: 'aarch64', goesOn: true, changes: [], words: 15 })
    expect(readdirSync(there)).toEqual([])
  })

  test('--all: each pair of hosts, and a matrix', () => {
    const { stdout, status } = verify('-cpu Westmere\n', '--peer', 'n1', '--peer', 'n2', '--all')
    expect([status, stdout]).toEqual([
      0,
      'From the host at the left to the one above:\n' +
        '             this host  n1      n2\n' +
        '  this host  -          proven  proven\n' +
        '  n1         proven     -       proven\n' +
        '  n2         proven     proven  -\n',
    ])
  })

  test('--all of a fleet: the hosts of each pool, by their names', () => {
    const { words } = predictWords({ ...REQUEST, cpu: parseCpuArgument('Nehalem') }) ?? {}
    const host = hostOf('n', words && { cpuid: [...words.rows()], msr: [...words.msrs()] })
    const files = ['n1', 'n2'].flatMap(name => [
      [`${name}.xml`, host?.xml ?? ''] as const,
      [`${name}.domcaps.xml`, host?.domcaps ?? ''] as const,
    ])
    const ran = virtCpu(
      ['verify', '--fleet', '.', '--all', '--accel', 'tcg', '--ssh-config', sshd.config, '--json'],
      { cwd: folderOf(Object.fromEntries(files)) },
    )
    expect([ran.stderr, pairs(proofsOf(ran))]).toEqual(['', ['n1 n2 proven', 'n2 n1 proven']])
  })

  test('a host that cannot be reached, or has no QEMU, is an error that names it', () => {
    for (const [host, words] of [
      ['closed', /^error: closed: ssh: connect to host .* refused/],
      ['stranger', /^error: stranger: .*Permission denied/],
      ['bare', /^error: bare: there is no qemu-system-x86_64 on the PATH\n$/],
      ['a b', /^error: .*`a b` is no host/],
    ] as const) {
      const { status, stderr, stdout } = verify('-cpu Nehalem\n', '--peer', host)
      expect([host, status, stdout]).toEqual([host, 2, ''])
      expect(stderr).toMatch(words)
    }
  })

  test.skipIf(newer === undefined)(
    `to another version and back: ${newer ? 'unpacked' : 'VIRT_CPU_ROOT names no folder with one'}`,
    () => {
      for (const cpu of ['Nehalem', 'Westmere,aes=on', 'qemu64']) {
        const args = ['--peer', 'n3', '--all', '--machine', 'pc-q35-10.0', '--json']
        const proofs = proofsOf(verify(`-cpu ${cpu}\n`, ...args))
        expect([cpu, pairs(proofs)]).toEqual([cpu, ['this host n3 proven', 'n3 this host proven']])
        const [there, back] = proofs
        expect([there?.qemu, there?.toQemu]).toEqual([back?.toQemu, back?.qemu])
      }
    },
  )

  test('killed whenever it may be, nothing is left on either host', { timeout: 1_200_000 }, async () => {
    const here = folderOf({})
    for (const [i, moment] of [50, 400, 800, 1200, 1600, 2500].entries()) {
      const args = ['verify', join(folderOf({ guest: '-cpu Nehalem\n' }), 'guest'), '--accel', 'tcg']
      const child: ChildProcess = spawn(
        process.execPath,
        [CLI, ...args, '--peer', 'n1', '--ssh-config', sshd.config],
        { stdio: 'ignore', env: { ...process.env, TMPDIR: here } },
      )
      const ended = once(child, 'exit')
      await pause(moment)
      child.kill((['SIGINT', 'SIGTERM', 'SIGKILL'] as const)[i % 3])
      await ended
      await expect
        .poll(() => [...readdirSync(here), ...readdirSync(there), ...programsIn(there)], { timeout: 60_000 })
        .toEqual([])
    }
  })
})

/** The QEMUs that work in a folder. */
const programsIn = (folder: string): string[] =>
  readdirSync('/proc').filter(pid => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`TMPDIR=${folder}`)
    } catch {
      return false // it has ended
    }
  })
