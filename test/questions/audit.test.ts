import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type AnswerDocument, audit, check, explain } from '../../src/index.ts'
import { builtinVulnerabilities, type Vulnerability } from '../../src/map/vulnerabilities.ts'
import { nameFindings } from '../../src/questions/audit/report.ts'
import { checksOfAudit } from '../../src/questions/check/checks-of.ts'
import { contextOf } from '../../src/questions/context.ts'
import { printJunit, printSarif } from '../../src/report/checks.ts'
import { runs } from '../effort.ts'

const root = join(import.meta.dirname, '..', '..')
const example = (path: string) => readFileSync(join(root, 'examples', path), 'utf8')
const { db } = contextOf()

const HOSTS: Readonly<Record<string, string>> = {
  Intel: example('fleet/ice-01.xml'),
  AMD: example('fleet-amd/milan-01.xml'),
}

/** A host of the vendor, and what its kernel says. */
const host = (vendor: string, statuses: Readonly<Record<string, string>> = {}, more = '') => {
  const lines = Object.entries({ vmscape: 'Not affected', ghostwrite: 'Not affected', ...statuses })
  return [
    { path: 'n1.xml', text: HOSTS[vendor] ?? '' },
    {
      path: 'n1.vulnerabilities.txt',
      text: `${lines.map(([file, words]) => `${file}:${words}`).join('\n')}\n${more}`,
    },
  ]
}

const guest = (name: string, model: string, features: Readonly<Record<string, string>> = {}, more = '') => ({
  path: `${name}.xml`,
  text: `<domain type='kvm'><name>${name}</name><os><type arch='x86_64'>hvm</type></os><cpu mode='custom' match='exact'><model>${model}</model>${Object.entries(
    features,
  )
    .map(([feature, policy]) => `<feature policy='${policy}' name='${feature}'/>`)
    .join('')}</cpu>${more}</domain>`,
})

type Answer = AnswerDocument<'audit'>
const ids = ({ findings }: Pick<Answer, 'findings'>, kinds = /^(?:guest|model)$/) =>
  findings.filter(({ kind }) => kinds.test(kind)).map(({ id }) => id)

const models = db.models.filter(({ vendor }) => vendor && HOSTS[vendor.name])
const beliefs = audit({ documents: host('Intel'), models: models.map(({ name }) => name) }).lines.filter(
  ({ kind }) => kind === 'model',
)
const believing = (one: Vulnerability, affected: 'yes' | 'no') =>
  beliefs.find(({ vulnerabilities }) =>
    vulnerabilities.some(({ name, affected: is }) => name === one.name && is === affected),
  )?.name
const hasByModel = (model: string, feature: string) => {
  const bits = db.features.get(feature)?.bits
  const features = db.model(model)?.features
  return bits !== undefined && features !== undefined && bits.leq(features)
}
const vendorOf = (model: string) => db.model(model)?.vendor?.name ?? ''
const isOfGuests = ({ attacks }: Vulnerability) => attacks.some(attack => /^user-/.test(attack))

const ROWS = builtinVulnerabilities().list.filter(
  one => !one.isErratum && one.file !== undefined && !one.hostsOnly && isOfGuests(one),
)

describe.each(ROWS.map(one => [one.name, one] as const))('%s', (name, one) => {
  const of = (model: string, words: string) =>
    audit({ documents: host(vendorOf(model), { [one.file ?? '']: words }), models: [model] })
  const [safe, hit] = [believing(one, 'no'), believing(one, 'yes')]

  test('a model that believes it is safe is in danger where a kernel says that it is not, and only there', () => {
    if (safe === undefined) return
    const danger = ids(of(safe, 'Mitigation: something')).filter(id => id.endsWith(`:${name}`))
    const covered = one.coveredBy.some(other =>
      beliefs.some(
        line =>
          line.name === safe && line.vulnerabilities.some(it => it.name === other && it.affected === 'yes'),
      ),
    )
    const hidden = one.through.length > 0 && !one.through.some(feature => hasByModel(safe, feature))
    if (one.relies || covered || hidden) expect(danger).toEqual([])
    else expect(danger).toEqual([expect.stringMatching(/^(?:believes-safe|promise-not-kept|hazard-lost):/)])
    expect(ids(of(safe, 'Not affected')).filter(id => id.endsWith(`:${name}`))).toEqual([])
  })

  test('a model that believes in it pays where no host has it, and is told where it cannot help itself', () => {
    if (hit === undefined) return
    const free = ids(of(hit, 'Not affected')).filter(id => id.endsWith(`:${name}`))
    expect(free).toEqual(one.cost === '' ? [] : [`believes-affected:${name}`])
    const answer = of(hit, 'Vulnerable')
    const line = answer.lines.find(({ kind }) => kind === 'model')
    const says = line?.vulnerabilities.find(it => it.name === name)?.says ?? ''
    expect(ids(answer).includes(`unmitigated:${name}`)).toBe(/^Vulnerable/.test(says))
    expect(ids(answer, /^host$/)).toContain(`host-vulnerable:${one.file}`)
  })
})

