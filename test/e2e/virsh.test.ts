import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { mulberry32 } from '../../scripts/random.ts'
import { COMMANDS } from '../../src/cli/commands.ts'
import { openCpuMap } from '../../src/host/files/cpu-map.ts'
import { folderOf, hostXml, type Ran, runProcess, virtCpu } from '../cli/virt-cpu.ts'
import { needed } from '../needs.ts'
import { whyNoVirsh } from './libvirtd.ts'

const MAP = '/usr/share/libvirt/cpu_map'
const why = needed('virsh 11.3 and its cpu_map', whyNoVirsh())
const TEST_DRIVER = ['-c', 'test:///default']

/** What a real virsh and virt-cpu do with the same command line and the same map. */
function both(args: readonly string[], cwd: string) {
  const theirs = runProcess(
    'virsh',
    [...TEST_DRIVER, ...args.filter(arg => !/^--libvirt|^11\.3$/.test(arg))],
    { cwd },
  )
  const ours = virtCpu([...TEST_DRIVER, '--cpu-map', MAP, ...args], { cwd })
  // Some versions of libvirt name the file where others say `at line`.
  return {
    ours,
    theirs: { ...theirs, stderr: theirs.stderr.replace(/^error: [^ ]+:(\d+): /, 'error: at line $1: ') },
  }
}

const VIRSH = Object.entries(COMMANDS).flatMap(([name, { group }]) => (group === 'virsh' ? [name] : []))

const helpOf = (name: string): string => virtCpu(['--libvirt', '11.3', name, '--help']).stdout

/** A run without how long it took. */
const untimed = ({ stdout, ...rest }: Ran): Ran => ({
  ...rest,
  stdout: stdout.replaceAll(/Time: \d+\.\d{3} ms/g, 'Time: T ms'),
})

describe.skipIf(why)(`side by side with virsh (${why ?? 'installed'})`, () => {
  const corpus = join(import.meta.dirname, '..', 'corpus', 'xml')
  const files = readdirSync(corpus).filter(name => name.endsWith('.xml'))
  /** Ours reads `<cpudata>`. */
  const known = /^cpudata/

  test('every document of the corpus', () => {
    const differing = files
      .filter(name => !known.test(name))
      .flatMap(name => {
        const { ours, theirs } = both(['cpu-baseline', name], corpus)
        return JSON.stringify(ours) === JSON.stringify(theirs) ? [] : [{ name, ours, theirs }]
      })
    expect(differing).toEqual([])
  })

  test('pools of random hosts, with and without --features', () => {
    const db = openCpuMap(MAP).of('x86')
    const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 1e9))
    const next = mulberry32(seed)
    const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)] as T
    const names = db.features.list.map(feature => feature.name)
    const host = () => {
      const model = pick(db.models)
      const extra = new Set(Array.from({ length: Math.floor(next() * 30) }, () => pick(names)))
      const vendor = next() < 0.5 ? (model.vendor?.name ?? '') : ''
      return hostXml(model.name, [...extra], vendor)
    }
    for (let i = 0; i < 40; i++) {
      const folder = folderOf({
        'pool.xml': Array.from({ length: 1 + Math.floor(next() * 4) }, host).join(''),
      })
      const flags = next() < 0.3 ? ['--features'] : []
      const { ours, theirs } = both(['cpu-baseline', 'pool.xml', ...flags], folder)
      expect(ours, `SEED=${seed}, pool ${i}: ${folder}/pool.xml`).toEqual(theirs)
    }
  })

  test.each([
    [['cpu-models', 'x86_64']],
    [['cpu-models', 'aarch64']],
    [['cpu-models', 'bogus']],
    [['-q', 'cpu-models', 'i686']],
    [['cpu-baseline']],
    [['cpu-baseline', '--nosuch', 'f']],
    [['cpu-baseline', 'nosuch.xml']],
    [['cpu-compare', 'cpu-guest.xml']],
    [['cpu-compare', 'cpu-guest.xml', '--error', '--error']],
    [['cpu-baseline', 'capabilities.xml', '--migratable']],
    [['cpu-models \'aarch64\'; cpu-models "a b" # x']],
    [['cpu-models "x']],
    [['cpu-models x\\']],
    [['-d']],
    [['-K', 'x', 'cpu-models', 'aarch64']],
    [['--bogus']],
    [['-t', 'cpu-models', 'aarch64']],
    [['-qt', 'cpu-models bogus; cpu-models aarch64']],
    [['-t', 'cpu-models']],
    [['-e', '^', 'cpu-models', 'aarch64']],
    [['-e', '^a', 'cpu-models', 'aarch64']],
    [['-e', '^`', 'cpu-models', 'aarch64']],
    [['--escape=é', 'cpu-models', 'aarch64']],
    [['--libvirt', '11.3', '--no-pkttyagent', 'cpu-models', 'aarch64']],
    [['bad arg; cpu-models aarch64']],
    [['cpu-models aarch64; cpu-models']],
    [['cpu-models; bad']],
    [['cpu-baseline --bogus; cpu-models aarch64']],
    [['cpu-models aarch64; help bogus']],
    [["cpu-models 'aarch64; x"]],
    [[';; cpu-models aarch64 # ; bad']],
    [['cpu-compare', 'capabilities.xml', '--validate']],
    [['-r', 'cpu-compare', 'capabilities.xml', '--validate', '--error']],
  ])('%j', args => {
    const { ours, theirs } = both(args, corpus)
    expect(untimed(ours)).toEqual(untimed(theirs))
  })

  test.each(VIRSH)("virsh's part of the help of %s", name => {
    const [, ours = ''] = /^(.*?)\n {2}(?=OPTIONS THAT|EXAMPLE)/s.exec(helpOf(name)) ?? []
    const theirs = runProcess('virsh', [name, '--help']).stdout
    // Ours takes several files.
    const synopsis = (text: string) => text.replace(/<file>\.\.\.|--file <string>/, '<file>')
    expect(`${synopsis(ours)}\n`.replace('[--file]', '--file')).toBe(
      synopsis(theirs).replace('[--file]', '--file'),
    )
  })
})
