import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { PoolsAnswer } from '../../src/questions/pools/answer.ts'
import { parseXml } from '../../src/xml/reader.ts'
import { sarifFaults } from '../formats/sarif-faults.ts'
import { folderOf, hostXml, virtCpu } from './virt-cpu.ts'

/** Two hosts with TSX, one without, and guests in folders called after hosts. */
const folder = folderOf({
  'a.xml': hostXml('Haswell'),
  'b.xml': hostXml('Haswell'),
  'c.xml': hostXml('Haswell-noTSX'),
  'vm.xml': `<domain><name>vm</name><cpu mode='custom'><model>Haswell</model></cpu></domain>`,
  'none.yaml': 'hosts: [a.xml]\n',
  'fleet.yaml': `hosts: [a.xml, b.xml, c.xml]
guests: [{ files: vm.xml, host: a }]
requirements:
- { name: TSX everywhere, must-have: [hle, rtm] }
- { name: two hosts, hosts: 2 }
`,
  'empty.yaml': 'requirements:\n- { hosts: 1 }\n- { name: nothing, movable: false, must-have: [] }\n',
  'wrong.yaml': `hosts: [a.xml]
requirements:
- { microcode: { '6.60': 1 } }
- { model: Hasswell }
`,
})
const run = (...args: string[]) => virtCpu(args, { cwd: folder })
const json = (...args: string[]) => JSON.parse(run(...args, '--json').stdout)
const read = (name: string) => readFileSync(join(folder, name), 'utf8')

describe('what-if', () => {
  test('a host is added from the bytes of its cpuid device, as from a dump of them', () => {
    const corpus = join(import.meta.dirname, '..', 'corpus', 'machine')
    const [bytes, text] = ['dev-cpu-0-cpuid.bin', 'cpuid-r.txt'].map(name => {
      const { groups, changes, pools } = json('what-if', 'fleet.yaml', '--add', join(corpus, name))
      return { groups, added: changes[0], pools }
    })
    expect(bytes?.added).toMatchObject({ kind: 'add', inGroups: [0] })
    expect(bytes?.groups).toEqual([{ hosts: [expect.stringContaining('dev-cpu-0-cpuid.bin')] }])
    expect(bytes?.pools).toHaveLength(text?.pools.length)
    expect(bytes?.pools[0].after.hostCount).toBe(text?.pools[0].after.hostCount)
  })

  test('changes are told with the hosts they touch, pools and guests', () => {
    const answer = json('what-if', 'fleet.yaml', '--remove', 'c', '--apply', 'tsx-off@b')
    const { groups, changes, pools, guests } = answer
    expect(groups).toEqual([{ hosts: ['b'] }, { hosts: ['c'] }])
    expect(changes).toEqual([
      { kind: 'remove', inGroups: [1] },
      { kind: 'apply', effect: 'tsx-off', title: 'tsx=off', inGroups: [0] },
    ])
    expect(
      pools.map(({ before, after }: { before: object; after: object }) => [before, after]),
    ).toMatchObject([
      [
        { hostCount: 3, model: 'Haswell-noTSX' },
        { hostCount: 2, model: 'Haswell-noTSX' },
      ],
    ])
    expect(guests).toMatchObject([
      { guest: 'vm', own: 'stays', othersBefore: 1, othersAfter: 0, stuck: true },
    ])
  })

  test('hosts join a pool and take the place of others', () => {
    const { pools } = json('what-if', 'a.xml', 'b.xml', '--replace', 'b=c.xml', '--add', 'new=a.xml')
    expect(pools.map(({ pool, lost }: { pool: string; lost: object[] }) => [pool, lost.length])).toEqual([
      ['', 2],
      ['new', 0],
    ])
  })

  test.each([
    [['--remove', 'ax.xml'], 'no host is called ax.xml; did you mean a.xml?'],
    [['--apply', 'tsx-of'], 'no effect is called tsx-of; did you mean tsx-off?'],
    [['--apply', '+rtmm'], "'+rtmm' is not + or - and the name of a feature; did you mean rtm?"],
    [['--replace', 'a'], '--replace takes HOST=FILE'],
    [['--add', 'new=catalogue:EPYC-9656'], "unknown product 'EPYC-9656'; did you mean EPYC-9654?"],
    [[], 'say what to change'],
  ])('%j is refused with a remedy, status 2', (args, message) => {
    const { status, stderr } = run('what-if', 'a.xml', ...args)
    expect([status, stderr]).toEqual([2, expect.stringContaining(message)])
  })

  test('--effects lists what there is, without a fleet', () => {
    const { status, stdout } = run('what-if', '--effects')
    expect([status, stdout]).toEqual([0, expect.stringMatching(/tsx-off\n +kernel .* hle, rtm/)])
  })
})

