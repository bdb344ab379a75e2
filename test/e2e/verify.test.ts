import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { requireDriver } from '../../src/arch/registry.ts'
import { printCpu } from '../../src/formats/libvirt/print-cpu.ts'
import { parseCpuArgument } from '../../src/formats/platforms/qemu-command.ts'
import { toLibvirtName, toQemuName } from '../../src/formats/qemu/names.ts'
import { findEmulator } from '../../src/host/qemu/emulator.ts'
import { readerOfWords } from '../../src/host/qemu/firmware.ts'
import { probeQemu } from '../../src/host/qemu/probe.ts'
import { runTrial } from '../../src/host/qemu/trial.ts'
import { CpuMap } from '../../src/map/cpu-map.ts'
import type { QemuCapabilities } from '../../src/qemu/capabilities.ts'
import { placesToRead, predictWords } from '../../src/qemu/guest/predict-words.ts'
import { readQemuCapabilities } from '../../src/qemu/qmp/read-capabilities.ts'
import { baseline, verify } from '../../src/questions/library.ts'
import type { GuestProof, Trial } from '../../src/questions/verify/answer.ts'
import { CLI, folderOf, virtCpu } from '../cli/virt-cpu.ts'
import { isLong } from '../effort.ts'
import { needed, notInstalled } from '../needs.ts'
import { hostOf, operatorsOf, REQUEST, type Seen } from '../pool-members.ts'

// QEMU's own emulation gives guests exactly what QEMU says: what is predicted is held against what they see.

const binary = findEmulator('x86_64')
const why = needed('QEMU for x86', binary ? undefined : notInstalled('qemu-system-x86_64'))

const MACHINE = 'pc-q35-10.0'

/** How many guests one command proves: all of a long run would take it longer than a program may. */
const AT_ONCE = 10

