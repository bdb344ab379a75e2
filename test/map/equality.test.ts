import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { builtinArmMap, readArmMap } from '../../src/arch/arm/models.ts'
import { builtinPowerMap, readPowerMap } from '../../src/arch/ppc64/map.ts'
import { CpuMap } from '../../src/map/cpu-map.ts'
import { type Database, loadDatabase } from '../../src/map/database.ts'
import { mapFilesOf, readInstalled } from '../../src/map/libvirt/cpu-map.ts'
import { builtin } from '../built-in.ts'
import { NO_REFERENCE, reference } from '../reference.ts'
import { differences } from './differences.ts'
import { slip, TEXTS } from './texts.ts'

/** Our data says what libvirt 12.8's CPU map says, in every bit and every order, and in a twentieth of the text. */

const installed = (folder: string): Database =>
  readInstalled(name => readFileSync(join(folder, name), 'utf8'))

/** Models in which we differ from libvirt on purpose, each with its reason. There are none. */
const EXCEPTIONS: Readonly<Record<string, string>> = {}

const map = reference('libvirt-12.8', 'cpu_map')

describe.skipIf(!map)(`libvirt 12.8's map${map ? '' : ` (${NO_REFERENCE})`}`, () => {
  const theirs = map ? installed(map) : builtin()

  test('is ours: features, vendors, models', () => {
    expect(theirs.models).toHaveLength(176)
    expect(theirs.features.list).toHaveLength(400)
    expect(
      differences(builtin(), theirs).filter(
        line => !Object.keys(EXCEPTIONS).some(name => line.includes(name)),
      ),
    ).toEqual([])
  })

  /** Slips of the kind that happen; the comparison must see each. */
  test.each([
    ['a bit', slip('features.txt', '   16  la57', '   15  la57')],
    ['a feature more', slip('models/amd.txt', '+ ibpb', '+ ibpb ibrs')],
    ['a feature less', slip('models/intel.txt', '+ sse4.2 popcnt', '+ sse4.2')],
    ['a version less', slip('models/zhaoxin.txt', '\n  v3', '\n#  v3')],
    ['two walk entries', slip('walk.txt', 'EPYC-Rome\nEPYC-Milan\n', 'EPYC-Milan\nEPYC-Rome\n')],
    ['a name that comes first', slip('walk.txt', 'SierraForest-v3 SierraForest v*', 'SierraForest v*')],
    ['a signature', slip('models/amd.txt', 'sig 25.17', 'sig 25.16')],
    ['the order of signatures', slip('models/intel.txt', 'sig 6.44 6.47 6.37', 'sig 6.47 6.44 6.37')],
    ['a flag', slip('models/intel.txt', 'Icelake-Client-noTSX (host)', 'Icelake-Client-noTSX')],
    ['what is gone', slip('models/hygon.txt', '   gone monitor', '')],
    ['what comes later', slip('models/intel.txt', 'later @vmx-penryn', 'later @vmx-core2')],
    ['whether it migrates', slip('features.txt', '&  pm  Supervisor state', '&  p   Supervisor state')],
  ])('a slip is seen: %s', (_, texts) => {
    expect(differences(loadDatabase(texts), theirs).length).toBeGreaterThan(0)
  })
})

test('exceptions are few and the text is short', () => {
  const text = Object.values(TEXTS.models).join('')
  const families = builtin().families.length
  expect(Object.keys(EXCEPTIONS).length).toBeLessThanOrEqual(5)
  expect(text.length / families).toBeLessThan(420)
  expect(text.split('\n').length / families).toBeLessThan(8)
})

const older = reference('libvirt-11.3', 'cpu_map')

test.skipIf(!older)('an older map loads as well', () => {
  const db = installed(older ?? '')
  expect([db.models.length, db.features.list.length, db.vendors.length]).toEqual([150, 364, 3])
  expect(db.families).toEqual([])
  expect(db.model('EPYC')?.canonical).toBe('EPYC-v1')
  expect(db.features.list.filter(feature => !feature.migratable).map(feature => feature.name)).toEqual([
    'xsaves',
    'invtsc',
  ])
})

/** 11.3's map reads the MSRs of VMX in the half of what must be set, 12.8's and our data in that of what may be. */
const OTHER_HALF =
  /^feature \d+: ours (\S+) MSR\.(4[89][0-9A-F])H\[\d+\] 1 true, libvirt's \1 MSR\.\2H\[\d+\] 1 true$/

test.skipIf(!older)('our data as 11.3 knows it is its map: nothing less, nothing more, in its order', () => {
  const theirs = installed(older ?? '')
  const ours = CpuMap.builtIn().asOf('11.3').of('x86')
  expect(differences(ours, theirs).filter(line => !OTHER_HALF.test(line))).toEqual([])
  expect(ours.models.map(({ name }) => name)).toEqual(theirs.models.map(({ name }) => name))
  expect(ours.features.list.map(({ name }) => name)).toEqual(theirs.features.list.map(({ name }) => name))
  expect(ours.vendors).toEqual(theirs.vendors)
})

test.skipIf(!older)('so are its lists of ARM and POWER', () => {
  const read = mapFilesOf(name => readFileSync(join(older ?? '', name), 'utf8'))
  const [power, arm] = [readPowerMap(read), readArmMap(read)]
  const { knows } = CpuMap.builtIn().asOf('11.3')
  const names = (list: readonly { readonly name: string }[]) => list.map(({ name }) => name)
  expect(names(builtinPowerMap(knows).models)).toEqual(names(power.models))
  expect(names(builtinArmMap(knows).models)).toEqual(names(arm.models))
  expect(builtinArmMap(knows).features).toEqual(arm.features)
})
