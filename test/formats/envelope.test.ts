import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readText } from '../../src/formats/dialects.ts'
import type { Found } from '../../src/formats/found.ts'

const corpus = (path: string): string => readFileSync(join(import.meta.dirname, '..', 'corpus', path), 'utf8')

const capabilities = corpus('xml/capabilities.xml')
const cpuinfo = corpus('machine/proc-cpuinfo.txt')
const registers = corpus('dumps/cpuid-r-1.txt')

/** What was found, without what is said around it. */
const bare = (found: readonly Found[]) => found.map(({ called: _, notes: __, ...rest }) => rest)
const names = (text: string) => readText(text).map(({ called }) => called)
const eachLine = (text: string, prefix: string) => text.replace(/^(?=.|\n(?!$))/gm, prefix)

test.each([
  ['cat -n', (text: string) => text.replace(/^/gm, '    7\t')],
  [
    'grep -n',
    (text: string) =>
      text
        .split('\n')
        .map((line, i) => `${i + 1}:${line}`)
        .join('\n'),
  ],
  ['what diff adds', (text: string) => text.replace(/^/gm, '+')],
])('%s', (_, quote) => {
  expect(bare(readText(quote(capabilities.trimEnd())))).toEqual(bare(readText(capabilities.trimEnd())))
})

test('of Ansible’s hosts those that answered count, and one that failed is named', () => {
  const unreachable = '{\n    "changed": false,\n    "msg": "Failed to connect",\n    "unreachable": true\n}'
  const text = `n1 | CHANGED | rc=0 >>\n${capabilities}n2 | UNREACHABLE! => ${unreachable}\nn3 | FAILED | rc=127 >>\n/bin/sh: 1: virsh: not found\n`
  const found = readText(text)
  expect(found.map(({ called }) => called)).toEqual(['n1'])
  expect(found[0]?.notes?.join()).toContain('n3')
})

describe('a document in a log', () => {
  test.each([
    ['<_OsVariant name=generic> was found', `DEBUG <_OsVariant name=generic>\n${capabilities}bye\n`],
    [
      'behind what a log says of it',
      `DEBUG <_OsVariant name=generic>\n[Fri] DEBUG Fetched capabilities: ${capabilities}[Fri] bye\n`,
    ],
    ['two in a message', `if a < b then\n${capabilities}\nand\n\n${capabilities}`],
  ])('%s', (_, text) => {
    const whole = bare(readText(capabilities))
    expect(new Set(bare(readText(text)).map(one => JSON.stringify(one)))).toEqual(
      new Set(whole.map(one => JSON.stringify(one))),
    )
  })

  test('what documents a format holds none: a fence, a part', () => {
    expect(readText(`# Format\n\n\`\`\`\n${capabilities}\`\`\`\nand <more>\ntext\nof\nit\n`)).toEqual([])
    expect(readText(`it <prints>\n${capabilities.slice(0, 400)}`)).toEqual([])
  })

  test('what a task of Ansible’s registered', () => {
    const stdout = (text: string) => ({ changed: true, stdout: text })
    expect(names(JSON.stringify(stdout(cpuinfo)))).toEqual([undefined])
    expect(names(JSON.stringify({ results: [{ ...stdout(cpuinfo), item: 'n1' }] }))).toEqual(['n1'])
    const plays = { plays: [{ tasks: [{ hosts: { n1: stdout(cpuinfo), n2: stdout(registers) } }] }] }
    expect(names(JSON.stringify(plays))).toEqual(['n1', 'n2'])
  })
})

describe('what stands around a text goes', () => {
  const AROUND: readonly (readonly [what: string, around: (text: string) => string])[] = [
    ['a prompt', text => `$ virsh capabilities\n${text}`],
    ["root's prompt with < in it", text => `[root@kvm1 ~]# virsh dumpxml vm | grep -A9 "<cpu"\n${text}`],
    ["Debian's prompt, and the next one", text => `root@pve1:~# cat x\n${text}\nroot@pve1:~# `],
    ['a fence', text => `\`\`\`xml\n${text}\n\`\`\`\n`],
    ['a prompt in a fence', text => `~~~\n# virsh capabilities\n${text}\n~~~\n`],
    ['the prefix of a journal', text => eachLine(text, 'Nov 29 12:00:00 kvm1 libvirtd[123]: ')],
    ['times', text => eachLine(text, '2024-05-01T10:00:00.123Z ')],
    ['quotes of mail', text => eachLine(text, '> ')],
    ['quotes of quotes', text => eachLine(text, '> > ')],
    ['backticks', text => `\`${text}\``],
    ['CRLF and a prompt', text => `$ cat it\r\n${text.replace(/\r?\n/g, '\r\n')}`],
  ]

  test.each(AROUND)('%s', (_, around) => {
    for (const text of [capabilities, cpuinfo, registers]) {
      expect(bare(readText(around(text)))).toEqual(bare(readText(text)))
    }
  })

  test('a margin', () => {
    for (const text of [cpuinfo, registers])
      expect(bare(readText(eachLine(text, '    ')))).toEqual(bare(readText(text)))
  })

  test("HTML's escapes", () => {
    const escaped = capabilities.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
    expect(readText(escaped)).toEqual(readText(capabilities))
  })
})