describe('a guest', () => {
  const MDS = { mds: 'Mitigation: Clear CPU buffers; SMT disabled' }

  test('with a promise that its host does not keep is told to drop it', () => {
    const documents = [
      ...host('Intel', { reg_file_data_sampling: 'Mitigation: Clear Register File' }),
      guest('a', 'Icelake-Server', { 'rfds-no': 'require', 'arch-capabilities': 'require' }),
    ]
    const { findings } = audit({
      documents,
      fleet: { hosts: [{ files: 'n1*', name: 'n1' }], guests: ['a.xml'] },
    })
    const kept = findings.filter(({ id }) => id === 'promise-not-kept:rfds')
    expect(kept.length === 0 || kept[0]?.change === "<feature policy='disable' name='rfds-no'/>").toBe(true)
  })

  test('that lacks a bit is given the line to add where its hosts have it, and none where they have not', () => {
    const documents = [...host('Intel', MDS), guest('a', 'Broadwell-noTSX-IBRS')]
    const mds = nameFindings(audit({ documents })).find(({ id }) => id === 'unmitigated:mds')
    expect(mds).toMatchObject({
      subjects: ['a'],
      severity: 'danger',
      change: "<feature policy='require' name='md-clear'/>",
    })
    const mended = [...host('Intel', MDS), guest('a', 'Broadwell-noTSX-IBRS', { 'md-clear': 'require' })]
    expect(ids(audit({ documents: mended }))).not.toContain('unmitigated:mds')
  })

  test('that lacks a bit is told which versions name it, and that no model has it', () => {
    const documents = [...host('AMD', { tsa: 'Mitigation: Clear CPU buffers' }), guest('a', 'EPYC-Milan')]
    const tsa = audit({ documents }).findings.find(({ id }) => id === 'unmitigated:tsa')
    expect(tsa?.reason).toMatch(
      /^it lacks verw-clear, which no model has, named by QEMU since [\d.]+, libvirt since /,
    )
  })

  test('with threads is told of what its kernel then says, and of the bit that helps', () => {
    const rome = (threads: number, ...bits: string[]) => {
      const topology = `<topology sockets='1' dies='1' cores='2' threads='${threads}'/>`
      const one = guest('g', 'EPYC', Object.fromEntries(bits.map(name => [name, 'require'])))
      const text = one.text.replace('</model>', `</model>${topology}`)
      const host = { path: 'n1.xml', text: example('fleet-amd/rome-01.xml') }
      const answer = audit({ documents: [host, { ...one, text }] })
      const line = answer.lines.find(({ name }) => name === 'g')
      return {
        retbleed: line?.vulnerabilities.find(({ name }) => name === 'retbleed')?.says,
        lacks: ids(answer).filter(id => id.startsWith('lacks:amd-stibp')),
      }
    }
    const words = 'Mitigation: untrained return thunk; SMT'
    expect(rome(1)).toEqual({ retbleed: `${words} disabled`, lacks: [] })
    expect(rome(2)).toEqual({ retbleed: `${words} vulnerable`, lacks: ['lacks:amd-stibp'] })
    expect(rome(2, 'amd-stibp')).toEqual({ retbleed: `${words} enabled with STIBP protection`, lacks: [] })
  })

  test('of Windows is told what breaks it, by its vendor', () => {
    const breaks = (model: string, ...features: string[]) =>
      ids(
        audit({
          documents: [guest('w', model, Object.fromEntries(features.map(name => [name, 'require'])))],
          guestOs: ['windows11'],
        }),
      ).filter(id => id.startsWith('breaks:'))
    expect(breaks('EPYC-Milan', 'arch-capabilities')).toEqual(['breaks:windows11:arch-capabilities'])
    expect(breaks('Skylake-Server-IBRS', 'arch-capabilities')).toEqual([])
    expect(breaks('SapphireRapids')).toContain('breaks:windows11:leaf>1e')
    expect(breaks('Skylake-Server-IBRS', 'md-clear')).toEqual(['breaks:windows11:md-clear'])
  })

  test('whose memory is protected is told which models keep its launch measurement', () => {
    const documents = [
      guest(
        's',
        'EPYC-Milan',
        {},
        "<launchSecurity type='sev-snp'><policy>0x30000</policy></launchSecurity>",
      ),
    ]
    const [line] = audit({ documents }).lines
    expect(line).toMatchObject({
      signature: { family: 25, model: 1, stepping: 1 },
      shares: ['EPYC-Milan-v1', 'EPYC-Milan-v2', 'EPYC-Milan-v3'],
    })
    expect(audit({ documents: [guest('a', 'EPYC-Milan')] }).lines[0]?.shares).toBeUndefined()
    const epyc = audit({ documents: host('AMD'), models: ['EPYC'] }).lines.find(
      ({ kind }) => kind === 'model',
    )
    expect(epyc?.shares).toContain('EPYC-v4')
    expect(epyc?.shares).not.toContain('EPYC-Rome')
  })
})

