import { describe, expect, test } from 'vitest'
import { cpuFiles, type Files, rootOf } from '../host/machine/tree-of.ts'
import { virtCpu } from './virt-cpu.ts'

/** A Broadwell that shows few of its features, as Linux describes it. */
const CPUINFO = `\
processor	: 0
vendor_id	: GenuineIntel
cpu family	: 6
model		: 61
model name	: Intel(R) Core(TM) i5-5300U
stepping	: 4
microcode	: 0x2f
cpu MHz		: 2294.7
flags		: fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 clflush mmx fxsr sse sse2 syscall nx rdtscp lm
address sizes	: 39 bits physical, 48 bits virtual
`

const FILES: Files = {
  ...cpuFiles([{ core: 0 }, { core: 1 }]),
  'sys/devices/system/node/node0/meminfo': 'Node 0 MemTotal: 1000 kB',
  'sys/devices/system/node/node0/distance': '10',
  'sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages': 0,
  'sys/kernel/iommu_groups/0/type': 'DMA',
  'sys/class/dmi/id/product_uuid': '9e27ceb0-d0ef-41ed-a948-402c0cf5ba52',
  'sys/power/state': 'mem',
  'proc/cpuinfo': CPUINFO,
  'etc/passwd': 'qemu:x:107:107::/:/sbin/nologin',
  'etc/group': 'qemu:x:107:',
}

const capabilities = (files: Files, ...args: string[]) =>
  virtCpu(['capabilities', '--root', rootOf(files), ...args])

