import { describe, expect, test } from 'vitest'
import { folderOf, hostXml, runProcess, virtCpu } from '../cli/virt-cpu.ts'
import { needed } from '../needs.ts'
import { whyNoVirsh } from './libvirtd.ts'

const why = needed('virsh 11.3', whyNoVirsh())
const folder = folderOf({ 'h.xml': hostXml('Nehalem', ['vmx']) })

/** What libvirt's test driver is asked for, by arguments that stand where virsh takes them. */
const LINES = [
  'domcapabilities',
  'domcapabilities kvm',
  'domcapabilities test /x i686 pc',
  'domcapabilities test /x i686 pc //machine',
  'domcapabilities --arch ppc64 test /x pc --xpath //machine',
  'domcapabilities --emulatorbin a<b --machine a&b',
  'domcapabilities --virttype foo --arch bar',
  'domcapabilities foo',
  'domcapabilities --virttype=',
  'domcapabilities --disable-deprecated-features --virttype foo',
  '-r domcapabilities',
  'domcapabilities --expand-cpu-features',
  'hypervisor-cpu-baseline h.xml --ignore-host',
  'hypervisor-cpu-baseline h.xml kvm /x i686 pc y',
  'hypervisor-cpu-baseline h.xml kvm /x i686 pc y z',
  'cpu-compare h.xml --validate',
  'hypervisor-cpu-models --all',
  'hypervisor-cpu-models kvm',
  'hypervisor-cpu-models --virttype foo',
  'hypervisor-cpu-models --arch foo',
  '-r hypervisor-cpu-models --virttype foo',
  'hypervisor-cpu-compare h.xml',
  'hypervisor-cpu-baseline h.xml kvm',
  '-r hypervisor-cpu-compare h.xml',
  '-r hypervisor-cpu-baseline h.xml',
]

describe.skipIf(why)(`side by side with virsh and its test driver (${why ?? 'installed'})`, () => {
  test.each(LINES)('%s', line => {
    const args = ['-c', 'test:///default', ...line.split(' ')]
    const theirs = runProcess('virsh', args, { cwd: folder })
    const { status, stdout, stderr } = virtCpu(['--libvirt', '11.3', ...args], { cwd: folder })
    // virsh calls this warning an error.
    const worded = stderr.replace(/^warning: (?=using host CPU definition)/gm, 'error: ')
    expect({ status, stdout, stderr: worded }).toEqual(theirs)
  })
})
