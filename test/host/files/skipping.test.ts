import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readFleet } from '../../../src/host/files/fleet.ts'
import { readHosts } from '../../../src/node.ts'
import { contextOf } from '../../../src/questions/context.ts'
import { describeNotes } from '../../../src/questions/words/describe.ts'
import type { Note } from '../../../src/questions/words/note.ts'
import { askNow } from '../../ask-now.ts'
import { folderOf, hostXml, virtCpu } from '../../cli/virt-cpu.ts'
import { runs } from '../../effort.ts'

/** A file of a directory that is no host never aborts a fleet; one that a user names must be one. */

const context = contextOf()
const host = hostXml('Haswell')
const cutCpuinfo =
  'processor\t: 0\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 60\nwp\t\t: yes\nflags\t\t: fpu vme de ps'

/** Files that lie about in folders of hosts, and what each seems to be. */
const OTHERS: Readonly<
  Record<string, readonly [content: string | Uint8Array, looksLike: string | undefined]>
> = {
  'README.md': ['# Ours\n<cpu><model>Haswell</model></cpu>\n', 'documentation'],
  'collect.py': ['print("<cpu><model>Haswell</model></cpu>")\n', 'source code'],
  collect: ['#!/usr/bin/env python3\nprint("<cpu>")\n', 'a script (python3)'],
  'net.xml': ['<network><name>x</name></network>\n', '<network>'],
  'broken-net.xml': ['<network><name>x', '<network>'],
  'package.json': ['{"name": "x"', 'JSON of something else'],
  'play.yml': ['---\n- hosts: all\n  tasks: []\n', 'YAML of something else'],
  'deploy.yaml.txt': ['apiVersion: v1\nkind: Service\n', expect.stringMatching(/^Kubernetes objects/)],
  'noise.bin': [Uint8Array.from({ length: 300 }, (_, i) => (i * 7) % 256), 'binary data'],
  'disks.tar': [Buffer.concat([Buffer.alloc(257), Buffer.from('ustar')]), 'a tar archive'],
  empty: ['', 'an empty file'],
  'notes.log': ['nothing of use\n', undefined],
}

/** Files that were meant to describe hosts, and what is said of them. */
const BROKEN: Readonly<Record<string, readonly [content: string | Uint8Array, fault: RegExp]>> = {
  'cut.xml': ['<cpu>\n<arch>x86_64</arch>', /^line 2: .*never closed/],
  'cut.txt': [cutCpuinfo, /cut off within its flags/],
  'headless.txt': ['cpu family\t: 6\nmodel name\t: Zork\nbogomips\t: 4000\n', /no format/],
  'unknown.xml': [hostXml('Zork'), /Unknown CPU model Zork/],
  'host.xml.xz': [Buffer.from('fd377a585a0000', 'hex'), /unpack it first \(unxz /],
}

function tree(files: Readonly<Record<string, string | Uint8Array>>): string {
  const root = folderOf({})
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(root, dirname(path)), { recursive: true })
    writeFileSync(join(root, path), content)
  }
  return root
}

const contents = (files: Readonly<Record<string, readonly [string | Uint8Array, unknown]>>) =>
  Object.fromEntries(Object.entries(files).map(([name, [content]]) => [name, content]))

const noteOf = (notes: readonly Note[], name: string) =>
  notes.find(({ source }) => source?.endsWith(`/${name}`))