describe('a pool', () => {
  const TOLD = ['Not affected', 'Vulnerable', 'Mitigation: something']
  const BITS =
    'ssbd md-clear arch-capabilities rdctl-no mds-no rfds-clear rsba ibrs-all its-no fb-clear'.split(' ')
  const aHost = fc.record({
    model: fc.constantFrom(...db.models.filter(({ vendor, decode }) => vendor && decode.guest)),
    more: fc.subarray(BITS),
    says: fc.subarray(ROWS.flatMap(({ file }) => file ?? [])),
    words: fc.constantFrom(...TOLD),
    pool: fc.constantFrom('a', 'b'),
  })
  const documentsOf = (
    { model, more, says, words, pool }: typeof aHost extends fc.Arbitrary<infer T> ? T : never,
    i: number,
  ) => {
    const features = more.map(name => `<feature name='${name}'/>`).join('')
    const text = `<cpu><arch>x86_64</arch><model>${model.name}</model><vendor>${model.vendor?.name}</vendor>${features}</cpu>`
    return [
      { path: `${pool}/h${i}.xml`, text },
      { path: `${pool}/h${i}.vulnerabilities.txt`, text: says.map(file => `${file}:${words}`).join('\n') },
    ].filter(one => one.text !== '')
  }
  const told = (answer: Answer, kind: string, name: string) => ({
    believes: answer.lines.find(line => line.kind === kind && line.name === name)?.vulnerabilities,
    findings: nameFindings(answer)
      .filter(one => one.kind === kind && one.subjects.includes(name))
      .map(({ subjects: _, kind: __, remedy: ___, ...rest }) => rest),
  })

  test('has the row and the findings of a guest on its hosts that has the CPU which is printed for it', () => {
    let found = 0
    fc.assert(
      fc.property(fc.array(aHost, { minLength: 1, maxLength: 5 }), hosts => {
        const documents = hosts.flatMap(documentsOf)
        const explained = explain({ documents })
        if ('feature' in explained || 'mostExpensive' in explained || 'fleets' in explained)
          throw new Error('another answer')
        for (const { pool, expression } of explained.pools) {
          if (!expression) continue
          const text = `<domain type='kvm'><name>as-${pool}</name><os><type arch='x86_64'>hvm</type></os>${expression.xml}</domain>`
          const answer = audit({ documents: [...documents, { path: `${pool}/guest.xml`, text }] })
          const ofPool = told(answer, 'pool', pool)
          found += ofPool.findings.length
          expect(ofPool.believes).toBeDefined()
          expect(ofPool).toEqual(told(answer, 'guest', `as-${pool}`))
        }
      }),
      { numRuns: runs(800) },
    )
    expect(found).toBeGreaterThan(0)
  })

  test('is told of a warning that the meet loses, and of what to part', () => {
    const caps = (...more: string[]) =>
      `<domainCapabilities><arch>x86_64</arch><cpu><mode name='host-model' supported='yes'><model fallback='forbid'>Broadwell-noTSX-IBRS</model><vendor>Intel</vendor>${['arch-capabilities', ...more].map(name => `<feature policy='require' name='${name}'/>`).join('')}</mode></cpu></domainCapabilities>`
    const documents = [
      { path: 'p/h1.domcaps.xml', text: caps('rsba') },
      { path: 'p/h1.vulnerabilities.txt', text: 'retbleed:Mitigation: IBRS' },
      { path: 'p/h2.domcaps.xml', text: caps() },
    ]
    const findings = nameFindings(audit({ documents }))
    expect(findings.find(({ kind, id }) => kind === 'pool' && id.endsWith(':retbleed'))).toMatchObject({
      id: 'hazard-lost:retbleed',
      subjects: ['p'],
      hosts: ['p/h1.domcaps.xml'],
      change: '',
      remedy: 'p/h2.domcaps.xml is not known to give rsba: give p/h1.domcaps.xml a pool of its own',
    })
  })
})

