import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { matches } from '../../src/core/model.ts'
import { hosts, type QuestionInput } from '../../src/index.ts'
import { CpuMap } from '../../src/map/cpu-map.ts'
import type { HostLine } from '../../src/questions/hosts/answer.ts'
import { hostsCsv, reportHosts } from '../../src/questions/hosts/report.ts'
import { Report } from '../../src/report/report.ts'
import { folderOf, hostXml, virtCpu } from '../cli/virt-cpu.ts'
import { runs } from '../effort.ts'

const domcaps = `<domainCapabilities><arch>x86_64</arch><cpu>
<mode name='host-model' supported='yes'><model>Haswell</model><vendor>Intel</vendor></mode>
<mode name='custom' supported='yes'><model usable='yes'>Haswell</model></mode></cpu></domainCapabilities>`
const cpuinfo = `processor : 0
vendor_id : GenuineIntel
cpu family : 6
model : 60
stepping : 3
flags : fpu de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 mmx fxsr sse sse2 syscall nx lm pni
`
const linesOf = (documents: QuestionInput<'hosts'>['documents']) => hosts({ documents }).hosts

/** The fields of each line, as RFC 4180 reads them. */
const parseCsv = (text: string): string[][] =>
  [...text.matchAll(/((?:"(?:[^"]|"")*"|[^",\n])(?:"(?:[^"]|"")*"|[^"\n])*|)\n/g)].map(([, line = '']) =>
    [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^",]*))/g)].map(
      ([, quoted, plain = '']) => quoted?.replaceAll('""', '"') ?? plain,
    ),
  )

