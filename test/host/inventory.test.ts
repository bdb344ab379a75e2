import { describe, expect, test } from 'vitest'
import { readInventory, type SshHost } from '../../src/host/collect/targets.ts'

const shown = ({ name, destination, port, key, sudo }: SshHost) =>
  [name, destination, port ?? '', key ?? '', sudo ? 'sudo' : ''].join(' ').trimEnd()

const read = async (text: string) => (await readInventory(text, 'hosts')).map(shown)

describe('an inventory', () => {
  test('of lines', async () => {
    expect(await read('# mine\nroot@n1\n\nn2   # the second\r\nn2\n')).toEqual(['root@n1 root@n1', 'n2 n2'])
  })

  test("of Ansible's, in YAML", async () => {
    expect(
      await read(`
all:
  vars: {ansible_user: ops}
  hosts:
    n1:
  children:
    blue:
      vars: {ansible_become: true}
      hosts:
        b[01:03]: {ansible_port: 2222}
        b02: {ansible_host: 192.0.2.7, ansible_user: root, ansible_ssh_private_key_file: /k}
    empty:
`),
    ).toEqual([
      'n1 ops@n1',
      'b01 ops@b01 2222  sudo',
      'b02 root@192.0.2.7 2222 /k sudo',
      'b03 ops@b03 2222  sudo',
    ])
  })

  test('of a list in YAML', async () => {
    expect(await read('- n1\n- root@n2\n')).toEqual(['n1 n1', 'root@n2 root@n2'])
    expect(await read('hosts:\n  - n1\n  - n2\n')).toEqual(['n1 n1', 'n2 n2'])
  })

  test("of Ansible's, in INI", async () => {
    expect(
      await read(`n0
[blue]
b[a:b] ansible_user=root
c ansible_host="192.0.2.9" ansible_port=2200
[blue:vars]
ansible_user=ops
[all:vars]
ansible_become=yes
[both:children]
blue
`),
    ).toEqual(['n0 n0   sudo', 'ba root@ba   sudo', 'bb root@bb   sudo', 'c ops@192.0.2.9 2200  sudo'])
  })

  test.each([
    ['', /no host in this inventory/],
    ['-oProxyCommand=x\n', /is no host/],
    ['all:\n  host:\n    n1:\n', /all: a group has hosts, children and vars, not host/],
    ['- [1, 2]\n', /an item that is no host/],
    ['all: [\n', /hosts/],
  ])('%j is refused with its name', async (text, message) => {
    await expect(readInventory(text, 'hosts')).rejects.toThrow(message)
    await expect(readInventory(text, 'hosts')).rejects.toThrow(/^hosts/)
  })
})