describe('a host', () => {
  test('is told of holes, vectors that are off, and microcode that is old', () => {
    const statuses = {
      spectre_v2: 'Mitigation: Enhanced / Automatic IBRS; IBPB: conditional; BHI: Vulnerable',
      mds: 'Mitigation: Clear CPU buffers; SMT vulnerable',
      indirect_target_selection: 'Mitigation: Vulnerable, KVM: Not affected',
    }
    const documents = host('Intel', statuses, 'BOOT_IMAGE=/vmlinuz ro mitigations=auto,no_guest_host quiet\n')
    expect(ids(audit({ documents }), /^host$/)).toEqual([
      'host-vulnerable:indirect_target_selection',
      'mitigations:no_guest_host',
      'host-open:spectre_v2',
      'microcode-old',
      'host-threads:mds',
    ])
  })

  test('of which nothing is said is told by its silicon', () => {
    const [line] = audit({ documents: [{ path: 'n1.xml', text: HOSTS.Intel ?? '' }] }).lines
    const by = new Map(
      line?.vulnerabilities.map(({ name, affected, by: who }) => [name, `${affected} ${who}`]),
    )
    expect(by.get('gds')).toBe('yes silicon')
    expect(by.get('mds')).toBe('no silicon')
    expect(by.get('retbleed')).toBe('no silicon')
    expect(by.get('tsa')).toBe('no silicon')
  })
})

test('of other architectures only kernels tell', () => {
  const text = readFileSync(join(root, 'test', 'corpus', 'machines', 'neoverse-n1.cpuinfo.txt'), 'utf8')
  const { lines, findings } = audit({ documents: [{ path: 'arm.txt', text }, guest('a', 'Nehalem')] })
  const arm = lines.find(({ name }) => name === 'arm.txt')
  expect(new Set(arm?.vulnerabilities.map(({ affected }) => affected))).toEqual(new Set(['unknown']))
  expect(findings).toEqual([])
})

test('lscpu says what the kernel does', () => {
  const text = readFileSync(join(root, 'test', 'corpus', 'machine', 'lscpu.txt'), 'utf8')
  const [line] = audit({ documents: [{ path: 'lscpu.txt', text }] }).lines
  const told = line?.vulnerabilities.filter(({ by }) => by === 'kernel').map(({ name }) => name)
  expect(told).toEqual(expect.arrayContaining(['mds', 'l1tf', 'spectre_v2', 'taa']))
})

describe('check with os', () => {
  const failed = (os: string | string[], ...documents: { path: string; text: string }[]) => {
    const answer = check({ documents, fleet: { requirements: [{ os }] } })
    if (!('verdicts' in answer)) throw new Error('several architectures')
    return answer.verdicts.map(({ kind, failures }) => [kind, failures.map(({ text }) => text)])
  }
  const ice = { path: 'n1.xml', text: HOSTS.Intel ?? '' }

  test('holds hosts and guests to what a system needs', () => {
    expect(failed('rhel10', ice, guest('a', 'Skylake-Client-IBRS'))).toEqual([['os', []]])
    expect(failed(['rhel10'], ice, guest('old', 'Nehalem'))).toEqual([
      ['os', [expect.stringMatching(/^guest old lacks fma, movbe/)]],
    ])
    const old = {
      path: 'neh.xml',
      text: '<cpu><arch>x86_64</arch><model>Nehalem</model><vendor>Intel</vendor></cpu>',
    }
    expect(failed('rhel10', ice, old)[0]?.[1]).toEqual(
      expect.arrayContaining([expect.stringMatching(/^avx2 .* is not on neh/)]),
    )
    expect(failed('rhel9', ice, old)).toEqual([['os', []]])
  })

  test('names the system that is not known, at its place', () => {
    expect(() => failed(['rhel9', 'rehl10'], ice)).toThrow(
      "fleet.requirements.0.os.1: must be a system that is known, not 'rehl10'; did you mean rhel10?",
    )
  })
})