describe('products of the catalogue', () => {
  test('--products lists them, without a fleet', () => {
    const { status, stdout } = run('what-if', '--products')
    expect([status, stdout]).toEqual([
      0,
      expect.stringMatching(/EPYC-9655 +Zen 5, 2024 +x86-64-v4 +AMD EPYC 9655/),
    ])
  })

  test('they join pools and take the place of hosts, as their dumps do', () => {
    const { changes, pools } = json(
      'what-if',
      'a.xml',
      'b.xml',
      '--add',
      'new=catalogue:EPYC-9655',
      '--replace',
      'b=catalogue:Xeon-Gold-6330',
    )
    expect(changes).toMatchObject([{ kind: 'replace' }, { kind: 'add' }])
    expect(pools).toContainEqual(
      expect.objectContaining({
        pool: 'new',
        before: null,
        after: expect.objectContaining({ hostCount: 1, level: 'x86-64-v4' }),
      }),
    )
  })
})

describe('migrate', () => {
  test('one guest to one host: status 1 and why, or 0', () => {
    const no = run('migrate', 'fleet.yaml', '--guest', 'vm', '--to', 'c')
    expect([no.status, no.stdout]).toEqual([
      1,
      expect.stringMatching(/cannot move to c[\s\S]*hle +CPUID\.07H\.0:EBX\[4\]/),
    ])
    expect(run('migrate', 'fleet.yaml', '--guest', 'vm', '--to', 'b').status).toBe(0)
    expect(run('migrate', 'fleet.yaml', '--from', 'c', '--to', 'a').status).toBe(0)
  })

  test('all to all, as words, JSON and graph', () => {
    expect(run('migrate', 'fleet.yaml').stdout).toMatch(/a and 1 like it +c +refuses +unsafe +lacks hle, rtm/)
    const { arrows, guests, obstacles } = json('migrate', 'fleet.yaml')
    expect(arrows).toMatchObject([{ fromGroup: 1, toGroup: 0, kind: 'one-way', there: [], back: [0, 1] }])
    expect(obstacles).toMatchObject([{ feature: 'hle' }, { feature: 'rtm' }])
    expect(guests).toMatchObject([{ guest: 'vm', startsInGroups: [0], movesToGroups: [0], others: 1 }])
    expect(run('migrate', 'fleet.yaml', '--dot').stdout).toContain(
      '"c" -> "a" [label="not back: lacks hle, rtm"]',
    )
  })

  test('JSON that is printed in pieces is what it is as a whole, with lists of numbers in a line', () => {
    const { stdout } = run('migrate', 'fleet.yaml', '--json')
    const printed = JSON.stringify(JSON.parse(stdout), null, 2).replace(/\[\n[-\d.,\s]+\]/g, list =>
      list.replaceAll(/\s+/g, ' ').replace('[ ', '[').replace(' ]', ']'),
    )
    expect(stdout).toBe(`${printed}\n`)
    expect(stdout).toContain('"back": [0, 1]')
  })

  test.each([[['--to', 'a']], [['--from', 'a']], [['--to', 'a', '--from', 'a', '--guest', 'vm']]])(
    '%j is a mistake in the call',
    args => {
      expect(run('migrate', 'fleet.yaml', ...args).status).toBe(2)
    },
  )
})

