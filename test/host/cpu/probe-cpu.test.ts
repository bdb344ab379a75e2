import { cpSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { printCpu } from '../../../src/formats/libvirt/print-cpu.ts'
import { probeCpu } from '../../../src/host/cpu/probe-cpu.ts'
import { contextOf } from '../../../src/questions/context.ts'
import { hostCpu } from '../../../src/questions/input/definition-of.ts'

const corpus = join(import.meta.dirname, '..', '..', 'corpus', 'machine')
const CPUINFO = readFileSync(join(corpus, 'proc-cpuinfo.txt'), 'utf8')
const LISTS = 'sys/devices/system/cpu'

/** A folder with a machine's files. */
function tree(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'virt-cpu-'))
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(root, dirname(path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  return root
}

const kinds = (warnings: readonly { readonly kind: string }[]): string[] => warnings.map(({ kind }) => kind)

describe('a recorded machine', () => {
  test('by its /proc/cpuinfo', async () => {
    const probed = await probeCpu({ root: tree({ 'proc/cpuinfo': CPUINFO }) })
    expect(probed).toMatchObject({
      arch: 'x86_64',
      route: 'cpuinfo',
      microcode: 0x100_0065,
      physicalBits: 48,
    })
    expect(probed.dumps.map(({ cpus }) => cpus)).toEqual([['0', '1']])
    expect(kinds(probed.warnings)).toEqual(['probed', 'msrs-unseen', 'tsc-unseen'])
    const { value, notes } = hostCpu(contextOf(), probed)
    expect(printCpu(value)).toContain(
      "<model>kvm64-v1</model>\n  <vendor>AMD</vendor>\n  <microcode version='16777317'/>\n" +
        "  <signature family='25' model='17' stepping='1'/>\n  <maxphysaddr mode='emulate' bits='48'/>\n",
    )
    expect(kinds(notes)).toEqual([...kinds(probed.warnings), 'hypervisor-present', 'dump'])
  })

  test('by a copy of its cpuid device, which sees more', async () => {
    const root = tree({ 'proc/cpuinfo': CPUINFO, 'dev/cpu/0/x': '' })
    cpSync(join(corpus, 'dev-cpu-0-cpuid.bin'), join(root, 'dev/cpu/0/cpuid'))
    const probed = await probeCpu({ root })
    expect(probed.route).toBe('device')
    expect(probed.warnings[0]).toEqual({
      kind: 'probed',
      route: 'device',
      cpus: '0',
      failed: [{ tried: 'executing CPUID', why: 'these are the files of another machine' }],
    })
  })

  test('says which CPUs are offline, and of which nothing is told; and SMT', async () => {
    const probed = await probeCpu({
      root: tree({
        'proc/cpuinfo': CPUINFO,
        [`${LISTS}/present`]: '0-7\n',
        [`${LISTS}/online`]: '0-3,5\n',
        [`${LISTS}/smt/control`]: 'forceoff\n',
      }),
    })
    expect(probed.warnings.slice(1, 4)).toEqual([
      { kind: 'cpus-unseen', cpus: '4,6-7', because: 'offline' },
      { kind: 'cpus-unseen', cpus: '2-3,5', because: 'not-reported' },
      { kind: 'smt', state: 'forceoff' },
    ])
  })

  test('says where microcode differs', async () => {
    const second = CPUINFO.lastIndexOf('0x1000065')
    const mixed = `${CPUINFO.slice(0, second)}0x1000066${CPUINFO.slice(second + 9)}`
    const { warnings } = await probeCpu({ root: tree({ 'proc/cpuinfo': mixed }) })
    expect(warnings.find(({ kind }) => kind === 'microcode-differs')).toMatchObject({
      versions: [
        { name: '0x1000065', cpus: '0' },
        { name: '0x1000066', cpus: '1' },
      ],
    })
  })

  test('of which nothing is there: every way and why', async () => {
    await expect(probeCpu({ root: tree({}) })).rejects.toThrow(
      /^this machine's CPU cannot be read: executing CPUID: these are .*; \/dev\/cpu\/N\/cpuid: No such file or directory; ld\.so .*: these are .*; \/proc\/cpuinfo: No such file or directory$/,
    )
  })

  test('of another architecture', async () => {
    const arm = 'processor\t: 0\nFeatures\t: fp asimd\nCPU part\t: 0xd0c\n'
    await expect(probeCpu({ root: tree({ 'proc/cpuinfo': arm }) })).rejects.toThrow(
      /\/proc\/cpuinfo: no x86 CPU in this/,
    )
  })
})

describe('a machine that cannot be probed', () => {
  const { platform, arch } = process
  afterEach(() => {
    Object.defineProperty(process, 'platform', { value: platform })
    Object.defineProperty(process, 'arch', { value: arch })
  })

  test.each([
    ['darwin', 'arm64', 'macOS on arm64'],
    ['win32', 'x64', 'Windows on x64'],
    ['linux', 'arm64', 'Linux on arm64'],
  ])('%s on %s is refused at once; what it has recorded is not', async (system, cpu, name) => {
    Object.defineProperty(process, 'platform', { value: system })
    Object.defineProperty(process, 'arch', { value: cpu })
    await expect(probeCpu()).rejects.toThrow(
      `only x86 machines that run Linux can be probed, and this is ${name}`,
    )
    expect((await probeCpu({ root: tree({ 'proc/cpuinfo': CPUINFO }) })).route).toBe('cpuinfo')
  })
})

describe.skipIf(process.platform !== 'linux' || process.arch !== 'x64')(
  'this machine (Linux on x86-64)',
  () => {
    test('is read by the instruction, on every CPU that is online', async () => {
      const probed = await probeCpu()
      expect(probed.route).toBe('instruction')
      expect(probed.warnings[0]).toMatchObject({ kind: 'probed', failed: [] })
      expect(hostCpu(contextOf(), probed).value.features.length).toBeGreaterThan(10)
    })
  },
)
