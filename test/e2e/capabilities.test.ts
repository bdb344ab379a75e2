import { spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { selectXml } from '../../src/host/files/libxml2.ts'
import { CLI, runProcess, virtCpu } from '../cli/virt-cpu.ts'
import { needed } from '../needs.ts'
import { virsh, whyNoVirsh } from './libvirtd.ts'
import { besideLibvirtd } from './qemus.ts'

/** Lines that may differ, and why: all there are. `docs/capabilities.md` has the same list. */
const MAY_DIFFER: readonly (readonly [line: RegExp, why: string])[] = [
  [
    /^ +<uuid>.*<\/uuid>$/,
    'without one from firmware libvirt makes a UUID up at every start; virt-cpu prints none',
  ],
  [/^ {10}<memory unit='KiB'>\d+<\/memory>$/, 'a virtual machine may gain and lose memory between two looks'],
  [/^ {10}<pages unit='KiB' size='\d+'>\d+<\/pages>$/, 'so does the number of pages'],
]

/** Lines that only one of the two has, as diff sees them. */
function differing(theirs: string, mine: string): string[] {
  const rest = mine.split('\n')
  const missing = theirs.split('\n').filter(line => {
    const at = rest.indexOf(line)
    if (at >= 0) rest.splice(0, at + 1)
    return at < 0
  })
  return [...missing, ...mine.split('\n').filter(line => !theirs.split('\n').includes(line))]
}

besideLibvirtd(({ daemon, ours }) => {
  const mineOf = (...args: string[]) => ours('capabilities', ...args).stdout

  test('capabilities are the same, but for lines that are listed', () => {
    const [theirs, mine] = [virsh(daemon(), 'capabilities'), mineOf()]
    expect(mine).toContain('<cpu>')
    const lines = differing(theirs, mine)
    expect(lines.filter(line => !MAY_DIFFER.some(([pattern]) => pattern.test(line)))).toEqual([])
  })

  test.each([
    ['//host/cpu/model'],
    ['//host/cpu/feature/@name', '--wrap'],
    ['//guest[arch/@name="x86_64"]', '--wrap'],
    ['//guest/arch/@name'],
    ['//cache'],
    ['//migration_features'],
  ])('--xpath %s %s', (...[expression = '', ...wrap]) => {
    const args = ['--xpath', expression, ...wrap]
    expect(mineOf(...args)).toBe(virsh(daemon(), 'capabilities', ...args))
  })
})

const why = needed('virsh 11.3', whyNoVirsh())

describe.skipIf(why)(`XPath, side by side with virsh (${why ?? 'installed'})`, () => {
  const asked = (...args: string[]) =>
    runProcess('virsh', ['-q', '-c', 'test:///default', 'capabilities', ...args])
  const document = asked().stdout

  test.each([
    '//cell[1]/cpus/cpu[1]',
    '//cpu/@id',
    '//host/cpu',
    '//arch/text()',
    '//emulator/text() | //arch',
    '/',
    '//secmodel/doi',
    '//cell/@id | //cell/memory',
    '//@*',
    '//comment()',
    '//power_management',
    '//nothing',
  ])('%s', async expression => {
    for (const wrap of [false, true]) {
      const { stdout } = asked('--xpath', expression, ...(wrap ? ['--wrap'] : []))
      expect(await selectXml(document, expression, wrap), `wrap: ${wrap}`).toBe(stdout)
    }
  })

  test("the host of libvirt's test driver", () => {
    expect(virtCpu(['-q', '-c', 'test:///default', 'capabilities']).stdout).toBe(document)
  })

  test.each(['count(//cpu)', 'string(//arch)', 'true()'])('%s selects no nodes', async expression => {
    const { stderr, status } = asked('--xpath', expression)
    expect(status).toBe(1)
    await expect(selectXml(document, expression, false)).rejects.toThrow(
      stderr.slice('error: '.length).trimEnd(),
    )
  })
})

test.runIf(process.platform === 'linux' && process.getuid?.() === 0)(
  'a user without privileges sees most of it',
  () => {
    const { stdout, stderr, status } = spawnSync(process.execPath, [CLI, 'capabilities', '--explain'], {
      uid: 65534,
      gid: 65534,
      env: { PATH: '/nonexistent', HOME: '/nonexistent' },
      encoding: 'utf8',
    })
    expect(status, stderr).toBe(0)
    for (const part of ['<topology sockets', '<cells', '<secmodel>']) expect(stdout).toContain(part)
    expect(stderr).toContain('note: no QEMU is installed')
  },
)