describe.skipIf(why)(`guests of QEMU under TCG (${why ?? 'installed'})`, () => {
  let capabilities: QemuCapabilities
  let offered: string[] = []

  beforeAll(async () => {
    capabilities = readQemuCapabilities(await probeQemu({ binary: binary ?? '' }))
    const { host } = capabilities.accelerators.get('tcg') ?? {}
    const all = [...(host?.properties ?? []), ...(host?.unmigratable ?? [])]
    offered = all.flatMap(([name, value]) => (value === true ? [toLibvirtName(name)] : []))
  })

  /** Starts, reads and migrates a guest; returns what was seen, and what it proves. */
  async function tryCpu(argument: string): Promise<{ readonly trial: Trial; readonly proof: GuestProof }> {
    const { major = 0, minor = 0, micro = 0 } = capabilities.version ?? {}
    const guest = { machine: MACHINE, cpu: `${argument},enforce=on`, vcpus: 1 }
    const result = await runTrial({
      binary: binary ?? '',
      accelerator: 'tcg',
      guest,
      reader: readerOfWords(placesToRead()),
    })
    const trial: Trial = {
      guest: argument,
      cpu: printCpu(parseCpuArgument(argument)),
      vcpus: 1,
      argument: guest.cpu,
      qemu: `${major}.${minor}.${micro}`,
      accelerator: 'tcg',
      machine: MACHINE,
      from: 'here',
      to: 'here',
      offered,
      ...result,
    }
    const [proof] = verify({ trials: [trial] }).guests
    if (!proof) throw new Error('no proof')
    return { trial, proof: proof as GuestProof }
  }

  /** The model without what the emulation cannot give, as it says itself. */
  async function emulable(model: string): Promise<string> {
    const { proof } = await tryCpu(model)
    expect([model, proof.unexpected]).toEqual([model, []])
    const off = proof.refused.map(({ feature }) => `${toQemuName(feature)}=off`)
    return [model, ...off].join(',')
  }

  /** What a guest of the model sees: read by a guest in a long run; else as predicted, which other tests prove. */
  async function seenOf(model: string): Promise<Seen | undefined> {
    if (isLong) {
      const { before } = (await tryCpu(await emulable(model))).trial
      return before && { cpuid: before.cpuid, msr: before.msr }
    }
    const request = { ...REQUEST, offered: new Set(offered) }
    const all = predictWords({ ...request, cpu: parseCpuArgument(model) })
    const off = (all?.refused ?? []).map(name => `,${toQemuName(name)}=off`).join('')
    const { words } = predictWords({ ...request, cpu: parseCpuArgument(model + off) }) ?? {}
    return words && { cpuid: [...words.rows()], msr: [...words.msrs()] }
  }

  const facts = ({ verdict, argument, refused, differences, changes, unexpected, goesOn }: GuestProof) =>
    verdict === 'proven' ? [] : [{ verdict, argument, refused, differences, changes, unexpected, goesOn }]

  const versions = () =>
    (capabilities.accelerators.get('tcg')?.models ?? []).flatMap(({ name, aliasOf }) =>
      aliasOf === undefined && !['base', 'max', 'host'].includes(name) ? [name] : [],
    )

  test('each model: as it is, and with features turned on and off, it is seen as predicted', {
    timeout: 7_200_000,
  }, async () => {
    const random = fc.sample(
      fc.array(fc.tuple(fc.nat(10_000), fc.boolean()), { minLength: 3, maxLength: 3 }),
      {
        numRuns: 200,
        seed: isLong ? Date.now() : 17,
      },
    )
    const names = versions()
    const sample = isLong ? names : names.filter((_, i) => i % 24 === 5)
    for (const [i, model] of sample.entries()) {
      const known = await emulable(model)
      // A name stands once: what is turned off already stays off, and of two spellings or turns the first counts.
      const toggles = new Map<string, boolean>()
      for (const [n, on] of random[i % random.length] ?? []) {
        const name = toQemuName(offered[n % offered.length] ?? '')
        if (!known.includes(`,${name}=`) && !toggles.has(name)) toggles.set(name, on)
      }
      const turned = [...toggles].map(([name, on]) => `${name}=${on ? 'on' : 'off'}`)
      for (const argument of [known, [known, ...turned].join(',')]) {
        const { proof } = await tryCpu(argument)
        // A detail without what it belongs to is refused, and that was predicted.
        const isExpected = proof.verdict === 'refused' && proof.unexpected.length === 0
        expect([argument, isExpected ? [] : facts(proof)]).toEqual([argument, []])
      }
    }
  })

  test('pools of such hosts: every definition that is printed for their guests is proven', {
    timeout: 7_200_000,
  }, async () => {
    const count = isLong ? 50 : 10
    const pools = fc.sample(fc.shuffledSubarray(versions(), { minLength: 2, maxLength: 4 }), {
      numRuns: count,
      seed: isLong ? Date.now() : 23,
    })
    const printed: { readonly pool: string; readonly xml: string }[] = []
    const seen = new Map<string, Seen | undefined>()
    for (const pool of pools) {
      for (const model of pool) if (!seen.has(model)) seen.set(model, await seenOf(model))
      const members = pool.flatMap(model => hostOf(model, seen.get(model)) ?? [])
      if (members.length < 2) continue
      const cpus = members.map(({ xml }) => xml)
      printed.push({ pool: `best of ${pool}`, xml: baseline({ cpus, best: true }).xml })
      printed.push({ pool: String(pool), xml: operatorsOf(members).xml })
    }
    expect(printed.length).toBeGreaterThan(count)
    for (let at = 0; at < printed.length; at += AT_ONCE) {
      const some = printed.slice(at, at + AT_ONCE)
      const input = JSON.stringify({ schema: 2, printed: some })
      const { stdout, stderr } = virtCpu(['verify', '-', '--accel', 'tcg', '--json'], { input })
      expect(stderr).toBe('')
      const { guests }: { guests: GuestProof[] } = JSON.parse(stdout)
      expect(guests.flatMap(facts)).toEqual([])
      expect(guests.length).toBe(some.length)
    }
  })

  test('a CPU above what can be given is refused, with exactly the features that were predicted', () => {
    const { stdout, status } = virtCpu(['verify', '-', '--accel', 'tcg', '--json'], {
      input: '-cpu Skylake-Server-v4\n',
    })
    const [guest] = JSON.parse(stdout).guests
    expect([status, guest.verdict, guest.unexpected]).toEqual([1, 'refused', []])
    const names: string[] = guest.refused.map(({ feature }: { feature: string }) => feature)
    expect(names).toContain('avx512f')
    expect(names.filter(name => offered.includes(name))).toEqual([])
  })

  test('several CPUs in a package, on other machines', () => {
    const guest = (machine: string, cpus: string) =>
      `<domain type='qemu'><name>a</name><vcpu>${cpus.split('.').reduce((n, one) => n * Number(one), 1)}</vcpu>` +
      `<os><type arch='x86_64' machine='${machine}'>hvm</type></os><cpu mode='custom' match='exact'>` +
      `<model>Nehalem</model><topology sockets='${cpus[0]}' cores='${cpus[2]}' threads='${cpus[4]}'/></cpu></domain>`
    for (const [machine, cpus] of [
      ['q35', '1.3.2'],
      ['pc-i440fx-6.0', '2.2.1'],
    ] as const) {
      const { stdout, status } = virtCpu(['verify', '-', '--json'], { input: guest(machine, cpus) })
      expect([machine, status, status === 0 ? '' : stdout]).toEqual([machine, 0, ''])
    }
  })

  test('the documentation shows what is printed', () => {
    const page = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'verify.md'), 'utf8')
    const [, command = '', shown = ''] = /```text\n\$ virt-cpu (.*)\n([\s\S]*?)```/.exec(page) ?? []
    const { stdout } = virtCpu(command.split(' '), { cwd: join(import.meta.dirname, '..', '..') })
    const plain = (text: string) =>
      text
        .replace(/\s+/g, ' ')
        .replace(/\d+ ms/g, 'n ms')
        .trim()
    expect(plain(stdout)).toBe(plain(shown))
  })

  test('whenever it is killed, no process, socket or file is left', { timeout: 1_200_000 }, async () => {
    const guest = folderOf({ guest: '-cpu Nehalem\n' })
    const moments = fc.sample(fc.integer({ min: 0, max: 2500 }), 10)
    for (const [i, moment] of moments.entries()) {
      const folder = folderOf({})
      const child = spawn(process.execPath, [CLI, 'verify', join(guest, 'guest'), '--accel', 'tcg'], {
        stdio: 'ignore',
        env: { ...process.env, TMPDIR: folder },
      })
      const ended = once(child, 'exit')
      await pause(moment)
      child.kill((['SIGINT', 'SIGTERM', 'SIGKILL'] as const)[i % 3])
      await ended
      await expect.poll(() => [...processesIn(folder), ...readdirSync(folder)]).toEqual([])
    }
  })
})

