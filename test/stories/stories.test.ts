import { describe, expect, test } from 'vitest'
import { baseline, check, drain, drift } from '../../src/index.ts'
import { hostsAt } from '../../src/questions/words/cells.ts'
import { single } from '../notation.ts'
import { migrate, move, whatIf } from '../questions/narrowed.ts'

/** Five of the pains from end to end: what the operator sees, does, and sees then. */

interface Cpu {
  readonly vendor?: string
  readonly features?: readonly string[]
  readonly sig?: readonly [family: number, model: number, stepping: number]
  readonly microcode?: number
  readonly bits?: number
}

const hostXml = (
  model: string,
  { vendor = 'Intel', features = [], sig, microcode, bits }: Cpu = {},
): string =>
  [
    `<cpu><arch>x86_64</arch><model>${model}</model><vendor>${vendor}</vendor>`,
    microcode === undefined ? '' : `<microcode version='${microcode}'/>`,
    sig ? `<signature family='${sig[0]}' model='${sig[1]}' stepping='${sig[2]}'/>` : '',
    bits === undefined ? '' : `<maxphysaddr mode='emulate' bits='${bits}'/>`,
    ...features.map(name => `<feature name='${name}'/>`),
    '</cpu>',
  ].join('')

const guestXml = (
  name: string,
  model: string,
  policies: Readonly<Record<string, string>> = {},
  bits = '',
): string =>
  `<domain><name>${name}</name><cpu mode='custom'><model>${model}</model>${bits}${Object.entries(policies)
    .map(([feature, policy]) => `<feature policy='${policy}' name='${feature}'/>`)
    .join('')}</cpu></domain>`

const fleet = (files: Readonly<Record<string, string>>) =>
  Object.entries(files).map(([path, text]) => ({ path, text }))

const missing = (obstacles: readonly { readonly kind: string; readonly feature?: string }[]): string[] =>
  obstacles.flatMap(({ kind, feature }) => (kind === 'feature' && feature ? [feature] : []))

describe('Ice Lake joins Cascade Lakes that run with TSX', () => {
  const ice = hostXml('Icelake-Server-noTSX', { sig: [6, 106, 6] })
  const cascade = hostXml('Cascadelake-Server', { sig: [6, 85, 7] })
  const documents = fleet({
    'ice.xml': ice,
    'cas-1.xml': cascade,
    'cas-2.xml': cascade,
    'cas-1/db.xml': guestXml('db', 'Cascadelake-Server'),
  })

  test('the running guest cannot go to the newer CPU, for TSX alone', () => {
    expect(missing(move({ documents, guest: 'db', to: 'ice' }).obstacles)).toEqual(['hle', 'rtm'])
  })

  test('turning TSX off everywhere shuts it in until it is started anew, with the model that is named', () => {
    const { pools, guests } = whatIf({ documents, apply: ['tsx-off'] })
    expect(pools).toEqual([]) // the Ice Lake had taken TSX from the pool already
    expect(guests).toMatchObject([{ guest: 'db', own: 'closed', stuck: true }])
    expect(single(drain({ documents })).restarts).toMatchObject([
      { guest: 'db', extra: [{ feature: 'hle' }, { feature: 'rtm' }] },
    ])
    const pool = baseline({ cpus: [ice, cascade] })
    expect(pool.xml).toMatch(
      /<model fallback='allow'>Cascadelake-Server<[\s\S]*disable' name='hle'[\s\S]*disable' name='rtm'/,
    )
    const again = fleet({
      'ice.xml': ice,
      'cas.xml': cascade,
      'cas/db.xml': guestXml('db', pool.model, { hle: 'disable', rtm: 'disable' }),
    })
    expect(migrate({ documents: again }).guests).toMatchObject([{ guest: 'db', others: 1 }])
  })
})

describe('the host that addresses 39 bits', () => {
  const laptop = hostXml('Skylake-Client-noTSX-IBRS', { bits: 39 })
  const server = hostXml('Skylake-Client-noTSX-IBRS', { bits: 46 })
  const documents = (bits = '') =>
    fleet({
      'laptop.xml': laptop,
      'server.xml': server,
      'server/vm.xml': guestXml('vm', 'Skylake-Client-noTSX-IBRS', {}, bits),
    })

  test('all flags are equal, and the guest must not go: it would panic there', () => {
    const answer = move({ documents: documents(), guest: 'vm', to: 'laptop' })
    expect(answer.obstacles).toMatchObject([{ kind: 'phys-bits', guestBits: 40, hostBits: 39 }])
    expect(answer.obstacles[0]?.remedy).toContain("bits='39'")
  })

  test('what the remedy says lets it go, and the policy sees to it that it stays so', () => {
    const narrow = documents("<maxphysaddr mode='emulate' bits='39'/>")
    expect(move({ documents: narrow, guest: 'vm', to: 'laptop' }).canMove).toBe(true)
    const { groups, verdicts } = single(
      check({ documents: narrow, fleet: { requirements: [{ 'phys-bits': 40 }] } }),
    )
    expect(verdicts[0]?.failures.map(({ inGroups }) => hostsAt(groups, inGroups))).toEqual([['laptop']])
  })
})

