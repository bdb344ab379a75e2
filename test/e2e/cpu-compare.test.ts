import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { runProcess, virtCpu } from '../cli/virt-cpu.ts'
import { needed } from '../needs.ts'
import { type Libvirtd, sharedLibvirtd, virsh, whyNoDaemon } from './libvirtd.ts'

const MAP = '/usr/share/libvirt/cpu_map'
const why = needed('libvirt 11.3, and may start a daemon', whyNoDaemon())

/** Ours reads `<cpudata>`; the caret of `]]>` moved between versions of libxml2. */
const DIFFERENT = /^(cpudata|bad-cdata-end)/

describe.skipIf(why)(`cpu-compare with this host, beside virsh (${why ?? 'installed'})`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'virt-cpu-'))
  const corpus = join(import.meta.dirname, '..', 'corpus', 'xml')
  for (const name of readdirSync(corpus).filter(name => name.endsWith('.xml') && !DIFFERENT.test(name)))
    writeFileSync(join(folder, name), readFileSync(join(corpus, name)))

  let daemon: Libvirtd
  beforeAll(async () => {
    daemon = await sharedLibvirtd()
    const host = virsh(daemon, 'capabilities', '--xpath', '/capabilities/host/cpu')
    const without = (feature: RegExp) => host.replace(feature, '')
    writeFileSync(join(folder, 'this.xml'), host)
    writeFileSync(join(folder, 'less.xml'), without(/ *<feature name=.*\n/))
    writeFileSync(join(folder, 'more.xml'), host.replace('</cpu>', '<feature name="amx-tile"/></cpu>'))
    writeFileSync(join(folder, 'guest.xml'), '<cpu match="strict"><model>486</model></cpu>')
  })

  test('every document of the corpus, this host, and hosts with less and more', () => {
    const differing = readdirSync(folder).flatMap(file => {
      const args = ['cpu-compare', file, '--error']
      const theirs = runProcess('virsh', ['-c', daemon.uri, ...args], { cwd: folder })
      const ours = virtCpu(['--libvirt', '11.3', '--cpu-map', MAP, ...args], { cwd: folder })
      return JSON.stringify(ours) === JSON.stringify(theirs) ? [] : [{ file, ours, theirs }]
    })
    expect(differing).toEqual([])
  })

  test('this host is identical, one with a feature less is covered', () => {
    const said = (file: string) => virtCpu(['--cpu-map', MAP, 'cpu-compare', file], { cwd: folder }).stdout
    expect(said('this.xml')).toBe('CPU described in this.xml is identical to host CPU\n\n')
    expect(said('less.xml')).toBe('Host CPU is a superset of CPU described in less.xml\n\n')
  })
})
