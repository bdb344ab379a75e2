import { describe, expect, test } from 'vitest'
import { readHostUuid, readPowerManagement, readSecurityModels } from '../../../src/host/machine/read-host.ts'
import { type Files, treeOf } from './tree-of.ts'

const UUID = '9e27ceb0-d0ef-41ed-a948-402c0cf5ba52'
const DMI = 'sys/class/dmi/id/product_uuid'
const DAEMON = 'etc/libvirt/libvirtd.conf'

describe('the UUID of a host', () => {
  test.each<[string, Files, string | undefined]>([
    ['firmware tells it', { [DMI]: UUID.toUpperCase() }, UUID],
    ['a setting goes before', { [DMI]: UUID.replace('9', '8'), [DAEMON]: `host_uuid = "${UUID}"` }, UUID],
    ['a comment is no setting', { [DMI]: UUID, [DAEMON]: '#host_uuid = "0"' }, UUID],
    [
      'the machine id, where it is to be taken',
      {
        [DAEMON]: 'host_uuid_source = "machine-id"',
        [DMI]: UUID.replace('9', '8'),
        'etc/machine-id': UUID.replaceAll('-', ''),
      },
      UUID,
    ],
    ['all digits alike are none', { [DMI]: '00000000-0000-0000-0000-000000000000' }, undefined],
    ['text is none', { [DMI]: 'To Be Filled By O.E.M.' }, undefined],
    ['nothing tells it', {}, undefined],
  ])('%s', (_, files, expected) => {
    expect(readHostUuid(treeOf(files))).toBe(expected)
  })
})

describe('how guests are kept apart', () => {
  const passwd = {
    'etc/passwd': 'root:x:0:0::/:/bin/sh\nqemu:x:107:107::/:/sbin/nologin',
    'etc/group': 'qemu:x:108:',
  }
  const models = (files: Files) =>
    readSecurityModels(treeOf(files)).map(
      ({ model, baselabels }) =>
        `${model} ${baselabels.map(({ type, label }) => `${type}=${label}`).join(' ')}`,
    )

  test('by owners alone', () => {
    expect(models(passwd)).toEqual(['none ', 'dac kvm=+107:+108 qemu=+107:+108'])
  })

  test('by SELinux', () => {
    const files = {
      ...passwd,
      'sys/fs/selinux/enforce': 1,
      'etc/selinux/config': '# comment\nSELINUXTYPE=mls',
      'etc/selinux/mls/contexts/virtual_domain_context':
        'system_u:system_r:svirt_t:s0\nsystem_u:system_r:svirt_tcg_t:s0',
    }
    expect(models(files)[0]).toBe(
      'selinux kvm=system_u:system_r:svirt_t:s0 qemu=system_u:system_r:svirt_tcg_t:s0',
    )
  })

  test('by AppArmor, where it has a profile for guests', () => {
    const on = { ...passwd, 'sys/module/apparmor/parameters/enabled': 'Y' }
    expect(models(on)[0]).toBe('none ')
    expect(models({ ...on, 'etc/apparmor.d/libvirt/TEMPLATE.qemu': '' })[0]).toBe('apparmor ')
  })

  test('as the settings say', () => {
    const qemu = 'security_driver = [ "apparmor", "selinux" ]\nuser = "+0"\ngroup = "kvm"'
    const files = { ...passwd, 'etc/group': 'kvm:x:36:', 'etc/libvirt/qemu.conf': qemu }
    expect(models(files)).toEqual(['apparmor ', 'selinux ', 'dac kvm=+0:+36 qemu=+0:+36'])
  })

  test('a distribution says in a comment whom guests run as', () => {
    const files = {
      'etc/passwd': 'vm:x:5:5',
      'etc/group': 'vm:x:6:',
      'etc/libvirt/qemu.conf': '#user = "vm"\n#group = "vm"',
    }
    expect(models(files)[1]).toBe('dac kvm=+5:+6 qemu=+5:+6')
  })
})

describe('how a recorded host can sleep', () => {
  test.each<[Files, string[]]>([
    [{}, []],
    [{ 'sys/power/state': 'freeze mem' }, ['suspend_mem']],
    [
      { 'sys/power/state': 'mem disk', 'sys/power/disk': '[platform] shutdown' },
      ['suspend_mem', 'suspend_disk', 'suspend_hybrid'],
    ],
    [{ 'sys/power/state': 'freeze disk', 'sys/power/disk': '[disabled]' }, []],
  ])('%j', (files, expected) => {
    expect(readPowerManagement(treeOf(files))).toEqual(expected)
  })
})
