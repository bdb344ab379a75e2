import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { bit } from '../../src/core/bits.ts'
import { Cpuid } from '../../src/core/cpuid.ts'
import { parseProcCpuinfo } from '../../src/formats/dumps/proc-cpuinfo.ts'
import { parseCpuArgument } from '../../src/formats/platforms/qemu-command.ts'
import { toLibvirtName, toQemuName } from '../../src/formats/qemu/names.ts'
import { findEmulator } from '../../src/host/qemu/emulator.ts'
import { probeQemu } from '../../src/host/qemu/probe.ts'
import { predictWords } from '../../src/qemu/guest/predict-words.ts'
import { readQemuCapabilities } from '../../src/qemu/qmp/read-capabilities.ts'
import { isLong } from '../effort.ts'
import { db } from '../fleet/notation.ts'
import { differences, type GivenCpu, RECORDED, type Said, THREADS } from '../linux-beliefs.ts'
import { needed, notInstalled } from '../needs.ts'

// What is predicted of Linux guests, on Linux: Debian's kernels, booted with QEMU's TCG and the bits forced upon it.

const [QEMU, LDD] = ['qemu-system-x86_64', 'ldd']
const KERNELS = join(import.meta.dirname, '..', '..', '.cache', 'kernels')
const kernels = existsSync(KERNELS) ? readdirSync(KERNELS).filter(name => name.startsWith('vmlinuz-')) : []

const why = needed(
  'kernels, busybox and QEMU to boot Linux guests',
  kernels.length === 0
    ? 'no kernel in .cache/kernels: run scripts/fetch-kernels.sh'
    : notInstalled(QEMU, 'busybox', LDD, 'zstd', 'lz4', 'xz'),
)

/** The commands that say what the guest believes, and end it when the console had time to print that. */
const INIT = `#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sys /sys
echo BEGIN
/bin/busybox cat /proc/cpuinfo
cd /sys/devices/system/cpu/vulnerabilities && /bin/busybox grep . *
echo END
/bin/busybox sleep 3
/bin/busybox poweroff -f
`