describe('in a directory', () => {
  test.each(Object.entries(OTHERS))('%s is passed over', async (name, [content, looksLike]) => {
    const { fleet, notes } = await readFleet(context, [tree({ 'a.xml': host, [name]: content })])
    expect(fleet.hosts).toHaveLength(1)
    const note = noteOf(notes, name)
    expect([note?.kind, note && 'looksLike' in note ? note.looksLike : undefined]).toEqual([
      'file-without-cpu',
      looksLike,
    ])
  })

  test.each(Object.entries(BROKEN))(
    '%s is skipped as a host that is missing',
    async (name, [content, fault]) => {
      const { fleet, notes } = await readFleet(context, [tree({ 'a.xml': host, [name]: content })])
      expect(fleet.hosts).toHaveLength(1)
      expect(noteOf(notes, name)).toMatchObject({ kind: 'file-skipped', fault: expect.stringMatching(fault) })
    },
  )

  test('whatever else lies there, the hosts are the same', async () => {
    const junk = { ...contents(OTHERS), ...contents(BROKEN) }
    const alone = (await readFleet(context, [tree({ 'p/a.xml': host, 'p/b.xml': hostXml('Penryn') })])).fleet
    await fc.assert(
      fc.asyncProperty(
        fc.subarray(Object.keys(junk)),
        fc.constantFrom('', 'p/', 'p/q/'),
        async (names, folder) => {
          const more = Object.fromEntries(names.map(name => [folder + name, junk[name] ?? '']))
          const root = tree({ 'p/a.xml': host, 'p/b.xml': hostXml('Penryn'), ...more })
          const { fleet, notes } = await readFleet(context, [root])
          expect(fleet.hosts.map(({ path, features }) => [path, features])).toEqual(
            alone.hosts.map(({ path, features }) => [path, features]),
          )
          expect(notes.filter(({ kind }) => kind.startsWith('file-'))).toHaveLength(names.length)
          if (names.length === 0) return
          await expect(readFleet(context, [root], { noSkip: true })).rejects.toThrow(names[0])
        },
      ),
      { numRuns: runs(30) },
    )
  })

  test('a line a kind of note, with a count and the first names', () => {
    const many = Array.from({ length: 40 }, (_, i) => `h${i}`)
    const skipped = many.map((source): Note => ({ kind: 'file-skipped', source, fault: 'cut' }))
    const passed = many.map((source): Note => ({ kind: 'file-without-cpu', source, looksLike: 'a page' }))
    const unknown = many.map((source): Note => ({ kind: 'feature-skipped', source, feature: 'zork' }))
    const each = many.map((source): Note => ({ kind: 'host-skipped', source, model: source }))
    const lines = describeNotes([...skipped, ...passed, ...unknown, ...each])
    expect(lines).toEqual([
      '40 files are skipped, which cannot be read: h0 (cut), h1 (cut), h2 (cut) and 37 more',
      expect.stringMatching(/^40 files are passed over, .*: h0 \(looks like a page\), /),
      'h0, h1, h2 and 37 more: unknown feature zork is left out',
      'h0: left out of the pool: its model h0 is unknown',
      'h1: left out of the pool: its model h1 is unknown',
      'h2: left out of the pool: its model h2 is unknown',
      '37 more such notes, of h3, h4, h5 and 34 more; --json has all',
    ])
  })
})

describe('a file that was named', () => {
  const root = tree({ 'a.xml': host, 'bad.xml': '<cpu', 'text.md': 'x', 'good/c.xml': host })
  const at = (name: string) => join(root, name)

  test('all that cannot be read are told at once', async () => {
    const paths = [at('a.xml'), at('bad.xml'), at('text.md'), at('gone.xml'), at('good')]
    const error = await readFleet(context, paths).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(AggregateError)
    expect((error as AggregateError).errors.map(({ message }) => message.replaceAll(`${root}/`, ''))).toEqual(
      [
        expect.stringMatching(/^bad\.xml:1:/),
        "File 'text.md' holds no host and no guest: it looks like documentation",
        "Failed to open file 'gone.xml': No such file or directory",
      ],
    )
    const { status, stderr } = virtCpu(['hosts', ...paths], { cwd: root })
    expect([status, stderr.match(/^error: /gm)?.length]).toEqual([2, 3])
  })

  test('so are those that a fleet file names; one that fits a pattern was found', async () => {
    const named = tree({ 'fleet.yaml': 'hosts: [a.xml, bad.xml]\n', 'a.xml': host, 'bad.xml': '<cpu' })
    await expect(readFleet(context, [named])).rejects.toThrow(/bad\.xml:1:/)
    const fitting = tree({ 'fleet.yaml': "hosts: ['*.xml']\n", 'a.xml': host, 'bad.xml': '<cpu' })
    const { fleet, notes } = await readFleet(context, [fitting])
    expect([fleet.hosts.length, noteOf(notes, 'bad.xml')?.kind]).toEqual([1, 'file-skipped'])
  })
})

describe('documents of a request', () => {
  const good = { path: 'a.xml', text: host }
  const bad = { path: 'b.xml', text: '<cpu' }
  const documents = [good, bad, { path: 'README.md', text: '# x' }]

  test('are left out and noted, or refused', () => {
    const answer = askNow({ verb: 'hosts', documents }, context)
    expect(answer).toMatchObject({
      hosts: [{ host: 'a.xml' }],
      notes: [
        { kind: 'file-skipped', source: 'b.xml' },
        { kind: 'file-without-cpu', source: 'README.md' },
        ...(answer.notes as object[]).slice(2),
      ],
    })
    expect(() => askNow({ verb: 'hosts', documents, noSkip: true }, context)).toThrow(
      /b\.xml:1:[\s\S]*README\.md/,
    )
  })

  test('where none can be read, that is the answer', () =>
    expect(() => askNow({ verb: 'hosts', documents: [bad] }, context)).toThrow('b.xml:1:'))
})

test('the library leaves them out, and tells', async () => {
  const root = tree({ 'a.xml': host, 'half.xml': `${host}<cpu>`, 'README.md': '# x\n<cpu/>' })
  const notes: Note[] = []
  const found: string[] = []
  for await (const { source } of readHosts([root], { skipped: note => notes.push(note) })) found.push(source)
  expect(found).toEqual([join(root, 'a.xml')])
  expect(notes.map(({ kind }) => kind)).toEqual(['file-without-cpu', 'file-skipped'])
})