describe('drain', () => {
  test('an order, and status 1 where a guest must be powered off', () => {
    expect(run('drain', 'fleet.yaml').status).toBe(0)
    const { steps, restarts } = json('drain', 'fleet.yaml', '--apply', 'tsx-off')
    expect(steps.map(({ host }: { host: string }) => host)).toEqual(['b', 'c', 'a'])
    expect(steps[2].powerOffs).toMatchObject([
      { guest: 'vm', obstacles: [{ feature: 'hle' }, { feature: 'rtm' }] },
    ])
    expect(restarts).toMatchObject([{ guest: 'vm', extra: [{ feature: 'hle' }, { feature: 'rtm' }] }])
    expect(run('drain', 'fleet.yaml', '--apply', 'tsx-off').status).toBe(1)
  })

  test('no room is no obstacle of the CPU', () => {
    const { steps } = json('drain', 'fleet.yaml', '--only', 'a', '--room', '0')
    expect(steps).toMatchObject([{ host: 'a', powerOffs: [{ guest: 'vm', obstacles: [] }] }])
  })
})

describe('drift', () => {
  test('by UUID a host that was called otherwise is the same host', () => {
    const caps = (model: string) =>
      `<capabilities><host><uuid>6F1D2C00-0000-4000-8000-000000000001</uuid>${hostXml(model)}</host></capabilities>`
    const root = folderOf({
      'old.xml': caps('Haswell'),
      'new.xml': caps('Haswell-noTSX').replace('6F1D2C00', '6f1d2c00'),
    })
    const ask = (...args: string[]) =>
      JSON.parse(virtCpu(['drift', 'old.xml', 'new.xml', '--json', ...args], { cwd: root }).stdout)
    expect(ask('--by', 'uuid')).toMatchObject({ gone: [], added: [], changed: [{ host: 'new.xml' }] })
  })

  test.each([
    [['a.xml', 'b.xml'], 0],
    [['a.xml', 'c.xml'], 1],
    [['a.xml', 'c.xml', '--fail-on', 'lost'], 1],
    [['c.xml', 'a.xml', '--fail-on', 'lost'], 0],
    [['a.xml', 'nowhere.xml'], 2],
    [['a.xml', 'b.xml', '--by', 'uuid'], 2],
    [['a.xml', 'b.xml', '--fail-on', 'gain'], 2],
  ])('%j: status %i', (args, status) => {
    expect(run('drift', ...args).status).toBe(status)
  })
})

test.each([['drain'], ['drift', 'a.xml'], ['check'], ['what-if', '--apply', 'tsx-off']])(
  '%s of a folder without hosts is status 2, never a pass',
  (command, ...more) => {
    const { status, stderr } = run(command ?? '', 'vm.xml', ...more)
    expect([status, stderr]).toEqual([2, expect.stringContaining('no host in vm.xml')])
  },
)

test.each(['hosts', 'explain', 'migrate', 'models'])('%s of guests alone tells what they are', command => {
  const { status, stdout } = run(command, 'vm.xml')
  expect([status, run(command, 'vm.xml', '--strict').status]).toEqual([0, 1])
  expect(stdout).toMatch(/^1 guest, no host:/)
  expect(stdout).toContain('add the output of `virsh capabilities && virsh domcapabilities`')
})