describe('identical blades, one with older microcode', () => {
  const blade = (microcode: number, features: readonly string[]) =>
    hostXml('Skylake-Server-noTSX-IBRS', { sig: [6, 85, 4], microcode, features })
  const [fresh, stale] = [blade(0x2006e05, ['ssbd', 'md-clear']), blade(0x2000043, [])]
  const documents = fleet({ 'b1.xml': fresh, 'b2.xml': fresh, 'b3.xml': stale })
  const policy = {
    requirements: [{ alike: true }, { 'same-microcode': true }, { 'must-have': ['md-clear'] }],
  }

  test('the check names the blade, what it lacks, and the remedy', () => {
    const { groups, verdicts } = single(check({ documents, fleet: policy }))
    expect(
      verdicts.map(({ failures }) => failures.map(({ inGroups }) => hostsAt(groups, inGroups).join(' '))),
    ).toEqual([['b3'], ['b3'], ['b3']])
    expect(verdicts.flatMap(({ failures }) => failures.map(({ remedy }) => remedy))).toContainEqual(
      expect.stringContaining('update microcode'),
    )
  })

  test('what the update gives is known before, and drift agrees after', () => {
    const before = whatIf({ documents, apply: ['mds@b3', 'ssb@b3'] })
    expect(before.pools[0]?.gained.map(({ feature }) => feature)).toEqual(['md-clear', 'ssbd', 'amd-ssbd'])
    const updated = fleet({ 'b1.xml': fresh, 'b2.xml': fresh, 'b3.xml': fresh })
    const after = single(drift({ before: { documents }, after: { documents: updated } }))
    expect(after).toMatchObject({ drifted: true, hasLost: false, changed: [{ host: 'b3.xml' }] })
    expect(after.pools[0]?.gained).toEqual(before.pools[0]?.gained)
    expect(single(check({ documents: updated, fleet: policy })).passed).toBe(true)
  })
})

describe('an Atom and a Zen in one rack', () => {
  const atom = hostXml('Denverton', { sig: [6, 95, 1] })
  const zen = hostXml('EPYC-Turin', { vendor: 'AMD', sig: [26, 2, 1] })
  const documents = fleet({ 'atom.xml': atom, 'zen.xml': zen })

  test('guests of neither go to the other, and the vendor is said first', () => {
    const { obstacles } = move({ documents, from: 'zen', to: 'atom' })
    expect(obstacles[0]).toMatchObject({ kind: 'vendor', guestHas: 'AMD', hostHas: 'Intel' })
  })

  test('what they share is x86-64-v2 with AES, not kvm64 alone; and it is marked as of no vendor', () => {
    const pool = baseline({ cpus: [atom, zen], best: true })
    expect(pool.features).toEqual(expect.arrayContaining(['aes', 'sse4.2', 'popcnt', 'cx16']))
    expect(pool.notes.map(({ kind }) => kind)).toContain('cross-vendor')
    const policy = { requirements: [{ level: 'v2', 'must-have': 'aes' }, { level: 'v3' }] }
    expect(single(check({ documents, fleet: policy })).verdicts.map(({ passed }) => passed)).toEqual([
      true,
      true,
      false,
    ])
  })
})

describe('Sierra Forest beside Sapphire Rapids', () => {
  const sierra = hostXml('SierraForest', { sig: [6, 175, 3] })
  const sapphire = hostXml('SapphireRapids', { sig: [6, 143, 8] })
  const guest = guestXml('ml', 'SapphireRapids')
  const documents = fleet({ 'p1.xml': sapphire, 'e1.xml': sierra, 'p1/ml.xml': guest })

  test('the newer CPU is no superset of the older: no AVX-512, no AMX, no TSX', () => {
    const lost = missing(move({ documents, guest: 'ml', to: 'e1' }).obstacles)
    expect(lost).toEqual(expect.arrayContaining(['avx512f', 'amx-tile', 'hle', 'rtm']))
    expect(migrate({ documents }).arrows).toMatchObject([{ kind: 'none' }])
  })

  test('one of them costs the pool a level; a pool for each gives it back', () => {
    const whole = whatIf({ documents, remove: ['e1'] })
    expect(whole.pools).toMatchObject([{ before: { level: 'x86-64-v3' }, after: { level: 'x86-64-v4' } }])
    expect(single(drain({ documents })).unmovable).toMatchObject([{ guest: 'ml', nearestHost: 'e1.xml' }])
    const apart = fleet({
      'p/p1.xml': sapphire,
      'p/p2.xml': sapphire,
      'e/e1.xml': sierra,
      'p/p1/ml.xml': guest,
    })
    expect(single(drain({ documents: apart })).unmovable).toEqual([])
  })
})