describe('commands', () => {
  const root = tree({
    'a.xml': host,
    'half.xml': `${host}<cpu>`,
    'README.md': 'text\n<cpu><model>486</model></cpu>',
  })
  const run = (...args: string[]) => virtCpu(args, { cwd: root })

  test("virsh's: the answer of the others, and which host is missing in it", () => {
    const { status, stdout, stderr } = run('cpu-baseline', '.')
    expect([status, stdout]).toEqual([0, run('cpu-baseline', 'a.xml').stdout])
    expect(stderr).toMatch(/^note: \.\/half\.xml: skipped: line 2: /)
    expect(stderr).not.toContain('README')
  })

  test('--no-skip and --strict of a fleet', () => {
    expect(run('hosts', '.').status).toBe(0)
    expect(run('hosts', '.', '--strict').status).toBe(1)
    const { status, stderr } = run('hosts', '.', '--no-skip')
    expect([status, stderr.match(/^error: /gm)?.length]).toEqual([2, 2])
  })

  test('check cannot pass without a host that broke', () => {
    writeFileSync(join(root, 'fleet.yaml'), 'requirements: [{ level: x86-64-v1 }]\n')
    const { status, stdout } = run('check', 'fleet.yaml')
    expect([status, stdout]).toEqual([2, expect.stringContaining('half.xml: skipped')])
  })
})

const LITTLE: Readonly<Record<string, readonly [text: string, hint: string]>> = {
  dmidecode: ['# dmidecode 3.3\nHandle 0x0400, DMI type 4\n\tVersion: Zork\n', 'run `cat /proc/cpuinfo`'],
  lshw: ['  *-cpu\n       product: Zork\n       capabilities: fpu vme\n', 'run `cat /proc/cpuinfo`'],
  inxi: ['CPU:\n  Info: 16-core model: Zork\n  Flags: avx avx2\n', 'run `cat /proc/cpuinfo`'],
  hwinfo: ['  Hardware Class: cpu\n  Features: fpu,vme,de\n', 'run `cat /proc/cpuinfo`'],
  nodeinfo: ['CPU model:           x86_64\nCPU(s):              8\n', 'run `virsh capabilities`'],
  list: [' Id   Name   State\n----------------------\n 1    web    running\n', 'run `virsh dumpxml`'],
  nodes: [
    'NAME   STATUS   ROLES    AGE   VERSION\nn1     Ready    <none>   1d    v1.29\n',
    'get nodes -o json`',
  ],
  windows: [
    'Caption                               DeviceID\nIntel64 Family 6 Model 85 Stepping 4  CPU0\n',
    'few features',
  ],
  esxcli: ['CPU:0\n   Brand: GenuineIntel\n   Core Speed: 2095078800\n', 'featureCapability'],
  esxcliGlobal: ['   CPU Packages: 2\n   CPU Cores: 64\n   CPU Threads: 128\n', 'featureCapability'],
  version: ['Using library: libvirt 10.0.0\nRunning hypervisor: QEMU 8.2.2\n', 'run `virsh capabilities`'],
  lscpuTable: [
    'CPU NODE SOCKET CORE L1d:L1i:L2:L3 ONLINE\n  0    0      0    0 0:0:0:0       yes\n',
    'run `lscpu`',
  ],
  lscpuList: [
    '# The following is the parsable format, which can be fed to\n0,0,0,0,,0,0,0,0\n',
    'run `lscpu`',
  ],
  nova: ['| ID   | Hypervisor Hostname | State |\n| 9d5a | cmp-001 | up    |\n', 'hypervisor show -f json'],
  xe: ['uuid ( RO)           : 5b1d\n     name-label ( RW): xcp-01\n', 'xe host-param-list'],
  incus: ['CPUs:\n  Architecture: x86_64\n  Vendor: GenuineIntel\n', 'incus query /1.0/resources'],
  qm: ['      VMID NAME    STATUS     MEM(MB)\n       100 web01   running    4096\n', 'qm config VMID'],
  onehost: ['  ID NAME       CLUSTER    TVM  STAT\n   3 kvm3       default      2  on\n', 'onehost show -j'],
  uname: ['Linux pve1 6.8.12-4-pve #1 SMP PREEMPT_DYNAMIC x86_64 GNU/Linux\n', 'run `cat /proc/cpuinfo`'],
  freebsd: ['hw.model: Intel(R) Xeon(R) CPU E5-2680 v4 @ 2.40GHz\nhw.ncpu: 56\n', 'run `dmesg`'],
  macos: ['machdep.cpu.family: 6\nmachdep.cpu.model: 158\n', 'KVM does not run'],
}

test.each(Object.entries(LITTLE))(
  'what %s prints is skipped, and it is said what to give instead',
  (name, [text, hint]) => {
    const root = tree({ [name]: text, [`${name}-2`]: text, 'host.xml': host })
    const { stdout } = virtCpu(['hosts', root])
    expect(stdout.replace(/\s+/g, ' ')).toContain(`looks like what`)
    expect(stdout.replace(/\s+/g, ' ')).toContain(hint)
  },
)