/** Of each architecture a model that TCG has, and what of it no one tells: of profiles, properties of memory. */
const ELSEWHERE = [
  ['aarch64', 'virt', 'cortex-a72', []],
  ['ppc64', 'pseries', 'POWER9', []],
  ['s390x', 's390-ccw-virtio', 'z900', []],
  ['riscv64', 'virt', 'rva22s64', ['zic64b', 'ziccrse']],
  ['loongarch64', 'virt', 'la464', []],
] as const

/** QEMU's cores of 64 bits that stand in servers and boards; libvirt's own names of Neoverse are not QEMU's. */
const CORES = ['cortex-a53', 'cortex-a57', 'cortex-a72', 'neoverse-n1', 'neoverse-n2', 'neoverse-v1', 'a64fx']

/** A gigabyte is the least that its machine has, which takes seconds to migrate. */
const SLOW: readonly string[] = ['loongarch64']

describe('guests of other architectures', () => {
  for (const [arch, machine, model, untold] of ELSEWHERE) {
    const reason = findEmulator(arch) ? undefined : notInstalled(`qemu-system-${arch}`)
    const why =
      needed(`QEMU for ${arch}`, reason) ?? (SLOW.includes(arch) && !isLong ? 'in the long run' : undefined)
    const proofOf = (name: string, features = ''): GuestProof => {
      const cpu = `<cpu mode='custom' match='exact'><model>${name}</model>${features}</cpu>`
      const os = `<os><type arch='${arch}' machine='${machine}'>hvm</type></os>`
      const input = `<domain type='qemu'><name>a</name><vcpu>1</vcpu>${os}${cpu}</domain>`
      const { stdout, stderr } = virtCpu(['verify', '-', '--json'], { input })
      expect(stderr).toBe('')
      return JSON.parse(stdout).guests[0]
    }

    test.skipIf(why)(
      `${arch}: ${model} starts, names itself, and stays the same (${why ?? 'installed'})`,
      () => {
        expect(proofOf(model)).toMatchObject({
          verdict: untold.length > 0 ? 'unknown' : 'proven',
          arch,
          differences: [],
          changes: [],
          goesOn: true,
          unread: untold,
        })
      },
    )

    test.skipIf(why !== undefined || !isLong)(
      `${arch}: each model is as predicted, or refused as predicted`,
      {
        timeout: 7_200_000,
      },
      () => {
        const driver = requireDriver(CpuMap.builtIn(), arch)
        const known = driver.db?.models.map(({ name }) => name) ?? driver.models?.() ?? []
        // Without CSRs the guest cannot read anything; this QEMU has not every POWER.
        const models = known.filter(name => !/^(?:rv64i$|POWER6|POWER11|POWERPC_)/.test(name))
        for (const name of arch === 'aarch64' ? CORES : models) {
          const { verdict, differences, changes, unexpected, unread } = proofOf(name)
          const rest = { differences, changes, unexpected, unread }
          expect([name, verdict === 'differs', rest]).toEqual([
            name,
            false,
            {
              differences: [],
              changes: [],
              unexpected: [],
              unread: verdict === 'refused' ? [] : expect.any(Array),
            },
          ])
        }
      },
    )
  }
})

/** The processes that work in a folder, or were told of it. */
function processesIn(folder: string): string[] {
  return readdirSync('/proc').filter(pid => {
    if (!/^\d+$/.test(pid) || !existsSync(`/proc/${pid}`)) return false
    try {
      const place = readlinkSync(`/proc/${pid}/cwd`)
      return place.startsWith(folder) || readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(folder)
    } catch {
      return false // it has ended
    }
  })
}

test.each([
  ['Nehalem', 'x86_64'],
  ['z13', 's390x'],
])('without QEMU there is one sentence, and status 2: %s', (model, arch) => {
  const { status, stdout, stderr } = virtCpu(['verify', '-'], {
    input: `-cpu ${model}\n`,
    env: { PATH: folderOf({}) },
  })
  expect([status, stdout]).toEqual([2, ''])
  expect(stderr).toBe(`error: there is no qemu-system-${arch} on the PATH: verify needs QEMU to run guests\n`)
})

test('an accelerator that there is not is refused', () => {
  const { status, stderr } = virtCpu(['verify', '-', '--accel', 'xen'], { input: '-cpu Nehalem\n' })
  expect([status, stderr]).toEqual([2, "error: --accel must be one of kvm, tcg, not 'xen'\n"])
})