describe('a recorded host', () => {
  test('is described as virsh would there', () => {
    const { stdout, stderr, status } = capabilities(FILES)
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 })
    expect(stdout.replace(/ {6}<feature .*\n/g, '')).toBe(`\
<capabilities>

  <host>
    <uuid>9e27ceb0-d0ef-41ed-a948-402c0cf5ba52</uuid>
    <cpu>
      <arch>x86_64</arch>
      <model>pentium3-v1</model>
      <vendor>Intel</vendor>
      <microcode version='47'/>
      <signature family='6' model='61' stepping='4'/>
      <topology sockets='1' dies='1' clusters='1' cores='2' threads='1'/>
      <maxphysaddr mode='emulate' bits='39'/>
      <pages unit='KiB' size='4'/>
      <pages unit='KiB' size='2048'/>
    </cpu>
    <power_management>
      <suspend_mem/>
    </power_management>
    <iommu support='yes'/>
    <migration_features>
      <live/>
      <uri_transports>
        <uri_transport>tcp</uri_transport>
        <uri_transport>rdma</uri_transport>
      </uri_transports>
    </migration_features>
    <topology>
      <cells num='1'>
        <cell id='0'>
          <memory unit='KiB'>1000</memory>
          <pages unit='KiB' size='4'>250</pages>
          <distances>
            <sibling id='0' value='10'/>
          </distances>
          <cpus num='2'>
            <cpu id='0' socket_id='0' die_id='0' cluster_id='0' core_id='0' siblings='0'/>
            <cpu id='1' socket_id='0' die_id='0' cluster_id='0' core_id='1' siblings='1'/>
          </cpus>
        </cell>
      </cells>
    </topology>
    <secmodel>
      <model>none</model>
      <doi>0</doi>
    </secmodel>
    <secmodel>
      <model>dac</model>
      <doi>0</doi>
      <baselabel type='kvm'>+107:+107</baselabel>
      <baselabel type='qemu'>+107:+107</baselabel>
    </secmodel>
  </host>

</capabilities>

`)
  })

  test('--explain says how it was read, and what could not be', () => {
    const { stderr } = capabilities(FILES, '--explain')
    expect(stderr).toContain('note: a recorded host: ')
    expect(stderr).toContain("note: a recorded host's QEMU cannot be asked")
  })

  test('of POWER has its model by the version register', () => {
    const cpuinfo = 'processor\t: 0\ncpu\t\t: POWER8E (raw)\nrevision\t: 2.1 (pvr 004b 0201)\n'
    const { stdout } = capabilities(
      { ...FILES, 'proc/cpuinfo': cpuinfo },
      '--xpath',
      '//host/cpu/*[self::arch or self::model]',
    )
    expect(stdout).toBe('<arch>ppc64le</arch>\n<model>POWER8</model>\n\n')
  })

  test('of ARM has its model by the main ID register', () => {
    const hwcap = Buffer.alloc(32)
    hwcap.writeBigUInt64LE(16n, 0)
    hwcap.writeBigUInt64LE(0xfffn, 8)
    const files = {
      ...FILES,
      'proc/cpuinfo': 'processor\t: 0\nCPU architecture: 8\n',
      'proc/self/auxv': hwcap.toString('latin1'),
      'sys/devices/system/cpu/cpu0/regs/identification/midr_el1': '0x00000000410fd0c0',
    }
    const { stdout } = capabilities(files, '--xpath', '//host/cpu/*[self::model or self::vendor]')
    expect(stdout).toBe('<model>Neoverse-N1</model>\n<vendor>ARM</vendor>\n\n')
  })

  test('--best names it by its signature, and notes what it lacks', () => {
    const { stdout, stderr } = capabilities(FILES, '--best', '--explain', '--xpath', '//host/cpu/model')
    expect(stdout).toMatch(/^<model>Broadwell/)
    expect(stderr).toMatch(/note: the CPU lacks .* of its model Broadwell/)
  })

  test('energy is told since 12.8', () => {
    const files = {
      ...FILES,
      'sys/fs/resctrl/info/PERF_PKG_MON/num_rmids': 4,
      'sys/fs/resctrl/info/PERF_PKG_MON/mon_features': 'core_energy',
    }
    expect(capabilities(files).stdout).toContain("<energy>\n      <monitor maxMonitors='4'>")
    expect(capabilities(files, '--libvirt', '11.3').stdout).not.toContain('<energy>')
  })

  test('a processor without a place: what cannot be told is left out, and said', () => {
    const files = { ...FILES, 'sys/devices/system/cpu/cpu1/topology/core_id': -1 }
    const { stdout, stderr } = capabilities(files, '--explain')
    expect(stdout).not.toContain('<topology')
    expect(stderr).toContain(
      "the topology is left out, as libvirt does: internal error: Invalid unsigned integer value '-1'",
    )
  })
})

describe('what goes wrong', () => {
  test.each<[string, string[], string]>([
    ['no host', ['--root', 'docs'], "'docs' holds no host: it has neither sys nor proc"],
    ['no folder', ['--root', 'nosuch'], "'nosuch' holds no host: it has neither sys nor proc"],
  ])('%s', (_, args, message) => {
    const { stdout, stderr, status } = virtCpu(['capabilities', ...args])
    expect({ stdout, stderr, status }).toEqual({
      stdout: '\n',
      stderr: `error: failed to get capabilities\nerror: ${message}\n`,
      status: 1,
    })
  })

  test('an empty expression is refused without a word, as virsh does', () => {
    expect(virtCpu(['capabilities', '--xpath', ''])).toEqual({ stdout: '\n', stderr: '', status: 1 })
  })

  test('an expression that selects no nodes is an error of libvirt', () => {
    const { stderr, status } = capabilities(FILES, '--xpath', 'count(//cpu)')
    expect({ stderr, status }).toEqual({
      stderr: "error: internal error: Incorrect xpath 'count(//cpu)'\n",
      status: 1,
    })
  })

  test('an expression that is none selects nothing, in the words of libxml2', () => {
    const { stdout, stderr, status } = capabilities(FILES, '--xpath', '][bad')
    expect({ stdout, stderr, status }).toEqual({
      stdout: '\n',
      stderr: 'XPath error : Invalid expression\n][bad\n^\n',
      status: 0,
    })
  })
})
