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
  x86_64: 'q35',
}

const QEMU64 = "<cpu mode='custom'><model>qemu64</model></cpu>"

/** Their CPUs, and what else says of them. */
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
    "<cpu mode='custom'><model>max</model><feature name='sve256' policy='require'/></cpu>",
    "<cpu mode='custom'><model>cortex-a57</model><feature name='sve' policy='disable'/></cpu>",
    "<features><pmu state='off'/></features><cpu mode='custom'><model vendor_id='abcdefghijkl'>cortex-a57</model></cpu>",
    "<features><pmu state='off'/></features>",
    "<features><apic eoi='on'/></features>",
    "<clock offset='utc'><timer name='hypervclock' present='yes'/></clock>",
  ],
  s390x: [
    '',
    "<cpu mode='custom'><model>gen16a</model></cpu>",
    "<cpu mode='maximum'><feature name='te' policy='require'/></cpu>",
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
    "<cpu mode='custom'><model>power9_v2.0</model></cpu>",
    "<cpu mode='host-model' deprecated_features='off'/>",
    "<features><pmu state='off'/></features>",
    "<features><pmu state='on'/><kvm><hidden state='on'/></kvm></features>",
    "<cpu mode='host-model'><model>power9</model></cpu>",
  ],
  riscv64: [
    '',
    "<features><pmu state='off'/></features>",
    "<features><hyperv><relaxed state='on'/></hyperv></features>",
    "<cpu mode='custom'><model>rv64</model><topology sockets='1' dies='1' clusters='1' cores='1' threads='1'/></cpu>",
    "<cpu mode='custom' check='partial'><model>rv64</model></cpu>",
    "<cpu mode='custom'><model>rv64</model><feature name='v' policy='require'/></cpu>",
    "<cpu mode='host-passthrough'/>",
    "<cpu mode='maximum'/>",
  ],
  x86_64: [
    `<features><acpi/><apic eoi='off'/><hyperv><spinlocks state='on' retries='8191'/><relaxed state='on'/><stimer state='on'><direct state='on'/></stimer><tlbflush state='on'><extended state='on'/><direct state='on'/></tlbflush><vendor_id state='on' value='abc'/></hyperv><kvm><pv-ipi state='off'/><hidden state='on'/></kvm><pvspinlock state='off'/><pmu state='off'/></features><clock offset='utc'><timer name='tsc' frequency='2000000000'/><timer name='kvmclock' present='no'/><timer name='hypervclock' present='yes'/></clock>${QEMU64}`,
    `<features><acpi/><hyperv mode='passthrough'><relaxed state='on'/></hyperv></features>${QEMU64}`,
    `<features><acpi/><pvspinlock/></features>${QEMU64}`,
    `<features><hyperv><nosuch state='on'/></hyperv></features>${QEMU64}`,
    `<features><hyperv><relaxed/></hyperv></features>${QEMU64}`,
    `<features><hyperv><spinlocks state='on' retries='5'/></hyperv></features>${QEMU64}`,
    `<features><hyperv><vendor_id state='on' value='a,b'/></hyperv></features>${QEMU64}`,
    `<features><kvm><nosuch state='on'/></kvm></features>${QEMU64}`,
    `<clock offset='utc'><timer name='nosuch'/></clock>${QEMU64}`,
    "<features><acpi/></features><cpu mode='custom'><model>qemu64</model><maxphysaddr mode='emulate' bits='31'/></cpu>",
    "<features><acpi/></features><cpu mode='custom' deprecated_features='off'><model>qemu64</model></cpu>",
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
  const message = /^error: (?!Failed to create)([\s\S]*?)\n(?=error: |$)/m.exec(stderr)?.[1]
  const live = /^ {2}<cpu(?:[^\n]*\/>|[\s\S]*?\n {2}<\/cpu>)\n/m.exec(stdout)?.[0].replace(/^ {2}/gm, '')
  return live === undefined ? { message, argument } : { live, argument }
}

/** QEMU's last words without their time; libvirt has two beginnings for them, by how fast QEMU ended. */
const plain = (message: string): string =>
  message
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z /g, '')
    .replace(/process exited while connecting to monitor:/, "QEMU unexpectedly closed the monitor (vm='g'):")
    .trimEnd()

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
    if (theirs.message !== undefined) expect({ message }).toEqual({ message: plain(theirs.message) })
    else expect({ live, argument }).toEqual(theirs)
  })
})
