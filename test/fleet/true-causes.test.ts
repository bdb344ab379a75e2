import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Layer } from '../../src/core/evidence.ts'
import { Evidence } from '../../src/core/evidence.ts'
import { FeatureSet } from '../../src/core/feature-set.ts'
import { CauseFinder } from '../../src/fleet/causes/cause-of.ts'
import type { CauseFinding } from '../../src/fleet/causes/finding.ts'
import { groupHosts } from '../../src/fleet/groups.ts'
import type { FleetHost } from '../../src/fleet/host.ts'
import { builtinCauses } from '../../src/map/cause-table.ts'
import { builtinGenerations } from '../../src/map/generations.ts'
import { cpus, db } from './notation.ts'

const text = readFileSync(join(import.meta.dirname, 'true-causes.txt'), 'utf8')
const rows = text.split('\n').filter(line => line !== '' && !line.startsWith('#'))
const causes = builtinCauses()

/** A CPU of the signature with all that its silicon has. */
function hostOf(vendor: string, signature: string): FleetHost {
  const [family = 0, model = 0, stepping = 0] = signature.split('.').map(Number)
  const sig = { family, model, stepping }
  const generation = builtinGenerations(db).find(vendor, sig)
  const { has = FeatureSet.empty, some = FeatureSet.empty } = generation ?? {}
  const [noise, made] = ['spec-ctrl hypervisor', 'arch-capabilities skip-l1dfl-vmentry'].map(names =>
    db.features.setOfNames(names.split(' ')),
  )
  const features = has.join(vendor === 'Intel' ? (made ?? has) : has).minus(noise ?? has)
  return { name: 'a', vendor, signature: sig, features: features.join(some.meet(has)) }
}

function finding(row: string): CauseFinding {
  const [layer = '', vendor = '', signature = '', name = '', ...pairs] = (row.split(' : ')[0] ?? '').split(
    ' ',
  )
  const of = Object.fromEntries(pairs.map(pair => pair.split('=')))
  const feature = db.features.get(name)
  if (!feature) throw new Error(name)
  const whole = hostOf(vendor, signature)
  const known = {
    brand: of.brand?.replaceAll('_', ' '),
    kernel: of.kernel,
    hypervisor: of.hv?.replace('_', ' '),
  }
  const host = { ...whole, ...known, readFrom: readFrom(layer === 'kernel' ? 'kernel' : 'hardware') }
  const msrs = db.features.setOf(db.features.list.filter(({ place }) => place.kind === 'msr'))
  const less = host.features.minus(feature.bits).minus(layer === 'kernel' ? msrs : FeatureSet.empty)
  if (layer === 'cpuid' || layer === 'kernel') return ask([{ ...host, features: less }], 'a', name)
  const all = host.features.join(feature.bits)
  const evidence = Evidence.recorded(less, db.features.all)
  const lacking = { ...host, features: less, hardwareFeatures: all, evidence }
  const giving = { ...lacking, name: 'b', features: all, evidence: Evidence.recorded(all, db.features.all) }
  return ask(layer === 'equal' ? [lacking, giving] : [lacking], 'a', name)
}

const readFrom = (layer: Layer) => [{ layer, document: 'x' }]

function ask(hosts: readonly FleetHost[], name: string, feature: string): CauseFinding {
  const groups = groupHosts(hosts)
  const group = groups.find(one => one.hosts.some(host => host.name === name))
  const wanted = db.features.get(feature)
  if (!group || !wanted) throw new Error(name)
  return new CauseFinder(cpus, causes, groups).forGroup(group)(wanted)
}

describe('why a CPU lacks a feature, as documents have it', () => {
  test('the table is large enough', () => expect(rows.length).toBeGreaterThanOrEqual(240))

  test.each(rows.map(row => row.replace(/\s*#.*/, '')))('%s', row => {
    const [, cause = ''] = row.split(' : ')
    const found = finding(row)
    expect(found.cause).toBe(cause.trim())
    if (found.cause !== 'silicon' && found.cause !== 'vendor')
      expect(found.remedy).not.toMatch(/replace the host/)
    if (found.cause !== 'microcode') expect(found.remedy).not.toMatch(/update microcode/)
    expect(found.remedy).not.toMatch(/unverified/)
  })
})