/** An initrd of busybox and the libraries that it is linked with. */
function makeInitrd(folder: string): string {
  const root = join(folder, 'root')
  const busybox = execFileSync('sh', ['-c', 'command -v busybox'], { encoding: 'utf8' }).trim()
  const { stdout } = spawnSync(LDD, [busybox], { encoding: 'utf8' })
  const libraries = [...stdout.matchAll(/(\/\S+) \(0x/g)].map(([, path = '']) => path)
  for (const name of ['bin', 'proc', 'sys', 'dev']) mkdirSync(join(root, name), { recursive: true })
  cpSync(busybox, join(root, 'bin', 'busybox'), { dereference: true })
  for (const path of libraries) {
    mkdirSync(join(root, dirname(path)), { recursive: true })
    cpSync(path, join(root, path), { dereference: true })
  }
  writeFileSync(join(root, 'init'), INIT, { mode: 0o755 })
  const initrd = join(folder, 'initrd')
  execFileSync('sh', ['-c', `find . | busybox cpio -o -H newc >'${initrd}' 2>/dev/null`], { cwd: root })
  return initrd
}

const DECOMPRESSORS: Readonly<Record<string, readonly [string, ...string[]]>> = {
  '28b52ffd': ['zstd', '-dc'],
  '02214c18': ['lz4', '-dc'],
  fd377a58: ['xz', '-dc'],
}

/** `mov $0x10a, %edi; call *…`: the kernel reads IA32_ARCH_CAPABILITIES, which TCG does not have. */
const READS = Buffer.from('bf0a010000ff15', 'hex')

/**
 * The kernel itself of a bzImage. It reads the MSR of the microcode's revision instead, whose 64 bits QEMU takes as a property.
 * @see Linux, Documentation/arch/x86/boot.rst: setup_sects, payload_offset, payload_length
 */
function makeKernel(folder: string, name: string): string {
  const image = readFileSync(join(KERNELS, name))
  const start = ((image[0x1f1] || 4) + 1) * 512 + image.readUInt32LE(0x248)
  // Its last four bytes are the size of what it holds.
  const payload = image.subarray(start, start + image.readUInt32LE(0x24c) - 4)
  const [program, ...args] = DECOMPRESSORS[payload.toString('hex', 0, 4)] ?? ['gzip', '-dc']
  const { stdout } = spawnSync(program, args, { input: payload, maxBuffer: 1 << 28 })
  let found = 0
  for (let at = stdout.indexOf(READS); at >= 0; at = stdout.indexOf(READS, at + 1), found++)
    stdout.writeUInt16LE(0x8b, at + 1)
  if (found === 0) throw new Error(`${name} does not read IA32_ARCH_CAPABILITIES as it is looked for`)
  const path = join(folder, name.replace('vmlinuz', 'vmlinux'))
  writeFileSync(path, stdout)
  return path
}

const IDS: Readonly<Record<string, string>> = {
  Intel: 'GenuineIntel',
  AMD: 'AuthenticAMD',
  Hygon: 'HygonGenuine',
  Zhaoxin: 'CentaurHauls',
}

/** QEMU's argument for the CPU: a base that TCG has all of, with its signature and bits. */
function argumentOf({ vendor, signature: { family, model, stepping }, features }: GivenCpu): string {
  const places = new Map([...db.features.list, ...db.beyond].map(feature => [feature.name, feature]))
  const isPromise = (name: string) => {
    const place = places.get(name)?.place
    return place?.kind === 'msr' && place.index === 0x10a
  }
  const bitOf = (name: string) => {
    const { place, bit: at = 0 } = places.get(name) ?? {}
    return BigInt(at + (place?.kind === 'msr' && place.half === 'high' ? 32 : 0))
  }
  const promises = features.filter(isPromise)
  const value = promises.reduce((sum, name) => sum | (1n << bitOf(name)), 0n)
  const without = [
    ...(features.includes('avx') ? [] : ['avx', 'avx2', 'fma', 'f16c']),
    ...(features.includes('rdrand') ? [] : ['rdrand']),
  ]
  const bits = [
    ...features.filter(name => !isPromise(name) && name !== 'avx' && name !== THREADS),
    ...(promises.length > 0 ? ['arch-capabilities'] : []),
    ...(vendor === 'AMD' || vendor === 'Hygon' ? ['lahf-lm'] : []),
  ]
  return [
    'Haswell-noTSX,pcid=off,invpcid=off,tsc-deadline=off',
    ...without.map(name => `${name}=off`),
    `vendor=${IDS[vendor]},family=${family},model=${model},stepping=${stepping}`,
    ...bits.map(name => `${name}=on`),
    `x-force-features=on,ucode-rev=0x${value.toString(16)}`,
  ].join(',')
}

const threadsOf = ({ features }: GivenCpu): string[] =>
  features.includes(THREADS) ? ['-smp', '2,sockets=1,cores=1,threads=2'] : []

/**
 * What a guest prints of itself.
 * @param cpu QEMU's arguments for it
 */
function boot(kernel: string, initrd: string, cpu: readonly string[]): string {
  const machine = [
    '-accel',
    'tcg',
    '-machine',
    'q35',
    '-m',
    '256',
    '-nodefaults',
    '-display',
    'none',
    '-no-reboot',
  ]
  const system = [
    '-kernel',
    kernel,
    '-initrd',
    initrd,
    '-append',
    'console=ttyS0 quiet panic=-1 no_timer_check',
  ]
  const { stdout } = spawnSync(QEMU, [...machine, '-serial', 'stdio', ...system, ...cpu], {
    encoding: 'utf8',
    timeout: BOOT,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const text = /BEGIN\n([\s\S]*)END/.exec(stdout.replaceAll('\r', ''))?.[1]
  if (text === undefined) throw new Error(`the guest did not say anything:\n${stdout.slice(-2000)}`)
  return text
}

function saidIn(text: string): Said {
  const files = [...text.matchAll(/^([a-z0-9_]+):(.+)$/gm)].map(([, file = '', words = '']) => [file, words])
  const bugs = /^bugs\t*: ?(.*)$/m.exec(text)?.[1] ?? ''
  return {
    bugs: bugs.split(' ').filter(Boolean),
    files: Object.fromEntries(files.filter(([, words]) => words !== 'Not affected')),
  }
}

/** So long a guest may take on a busy machine, in milliseconds; alone it is six seconds. */
const BOOT = 300_000

/** One of each kind in daily work: clears by bits, by promises, of AMD, with threads. */
const SOME = RECORDED.filter(({ cpu: { title } }) =>
  /^(?:Intel 6\.42\.|Intel 6\.106\.0 .*its-no|AMD 25\.17\.0 .*xsaveerptr$|AMD 25\.1\.1 \*threads)/.test(
    title,
  ),
).slice(0, 4)

/** A model without what the emulation cannot give, and the words that are predicted of it. */
async function predictFor(model: string): Promise<{ readonly argument: string; readonly words: Cpuid }> {
  const recording = await probeQemu({ binary: findEmulator('x86_64') ?? QEMU })
  const { host } = readQemuCapabilities(recording).accelerators.get('tcg') ?? {}
  const all = [...(host?.properties ?? []), ...(host?.unmigratable ?? [])]
  const offered = new Set(all.flatMap(([name, value]) => (value === true ? [toLibvirtName(name)] : [])))
  const base = { vcpus: 1, accelerator: 'tcg', machine: 'q35', qemu: '10.0', offered } as const
  const { refused = [] } = predictWords({ ...base, cpu: parseCpuArgument(model) }) ?? {}
  const argument = [model, ...refused.map(name => `${toQemuName(name)}=off`), 'enforce=on'].join(',')
  const { words = Cpuid.empty } = predictWords({ ...base, cpu: parseCpuArgument(argument) }) ?? {}
  return { argument, words }
}

/**
 * What Linux shows whatever the firmware saw: it sets the first, and the third on AMD's; Intel's CPUs have the second in
 * 64-bit mode alone.
 */
const SHOWN_BY_LINUX = ['osxsave', 'syscall', '3dnowprefetch']

/** The features of CPUID, but for those. */
const featuresIn = (data: Cpuid): string[] =>
  db.features.list
    .filter(
      ({ place, bit: at }) =>
        place.kind === 'cpuid' && bit(data.word(place.leaf, place.subleaf, place.register), at),
    )
    .flatMap(({ name }) => (SHOWN_BY_LINUX.includes(name) ? [] : [name]))

/** Vendor, signature and the beginning of the name. */
const identityIn = (data: Cpuid): number[] => [
  ...(['ebx', 'ecx', 'edx'] as const).map(register => data.word(0, 0, register)),
  data.word(1, 0, 'eax'),
  data.word(0x8000_0002, 0, 'eax'),
]

describe.skipIf(why)(`Linux guests (${why ?? kernels.join(', ')})`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'linux-'))
  let initrd = ''
  beforeAll(() => {
    initrd = makeInitrd(folder)
  })

  describe.each(isLong ? kernels : kernels.slice(-1))('%s', name => {
    const version = /-(\d+\.\d+)/.exec(name)?.[1] ?? ''
    let kernel = ''
    beforeAll(() => {
      kernel = makeKernel(folder, name)
    }, 120_000)

    test.each((isLong ? RECORDED : SOME).map(({ cpu }) => [cpu.title, cpu] as const))(
      'believe what is predicted: %s',
      (_, cpu) => {
        const seen = saidIn(boot(kernel, initrd, ['-cpu', argumentOf(cpu), ...threadsOf(cpu)]))
        expect(differences(cpu, version, seen).open).toEqual([])
      },
      BOOT + 60_000,
    )

    test.each(isLong ? ['Nehalem', 'Haswell-noTSX', 'EPYC-v1', 'Opteron_G3'] : ['Nehalem', 'EPYC-v1'])(
      'show the words that are predicted of %s',
      async model => {
        const { argument, words } = await predictFor(model)
        const [shown = ''] = boot(join(KERNELS, name), initrd, ['-cpu', argument]).split('\n\n')
        const [dump] = parseProcCpuinfo(shown)
        const { data = Cpuid.empty, unknown } = dump ?? {}
        expect([unknown, identityIn(data)]).toEqual([[], identityIn(words)])
        expect(featuresIn(data)).toEqual(featuresIn(words))
      },
      BOOT + 60_000,
    )
  })
})