describe('check', () => {
  test('a host that has not reported for longer fails by the time that is given', () => {
    const text = `hosts: [{files: h.xml, reported: '2026-11-28T12:00Z'}]\nrequirements: [{reported-within: 2d}]\n`
    const own = folderOf({ 'h.xml': hostXml('Haswell'), 'fleet.yaml': text })
    const checked = (now: string) => virtCpu(['check', 'fleet.yaml', '--now', now], { cwd: own })
    expect(checked('2026-11-30T12:00Z').status).toBe(0)
    const { status, stdout } = checked('2026-11-30T12:01Z')
    expect([status, stdout]).toEqual([
      1,
      expect.stringContaining('h has not reported since 2026-11-28T12:00Z'),
    ])
    expect(checked('today')).toMatchObject({ status: 2, stderr: expect.stringContaining('must be a day') })
    writeFileSync(join(own, 'fleet.yaml'), text.replace('2d', '2 days'))
    expect(virtCpu(['check', 'fleet.yaml'], { cwd: own }).stderr).toMatch(
      /fleet\.yaml:2:34.*must be minutes, hours or days/,
    )
  })

  test('pass and fail by demand, with the hosts and the remedy', () => {
    const { status, stdout } = run('check', 'fleet.yaml')
    expect([status, stdout]).toEqual([1, expect.stringMatching(/FAIL +TSX everywhere[\s\S]*pass +two hosts/)])
    const { groups, passed, verdicts } = json('check', 'fleet.yaml')
    expect(passed).toBe(false)
    expect(groups).toEqual([{ hosts: ['c'] }])
    expect(verdicts[0].failures[0]).toMatchObject({ about: { feature: 'hle' }, inGroups: [0] })
  })

  test('no requirements are no pass', () => {
    const { status, stderr } = run('check', 'none.yaml')
    expect([status, stderr]).toEqual([2, expect.stringContaining('nothing to check')])
  })

  test('a requirement that demands nothing is refused at its place', () => {
    expect(run('check', 'empty.yaml').stderr).toContain('requirements[1]: demands nothing')
    expect(run('check', 'empty.yaml').status).toBe(2)
  })

  test('a wrong demand is refused at its place', () => {
    expect(run('check', 'wrong.yaml').stderr).toContain('requirements[0].microcode.6.60: a signature is')
    expect(run('check', 'wrong.yaml').stderr).toContain('wrong.yaml:3:26')
  })

  test('JUnit and SARIF are written whole, and told by the same words', () => {
    expect(run('check', 'fleet.yaml', '--junit', 'report.xml', '--sarif', 'report.sarif').status).toBe(1)
    expect(parseXml(read('report.xml')).attributes).toMatchObject({ tests: '2', failures: '1' })
    const log = JSON.parse(read('report.sarif'))
    expect(sarifFaults(log)).toEqual([])
    const [first] = log.runs[0].results
    expect(first.message.text).toContain('hle CPUID.07H.0:EBX[4] is not on c')
    expect(first.locations[0].physicalLocation.artifactLocation.uri).toBe('c.xml')
    expect(run('check', 'fleet.yaml', '--junit', 'no/such/folder.xml').status).toBe(2)
  })

  test('drift writes them too; with --fail-on lost what is gained is a note', () => {
    run('drift', 'c.xml', 'a.xml', '--fail-on', 'lost', '--junit', 'drift.xml', '--sarif', 'drift.sarif')
    expect(parseXml(read('drift.xml')).attributes).toMatchObject({ failures: '0' })
    expect(sarifFaults(JSON.parse(read('drift.sarif')))).toEqual([])
    expect(read('drift.sarif')).toContain('"level": "note"')
  })
})