describe('ignore', () => {
  const documents = host('Intel', { mds: 'Vulnerable' })
  const asked = (entry: object, today?: string) =>
    audit({ documents, fleet: { ignore: [entry] }, ...(today === undefined ? {} : { today }) })
  const entry = { id: 'host-vulnerable:mds', reason: 'no guests of others', until: '2027-01-31' }

  test('takes a finding out until its day, and is one itself afterwards', () => {
    const live = asked(entry, '2027-01-31')
    expect(ids(live, /host/)).not.toContain(entry.id)
    expect(live.ignored).toEqual([entry])
    const late = asked(entry, '2027-02-01')
    expect(ids(late, /host|fleet/)).toEqual(expect.arrayContaining([entry.id, `ignore-expired:${entry.id}`]))
    expect(late.findings.find(({ id }) => id.startsWith('ignore-expired'))?.severity).toBe('danger')
  })

  test('is for these hosts alone where it says so, and told where it fits nothing', () => {
    expect(ids(asked({ ...entry, of: 'n1*' }), /host/)).not.toContain(entry.id)
    expect(ids(asked({ ...entry, of: ['other'] }), /host|fleet/)).toEqual(
      expect.arrayContaining([entry.id, `ignore-idle:${entry.id}`]),
    )
  })

  test.each([
    [{ id: 'a', until: '2027-01-31' }, 'fleet.ignore.0.reason: is missing'],
    [{ id: 'a', reason: 'b' }, 'fleet.ignore.0.until: '],
    [{ id: 'a', reason: 'b', until: 'soon' }, 'fleet.ignore.0.until: must be a day such as 2027-01-31'],
    [{ id: 'a', reason: '', until: '2027-01-31' }, 'fleet.ignore.0.reason: must not be empty'],
  ])('without its parts is refused with its place: %j', (bad, message) => {
    expect(() => asked(bad)).toThrow(message)
  })
})

test('continuous integration gets a case for each finding, and one for what is clean', () => {
  const answer = audit({ documents: [...host('Intel', { mds: 'Vulnerable' }), guest('a', 'Icelake-Server')] })
  const checks = checksOfAudit(answer, new Map([['n1.xml', 'n1.xml']]))
  expect(printJunit(checks)).toContain("<failure message='n1.xml: open to Microarchitectural data sampling")
  const sarif = JSON.parse(printSarif(checks, { name: 'virt-cpu', version: '0' }, 'fleet'))
  const results: { ruleId: string; level: string }[] = sarif.runs[0].results
  expect(results).toContainEqual(expect.objectContaining({ ruleId: 'host-vulnerable:mds', level: 'error' }))
  expect(results).toHaveLength(answer.findings.reduce((sum, { inLines }) => sum + inLines.length, 0))
})

test('a model that is not known is refused', () => {
  expect(() => audit({ documents: host('Intel'), models: ['Skylak'] })).toThrow("not 'Skylak'")
})

test('of a host among others is said what is said of it alone', () => {
  const states = ['Not affected', 'Vulnerable', 'Mitigation: Enhanced IBRS; SMT vulnerable']
  const drawn = fc.record({
    vendor: fc.constantFrom('Intel', 'AMD'),
    mds: fc.constantFrom(...states),
    cmdline: fc.constantFrom('', 'cmdline:mitigations=off'),
  })
  const documentsOf = (hosts: readonly { vendor: string; mds: string; cmdline: string }[]) =>
    hosts.flatMap(({ vendor, mds, cmdline }, i) =>
      host(vendor, { mds }, cmdline).map(({ path, text }) => ({ path: path.replace('n1', `h${i}`), text })),
    )
  const told = ({ findings, lines }: Answer, i: number) => [
    lines.filter(({ name, kind }) => kind === 'host' && name === `h${i}.xml`),
    findings
      .filter(
        ({ inLines, kind }) => kind === 'host' && inLines.some(line => lines[line]?.name === `h${i}.xml`),
      )
      .map(({ inLines, ofLines, ...rest }) => rest),
  ]
  fc.assert(
    fc.property(fc.array(drawn, { minLength: 1, maxLength: 6 }), hosts => {
      const all = documentsOf(hosts)
      const together = audit({ documents: all })
      hosts.forEach((_, i) => {
        const alone = audit({ documents: all.filter(({ path }) => path.startsWith(`h${i}.`)) })
        expect(told(together, i)).toEqual(told(alone, i))
        expect(told(alone, i)[0]).toHaveLength(1)
      })
    }),
    { numRuns: runs(400) },
  )
})
