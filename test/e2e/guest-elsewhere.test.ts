import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { runProcess, virtCpu } from '../cli/virt-cpu.ts'
import { needed, notInstalled } from '../needs.ts'
import { whyNoDaemon } from './libvirtd.ts'

/**
 * `guest check` of guests of other architectures than x86, beside libvirt's embedded driver, which starts them: paused,
 * without devices, as TCG runs them on any host.
 */

const MACHINES: Readonly<Record<string, string>> = {
  aarch64: 'virt',
  s390x: 's390-ccw-virtio',
  ppc64: 'pseries',
  riscv64: 'virt',
}

const CPUS: Readonly<Record<string, readonly string[]>> = {
  aarch64: [
    '',
    "<cpu mode='custom' check='none'><model>cortex-a57</model></cpu>",
    "<cpu mode='custom' check='partial'><model>cortex-a57</model></cpu>",
    "<cpu mode='custom' check='full'><model>cortex-a57</model></cpu>",
    "<cpu mode='custom'><model>nosuch</model></cpu>",
    "<cpu mode='custom'><model>max</model><feature name='sve' policy='disable'/></cpu>",
    "<cpu mode='custom'><model>max</model><feature name='nosuch' policy='require'/></cpu>",
    "<cpu mode='host-model'/>",
    "<cpu mode='host-passthrough'/>",
    "<cpu mode='maximum'><feature name='sve' policy='require'/><feature name='pauth' policy='optional'/></cpu>",
    "<cpu mode='custom' match='minimum'><model>cortex-a57</model></cpu>",
    "<cpu><topology sockets='1' cores='1' threads='1'/></cpu>",
    "<cpu mode='custom'><model>cortex-a57</model><cache mode='disable'/></cpu>",
  ],
  s390x: [
    '',
    "<cpu mode='custom'><model>z13</model></cpu>",
    "<cpu mode='custom' check='partial'><model>z13</model></cpu>",
    "<cpu mode='custom'><model>nosuch</model></cpu>",
    "<cpu mode='maximum'/>",
    "<cpu mode='custom'><model>qemu</model><feature name='vx' policy='disable'/></cpu>",
    "<cpu mode='custom' match='minimum'><model>z13</model></cpu>",
    "<cpu mode='custom'><model>z13</model><feature name='aen' policy='optional'/></cpu>",
  ],
  ppc64: [
    '',
    "<cpu mode='custom' check='full'><model>POWER9</model></cpu>",
    "<cpu mode='custom'><model>power10</model></cpu>",
    "<cpu mode='custom'><model>POWER8_v1.0</model></cpu>",
    "<cpu mode='maximum'/>",
    "<cpu mode='host-model'><model>power9</model></cpu>",
  ],
  riscv64: [
    '',
    "<cpu mode='custom' check='partial'><model>rv64</model></cpu>",
    "<cpu mode='custom'><model>rv64</model><feature name='v' policy='require'/></cpu>",
    "<cpu mode='host-passthrough'/>",
    "<cpu mode='maximum'/>",
  ],
}

const cases = Object.entries(CPUS).flatMap(([arch, cpus]) => cpus.map(cpu => [arch, cpu] as const))
const qemus = Object.keys(MACHINES).map(arch => `/usr/bin/qemu-system-${arch}`)
const why = needed('libvirt 11.3 and these QEMUs', whyNoDaemon() ?? notInstalled(...qemus))

const root = mkdtempSync(join(tmpdir(), 'lv-'))
mkdirSync(join(root, 'etc'))
// Without virtlogd, control groups and other users: none of them is what is looked at.
writeFileSync(
  join(root, 'etc', 'qemu.conf'),
  'stdio_handler = "file"\nuser = "root"\ngroup = "root"\ncgroup_controllers = []\nremember_owner = 0\n',
)
afterAll(() => rmSync(root, { recursive: true, force: true }))

const domainOf = (arch: string, cpu: string): string =>
  `<domain type='qemu'><name>g</name><memory unit='MiB'>64</memory><vcpu>1</vcpu><os><type arch='${arch}' machine='${MACHINES[arch]}'>hvm</type></os>${cpu}<devices><emulator>/usr/bin/qemu-system-${arch}</emulator><memballoon model='none'/></devices></domain>`

/** What comes of it: libvirt's refusal, or the running guest's CPU and QEMU's argument. */
function started(file: string) {
  const commands = `create ${file} --paused; dumpxml g; destroy g`
  const { stdout, stderr } = runProcess('virsh', ['-q', '-c', `qemu:///embed?root=${root}`, commands])
  const log = join(root, 'log', 'qemu', 'g.log')
  const argument = existsSync(log)
    ? / -cpu (\S+) |^-cpu (\S+) /m.exec(readFileSync(log, 'utf8'))?.slice(1).find(Boolean)
    : undefined
  rmSync(log, { force: true })
  const message = /^error: (?!Failed to create)(.*)$/m.exec(stderr)?.[1]
  const live = /^ {2}<cpu(?:[^\n]*\/>|[\s\S]*?\n {2}<\/cpu>)\n/m.exec(stdout)?.[0].replace(/^ {2}/gm, '')
  return live === undefined ? { message, argument } : { live, argument }
}

describe.skipIf(why)(`beside libvirt's embedded driver (${why ?? 'installed'})`, () => {
  test.each(cases)('%s %s', (arch, cpu) => {
    const file = join(root, 'case.xml')
    writeFileSync(file, domainOf(arch, cpu))
    const args = ['guest', 'check', file, '--json', '--libvirt', '11.3']
    const { stdout } = virtCpu([...args, '--cpu-map', '/usr/share/libvirt/cpu_map'], {
      env: { XDG_CACHE_HOME: root },
    })
    const [{ message, live, argument }] = JSON.parse(stdout).guests
    const theirs = started(file)
    // How QEMU itself says that it ends is not libvirt's text.
    if (/closed the monitor|process exited/.test(theirs.message ?? '')) expect(message).toContain('QEMU ends')
    else if (theirs.message !== undefined) expect({ message }).toEqual({ message: theirs.message })
    else expect({ live, argument }).toEqual(theirs)
  })
})
