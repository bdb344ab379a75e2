import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
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

const domainOf = (name: string, arch: string, cpu: string): string =>
  `<domain type='qemu'><name>${name}</name><memory unit='MiB'>64</memory><vcpu>1</vcpu><os><type arch='${arch}' machine='${MACHINES[arch]}'>hvm</type></os>${cpu}<devices><emulator>/usr/bin/qemu-system-${arch}</emulator><memballoon model='none'/></devices></domain>`

/** What comes of a guest: the refusal, or the CPU while it runs and QEMU's argument. */
interface Outcome {
  readonly message?: string | undefined
  readonly live?: string | undefined
  readonly argument?: string | undefined
}

/** What libvirt makes of the guests g0, g1, …: one driver for all, for most of its time is to open it. */
function askLibvirt(files: readonly string[]): Outcome[] {
  const line = files.map(
    (file, i) => `create ${file} --paused; dumpxml g${i}; destroy g${i}; echo @@@; echo --err @@@`,
  )
  const { stdout, stderr } = runProcess('virsh', ['-q', '-c', `qemu:///embed?root=${root}`, line.join('; ')])
  const [out, err] = [stdout.split('@@@'), stderr.split('error: @@@\n')]
  return files.map((_, i) => {
    const path = join(root, 'log', 'qemu', `g${i}.log`)
    const log = existsSync(path) ? readFileSync(path, 'utf8') : ''
    const argument = / -cpu (\S+) |^-cpu (\S+) /m.exec(log)?.slice(1).find(Boolean)
    const message = /^error: (?!Failed to create)([\s\S]*?)\n(?=error: |$)/m.exec(err[i] ?? '')?.[1]
    const cpu = /^ {2}<cpu(?:[^\n]*\/>|[\s\S]*?\n {2}<\/cpu>)\n/m.exec(out[i] ?? '')?.[0]
    const live = cpu?.replace(/^ {2}/gm, '')
    return live === undefined ? { message: message && plain(message, `g${i}`, log) } : { live, argument }
  })
}

/**
 * QEMU's last words without their time; libvirt has two beginnings for them, by how fast QEMU ended. Where it ended before
 * libvirt was connected, libvirt has not read them: they are in the guest's log.
 */
const plain = (message: string, name: string, log: string): string =>
  message
    .replace(
      /^failed to connect to monitor socket: Connection refused$/,
      () => `internal error: process exited while connecting to monitor: ${lastWords(log)}`,
    )
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z /g, '')
    .replace(
      /process exited while connecting to monitor:/,
      `QEMU unexpectedly closed the monitor (vm='${name}'):`,
    )
    .trimEnd()

/** What QEMU wrote into a guest's log, which libvirt begins and ends. */
const lastWords = (log: string): string => (log.match(/^(?:\S+Z )?qemu-system-\S+: .*$/gm) ?? []).join('\n')

describe.skipIf(why)(`beside libvirt's embedded driver (${why ?? 'installed'})`, () => {
  let [ours, theirs]: [Outcome[], Outcome[]] = [[], []]

  beforeAll(() => {
    const files = cases.map(([arch, cpu], i) => {
      const file = join(root, `g${i}.xml`)
      writeFileSync(file, domainOf(`g${i}`, arch, cpu))
      return file
    })
    const args = ['guest', 'check', ...files, '--json', '--libvirt', '11.3']
    const { stdout } = virtCpu([...args, '--cpu-map', '/usr/share/libvirt/cpu_map'], {
      env: { XDG_CACHE_HOME: root },
    })
    ours = JSON.parse(stdout).guests
    theirs = askLibvirt(files)
  })

  test.each(cases.map(([arch, cpu], i) => [arch, cpu, i] as const))('%s %s', (_arch, _cpu, i) => {
    const { message, live, argument } = ours[i] ?? {}
    expect(live === undefined ? { message } : { live, argument }).toEqual(theirs[i])
    expect(message ?? live).toBeDefined()
  })
})