describe('hosts', () => {
  test('a host has one line, whatever tells of it', () => {
    const models = fc.array(fc.constantFrom('Haswell', 'EPYC', 'Nehalem'), { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(models, fc.array(fc.boolean(), { minLength: 6, maxLength: 6 }), (names, both) => {
        const documents = names.flatMap((model, i) => [
          { path: `n${i}.xml`, text: hostXml(model) },
          ...(both[i] ? [{ path: `n${i}.domcaps.xml`, text: domcaps }] : []),
        ])
        const answer = hosts({ documents })
        expect(answer.hosts.map(({ host }) => host)).toEqual(names.map((_, i) => `n${i}.xml`))
        const report = new Report()
        reportHosts(report, answer)
        const [finding = '', , head = '', ...lines] = report
          .text({ width: 400, paint: text => text })
          .trimEnd()
          .split('\n')
        expect(Number.parseInt(finding, 10)).toBe(names.length)
        // What all were read from is a line of its own.
        const isOne = new Set(names.map((_, i) => both[i])).size === 1
        expect(lines).toHaveLength(names.length + (isOne ? 1 : 0))
        expect(head.trim().split(/ {2,}/)).toEqual(
          `host,CPU,level,vendor,microcode,features,pool${isOne ? '' : ',read from'}`.split(','),
        )
      }),
      { numRuns: runs(30) },
    )
  })

  test('a line says which documents tell of the host, and what they speak of', () => {
    const lines = linesOf([
      { path: 'a/n1.xml', text: hostXml('Haswell') },
      { path: 'a/n1.domcaps.xml', text: domcaps },
      { path: 'n2', text: cpuinfo },
      { path: 'n3.xml', text: domcaps },
    ])
    expect(lines).toMatchObject([
      {
        pool: 'a',
        model: 'Haswell',
        vendor: 'Intel',
        level: 'x86-64-v2',
        readFrom: [{ layer: 'hardware' }, { layer: 'offered', document: 'domainCapabilities' }],
      },
      {
        pool: '',
        signature: { family: 6, model: 60, stepping: 3 },
        level: 'x86-64-v1',
        readFrom: [{ document: 'proc-cpuinfo' }],
      },
      { readFrom: [{ layer: 'offered', document: 'domainCapabilities' }] },
    ])
  })

  test('a higher level is possible only where no document rules it out', () => {
    const [known, offered] = linesOf([
      { path: 'a.xml', text: hostXml('Haswell') },
      { path: 'b.xml', text: domcaps },
    ])
    expect(known).toMatchObject({ level: 'x86-64-v2', higher: false })
    expect(offered).toMatchObject({ level: 'x86-64-v2', higher: true })
  })

  test('every value of a CSV is read back as it was', () => {
    const name = fc.string({ minLength: 1, unit: fc.constantFrom(...'ab,"\n \r;=é') })
    const [one] = linesOf([{ path: 'a.xml', text: hostXml('Haswell') }])
    if (!one) throw new Error('no host')
    fc.assert(
      fc.property(fc.array(name), names => {
        const csv = hostsCsv({ hosts: names.map(host => ({ ...one, host })) })
        expect(
          parseCsv(csv)
            .slice(1)
            .map(([host]) => host),
        ).toEqual(names)
      }),
      { numRuns: runs(200) },
    )
  })

  test('-o chooses the form; notes do not stand among values', () => {
    const cwd = folderOf({ 'a.xml': hostXml('Haswell'), 'b.xml': domcaps })
    const of = (form: string) => virtCpu(['hosts', 'a.xml', 'b.xml', '-o', form], { cwd })
    expect(of('name').stdout).toBe('a.xml\nb.xml\n')
    expect(of('name').stderr).toContain('b.xml: known by its hypervisor alone')
    expect(of('csv').stdout.split('\n')).toHaveLength(4)
    expect(of('json').stdout).toBe(virtCpu(['hosts', 'a.xml', 'b.xml', '--json'], { cwd }).stdout)
    expect(of('yaml').stdout).toContain('\n  - host: a.xml\n')
    const wide = of('wide').stdout.split('\n')
    expect(wide[0]).toMatch(/^ *host .* silicon .* address bits .* uuid$/)
    // A line a host, however narrow the terminal is.
    expect(wide.slice(1, 3).every(line => /^ *[ab] .* x86_64 /.test(line))).toBe(true)
    expect(of('xml')).toMatchObject({ status: 2, stderr: expect.stringContaining("not 'xml'") })
  })

  const released = CpuMap.builtIn()
    .of('x86')
    .models.filter(({ vendor, features }) => vendor?.name === 'Intel' && features.size > 40)
  const signed = released.filter(({ signatures }) => signatures.length > 0)

  test('a host named as another model than its silicon says what it lacks of that, and no more', () => {
    fc.assert(
      fc.property(fc.constantFrom(...signed), fc.constantFrom(...released), (own, named) => {
        const [{ family, model, steppings = 1 } = { family: 0, model: 0 }] = own.signatures
        const signature = { family, model, stepping: 31 - Math.clz32(steppings & -steppings) }
        const hostOf = (features: readonly string[]) => {
          const text = hostXml(named.name, features).replace(
            '<feature',
            `<signature family='${family}' model='${model}' stepping='${signature.stepping}'/><feature`,
          )
          return linesOf([{ path: 'a.xml', text }])[0]
        }
        const { heldBack } = hostOf(['vme']) ?? {}
        if (matches(named.signatures, signature)) expect(heldBack).toBeUndefined()
        if (!heldBack) return
        const whole = released.find(({ name }) => name === heldBack.model)
        expect(matches(whole?.signatures ?? [], signature)).toBe(true)
        const missing = heldBack.missing.map(({ feature }) => feature)
        expect(missing.length).toBeGreaterThan(0)
        expect(hostOf(['vme', ...missing])?.heldBack).toBeUndefined()
        const [one = '', ...others] = missing
        expect(hostOf(['vme', ...others])?.heldBack?.missing.map(({ feature }) => feature)).toEqual([one])
      }),
      { numRuns: runs(2000) },
    )
  })

  test('what holds a host back has the cause and the remedy that explain has', () => {
    const of = (name: string) => {
      const { hosts: lines } = JSON.parse(virtCpu(['hosts', 'examples/forty', '--json']).stdout) as {
        hosts: HostLine[]
      }
      return lines.find(({ host }) => host === name)?.heldBack
    }
    expect(of('kvm-a07')?.missing.map(({ feature, cause, remedy }) => [feature, cause, remedy])).toEqual([
      ['pclmuldq', 'unknown', expect.any(String)],
      ['aes', 'firmware', 'turn on AES-NI in firmware setup'],
    ])
    expect(of('kvm-a01')).toBeUndefined()
    const { stdout } = virtCpu(['hosts', 'examples/forty'])
    expect(stdout.replace(/\s+/g, ' ')).toContain(
      'note: kvm-a07: Nehalem-v2, not Cascadelake-Server, without',
    )
  })

  test('silicon is what people call it', () => {
    const { stdout } = virtCpu(['hosts', 'examples/fleet', '--json'])
    const hosts: { host: string; silicon: string | null }[] = JSON.parse(stdout).hosts
    const of = (name: string) => hosts.find(({ host }) => host.includes(name))?.silicon
    expect([of('ice-01'), of('sky-03')]).toEqual(['Ice Lake-SP', 'Skylake-SP'])
  })
})