describe('machines are told apart', () => {
  test.each<[string, string]>([
    ['pdsh', `pdsh@admin: a1: ok\n${eachLine(registers, 'n1: ')}\n${eachLine(registers, 'n2: ')}`],
    [
      'clush -b',
      `---------------\nn1\n---------------\n${registers}\n---------------\nn2\n---------------\n${cpuinfo}`,
    ],
    ['head', `==> hosts/n1.txt <==\n${cpuinfo}\n\n==> hosts/n2.txt <==\n${registers}`],
    ['echo', `== n1\n${registers}\n== n2\n${capabilities}`],
    ['rules', `---- n1 ----\n${registers}\n---- n2 ----\n${registers}`],
    ['Markdown', `### n1\n\`\`\`\n${registers}\`\`\`\n### n2\n\`\`\`\n${registers}\`\`\`\n`],
    ['ansible', `n1 | CHANGED | rc=0 >>\n${registers}\nn2 | SUCCESS | rc=0 >>\n${cpuinfo}`],
    [
      'ansible -o',
      `n1 | CHANGED | rc=0 | (stdout) ${registers.replaceAll('\n', '\\n')}\nn2 | CHANGED | rc=0 >>\n${registers}`,
    ],
    [
      'ansible, JSON',
      ['n1', 'n2']
        .map(name => `${name} | SUCCESS => ${JSON.stringify({ stdout: cpuinfo }, null, 2)}`)
        .join('\n'),
    ],
    ['prompts', `root@n1:~# cpuid -r\n${registers}root@n2:~# cpuid -r\n${registers}`],
  ])('%s', (_, text) => {
    expect(names(text)).toEqual(['n1', 'n2'])
  })

  test('one that gave nothing is named', () => {
    const text = `== n1\n${registers}\n== n2\n${registers}\n== n3\nssh: connect to host n3: No route to host\n`
    expect(names(text)).toEqual(['n1', 'n2'])
    expect(readText(text)[0]?.notes).toEqual([
      'what stands under n3 is in no format that is read, and left out',
    ])
  })

  test('a fault keeps its line', () => {
    const text = `== n1\n${registers}== n2\n   0x00000000 0x00: eax=0x0000000d ebx=0x756e\n`
    expect(() => readText(text, 'x')).toThrow(`x:${text.split('\n').length - 1}:4: this line of a CPUID dump`)
  })
})

test.each([
  ['a program', `#!/usr/bin/env python3\nprint("<cpu><model>x</model></cpu>")\n`],
  ['a page of Markdown', `# Hosts\n\nThese are ours:\n\n\`\`\`xml\n${capabilities}\n\`\`\`\n`],
  ['prose', 'The <cpu> of the host is\n<cpu><model>x</model></cpu>\n'],
  ["a hypervisor's log", 'cloud-hypervisor: 11.6ms: <vmm> ERROR:arch/src/x86_64/mod.rs:643 -- leaf=0x1d\n'],
])('%s holds nothing', (_, text) => {
  expect(readText(text)).toEqual([])
})

test.each([
  ['dmesg', '[    0.000000] '],
  ['the journal of a kernel', 'Jun  1 12:00:00 n1 kernel: [    0.000000] '],
])('the prefix of %s goes, and is no JSON', (_, prefix) => {
  const plain =
    'CPU: Example CPU E5-2620 (2100.00-MHz K8-class CPU)\n  Origin="GenuineIntel"  Id=0x306f2\n  Features=0x1fa3fbff<FPU,VME,DE>\n'
  const found = (text: string) => readText(text).map(({ kind, dialect }) => [kind, dialect])
  const prefixed = plain.replace(/^(?=.)/gm, prefix)
  expect(found(plain)).toEqual([['dump', 'freebsd-dmesg']])
  expect(found(prefixed)).toEqual(found(plain))
})
