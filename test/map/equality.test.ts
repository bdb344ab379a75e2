import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Database, loadDatabase } from '../../src/map/database.ts'
import { builtin } from '../built-in.ts'
import { NO_REFERENCE, reference } from '../reference.ts'
import { differences } from './differences.ts'
import { slip, TEXTS } from './texts.ts'

/** Our data says what libvirt 12.8's CPU map says, in every bit and every order, and in a twentieth of the text. */

const installed = (folder: string): Database =>
  Database.fromCpuMap(name => readFileSync(join(folder, name), 'utf8'))

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