describe('fleet files that are written', () => {
  test.each(['pools', 'explain', 'advise'])(
    '%s --write: pools, hosts and CPUs that check reads back',
    verb => {
      const own = folderOf({ 'x.xml': hostXml('Haswell'), 'y.xml': hostXml('Broadwell', ['md-clear']) })
      const { status, stderr } = virtCpu([verb, own, '--write', 'out.yaml'], { cwd: own })
      expect([status, stderr]).toEqual([0, ''])
      const checked = virtCpu(['check', 'out.yaml', '--json'], { cwd: own })
      expect(checked.status).toBe(0)
      const { verdicts } = JSON.parse(checked.stdout)
      expect(verdicts.every(({ kind }: { kind: string }) => kind === 'kept-cpu')).toBe(true)
      const asked = (...args: string[]) => JSON.parse(virtCpu([...args, '--json'], { cwd: own }).stdout)
      const planned = asked('explain', 'out.yaml').pools
      expect(planned.every((pool: { keptCpu?: object }) => pool.keptCpu)).toBe(true)
      // It may stand in another folder, and be written anew from itself.
      const elsewhere = join(folderOf({}), 'again.yaml')
      virtCpu(['explain', join(own, 'out.yaml'), '--write', elsewhere])
      const again = JSON.parse(virtCpu(['explain', elsewhere, '--json']).stdout).pools
      expect(again.map(cpuOf)).toEqual(planned.map(cpuOf))
    },
  )

  test('sites are read, shown by pools, and written anew for pools that are there', () => {
    const text =
      'pools: { blue: [x], red: [y] }\nconstraints: { pin: { blue: [x] } }\nsites: { blue: Frankfurt }\n'
    const own = folderOf({ 'x.xml': hostXml('Haswell'), 'y.xml': hostXml('Haswell'), 'fleet.yaml': text })
    expect(virtCpu(['pools', own]).stdout).toContain('blue (Frankfurt)')
    const sitesOf = ({ pools, now }: PoolsAnswer) =>
      [pools, now?.pools ?? []].map(all => all.map(({ site }) => site))
    expect(sitesOf(JSON.parse(virtCpu(['pools', own, '--json']).stdout))).toEqual([
      ['Frankfurt'],
      ['Frankfurt', undefined],
    ])
    for (const verb of ['pools', 'explain']) {
      virtCpu([verb, own, '--write', 'out.yaml'], { cwd: own })
      expect(readFileSync(join(own, 'out.yaml'), 'utf8')).toContain('\nsites:\n  blue: Frankfurt\n')
    }
    writeFileSync(join(own, 'fleet.yaml'), text.replace('sites: { blue', 'sites: { green'))
    expect(virtCpu(['pools', own]).stderr).toContain('no pool is called green')
  })

  const cpuOf = ({ pool, expression }: { pool: string; expression: { xml: string } }) => [
    pool,
    expression.xml,
  ]

  test('pools --save-cpu keeps the CPU in the fleet file, and all else in it', () => {
    const text = '# ours\nhosts: [h.xml]\n\n# rules\nrequirements:\n- hosts: 1\n'
    const own = folderOf({ 'h.xml': hostXml('Haswell'), 'fleet.yaml': text })
    const saved = virtCpu(['pools', 'fleet.yaml', '--save-cpu', 'fleet'], { cwd: own })
    expect(saved).toMatchObject({ status: 0, stderr: 'kept the CPU of 1 pool in fleet.yaml\n' })
    const kept = readFileSync(join(own, 'fleet.yaml'), 'utf8')
    expect(kept).toMatch(
      /^# ours\nhosts: \[h\.xml\]\n\n# rules\nrequirements:\n- hosts: 1\nkept-cpus:\n {2}'': \|\n/,
    )
    // The host is another one: the CPU stays, and is replaced where that is asked for.
    writeFileSync(join(own, 'h.xml'), hostXml('Nehalem'))
    const { status, stdout } = virtCpu(['check', 'fleet.yaml'], { cwd: own })
    expect(status).toBe(1)
    expect(stdout).toMatch(/FAIL +kept CPU +kept-cpu/)
    expect(virtCpu(['explain', 'fleet.yaml'], { cwd: own }).stdout).toMatch(
      /h no longer gives pclmuldq, .* of the kept CPU of the fleet/,
    )
    virtCpu(['pools', 'fleet.yaml', '--save-cpu', 'fleet'], { cwd: own })
    expect(virtCpu(['check', 'fleet.yaml'], { cwd: own }).status).toBe(0)
  })

  test('--save-cpu of a pool that is not there, or without a place for it, is refused', () => {
    expect(run('pools', 'fleet.yaml', '--save-cpu', 'x').stderr).toBe(
      'error: no pool is called x; there are fleet\n',
    )
    expect(run('pools', 'a.xml', '--save-cpu', 'fleet').stderr).toContain('needs a fleet file')
    const flow = folderOf({ 'h.xml': hostXml('Haswell'), 'fleet.yaml': '{"hosts": ["h.xml"]}' })
    const { status, stderr } = virtCpu(['pools', 'fleet.yaml', '--save-cpu', 'fleet'], { cwd: flow })
    expect([status, stderr.split('\n')[0]]).toEqual([
      2,
      'error: fleet.yaml is not written as keys and values in lines; add to it:',
    ])
    expect(readFileSync(join(flow, 'fleet.yaml'), 'utf8')).toBe('{"hosts": ["h.xml"]}')
  })
})
