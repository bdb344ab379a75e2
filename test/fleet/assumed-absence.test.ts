import fc from 'fast-check'
import { expect, test } from 'vitest'
import { findMoveVerdict, findObstacles } from '../../src/fleet/obstacles.ts'
import { contextOf } from '../../src/questions/context.ts'
import { answerExplain } from '../../src/questions/explain/compute.ts'
import { fleetOfInput, openFleet } from '../../src/questions/input/fleet/open-fleet.ts'
import { runs } from '../effort.ts'

const context = contextOf()
const { features } = context.db
const vendors = ['Intel', 'AMD'] as const
const models = context.db.models.filter(({ vendor }) => vendors.some(name => name === vendor?.name))
const names = fc.subarray(
  features.list.map(({ name }) => name),
  { maxLength: 12 },
)

const listed = (all: readonly string[]) => all.map(name => `<feature name='${name}'/>`).join('')

/** Hosts of which the CPU was recorded, and not what the hypervisor gives. */
const host = fc.tuple(fc.constantFrom(...models), names).map(([{ name, vendor }, more]) => {
  const text = `<cpu><arch>x86_64</arch><model>${name}</model><vendor>${vendor?.name}</vendor>${listed(more)}</cpu>`
  const { fleet } = fleetOfInput(context, { documents: [{ path: 'h.xml', text }] })
  const [only] = fleet.hosts
  if (!only) throw new RangeError('a host')
  return only
})

test('what is only assumed to be missing is unknown, what was recorded as missing is no', () => {
  fc.assert(
    fc.property(host, fc.constantFrom(...features.list), (facts, feature) => {
      const presence = facts.evidence?.presenceOf(feature.bits)
      const isThere = feature.bits.leq(facts.features)
      // No rule about hypervisors makes of what the CPU has something that is recorded as missing.
      if (isThere) expect([feature.name, presence]).not.toEqual([feature.name, 'absent'])
      const guest = { features: feature.bits }
      const verdict = findMoveVerdict(guest, facts)
      const kinds = findObstacles(features, guest, facts).map(({ kind }) => kind)
      const expected = {
        present: ['yes', []],
        assumed: ['assumed', []],
        unknown: ['unknown', ['unknown']],
        absent: ['no', ['feature']],
      }
      expect([feature.name, verdict, kinds]).toEqual([feature.name, ...expected[presence ?? 'unknown']])
      // Nor is it no where the CPU was not recorded without it.
      expect(verdict === 'no' && isThere).toBe(false)
    }),
    { numRuns: runs(500) },
  )
})

test('a pool has lost only what a host is known to lack, or what its guests could have and are not given', () => {
  const partial = 'Subdirectories of glibc-hwcaps directories, in priority order:\n  x86-64-v4\n  LEVELS\n'
  const levels = ['v3', 'v2'].map(level => `x86-64-${level} (supported, searched)`).join('\n  ')
  const documents = [{ path: 'level.txt', text: partial.replace('LEVELS', levels) }]
  const ofSilicon: ReadonlySet<string> = new Set(['silicon', 'vendor'])
  fc.assert(
    fc.property(fc.constantFrom(...models), names, ({ name, vendor }, more) => {
      const whole = `<cpu><arch>x86_64</arch><model>${name}</model><vendor>${vendor?.name}</vendor>${listed(more)}</cpu>`
      const { view } = openFleet(context, { documents: [...documents, { path: 'h.xml', text: whole }] })
      const evidence = view.fleet.hosts.find(one => one.name !== 'h.xml')?.evidence
      for (const { groups, lost, unknown, expression } of answerExplain(view)) {
        const place = groups.findIndex(({ hosts }) => hosts.includes('level.txt'))
        const open = new Set([...unknown.map(({ feature }) => feature), ...(expression?.assumed ?? [])])
        for (const { feature, causes: because } of lost) {
          expect(open).not.toContain(feature)
          if (because.some(({ cause, inGroups }) => inGroups.includes(place) && !ofSilicon.has(cause)))
            expect([feature, evidence?.presenceOf(features.setOfNames([feature]))]).toEqual([
              feature,
              'absent',
            ])
        }
      }
    }),
    { numRuns: runs(60) },
  )
})
