import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { findClosestCpu } from '../../src/arch/x86/decode.ts'
import { toLibvirtName } from '../../src/formats/qemu/names.ts'
import { CpuMap } from '../../src/map/cpu-map.ts'
import { builtin } from '../built-in.ts'
import { NO_REFERENCE, reference } from '../reference.ts'

/** Our versions of QEMU's models against QEMU 11.1's; what features they have there, `predict-words.test.ts` holds. */

const file = reference('facts', 'qemu-11.1.3-x86_64-models.ndjson')
const db = builtin()

interface Row {
  readonly name: string
  readonly aliasOf: string | null
  readonly on: readonly string[]
  readonly values: Readonly<Record<string, string | number>>
}

const rows: readonly Row[] = file
  ? readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map(line => JSON.parse(line))
  : []
const versions = db.families.flatMap(family =>
  family.versions.flatMap(({ versioned, qemuOnly }) => (versioned ? [{ family, versioned, qemuOnly }] : [])),
)

/** Guests with a signature that libvirt gives to another family alone. */
const OTHERS: readonly string[] = ['core2duo-v1 Conroe-v1']

describe.skipIf(!file)(`QEMU 11.1's models (${file ? 'its expansions' : NO_REFERENCE})`, () => {
  const theirs = new Map(rows.filter(({ aliasOf }) => !aliasOf).map(row => [row.name, row]))

  test('every version is known', () => {
    const known = [...theirs.keys()].filter(name => /-v\d+$/.test(name))
    expect(known.filter(name => !versions.some(({ versioned }) => versioned.name === name))).toEqual([])
  })

  test('a plain name is the version that QEMU says it is', () => {
    for (const { name, aliasOf } of rows) {
      const model = db.model(name)
      if (!aliasOf || !model) continue
      expect([name, model.canonical]).toEqual([name, aliasOf])
    }
  })

  test('--best finds the family of a guest of each version again, by signature and features', () => {
    const found = [...theirs.values()].flatMap(({ name, on, values }) => {
      const own = versions.find(({ versioned }) => versioned.name === name)
      if (!own) return []
      const bits = {
        features: db.features.setOf(on.flatMap(of => db.features.get(toLibvirtName(of)) ?? [])),
        vendor: db.vendors.find(({ id }) => id === values.vendor),
        signature: {
          family: Number(values.family),
          model: Number(values.model),
          stepping: Number(values.stepping),
        },
      }
      const chosen = findClosestCpu(db, bits, { as: 'host', fallback: 'forbid', best: true }).model ?? ''
      const isOwn = own.family.versions.some(of => of.versioned?.name === chosen || of.plain?.name === chosen)
      return isOwn ? [] : [`${name} ${chosen}`]
    })
    expect(found).toEqual(OTHERS)
  })

  test('no model is deprecated, and mitigation bits that no model carries are in none of ours', () => {
    const none = ['verw-clear', 'tsa-sq-no', 'tsa-l1-no', 'rfds-clear', 'virt-ssbd', 'amd-no-ssb', 'tsx-ctrl']
    for (const name of none) {
      const { bits } = db.features.get(name) ?? {}
      expect([name, versions.filter(({ versioned }) => bits?.leq(versioned.features))]).toEqual([name, []])
    }
  })
})

describe('versions that only QEMU has', () => {
  const unnamed = versions.filter(({ qemuOnly }) => qemuOnly)

  test('are in no map, have no place in it and are never chosen', () => {
    expect(unnamed.length).toBe(15)
    for (const { versioned } of unnamed) {
      expect(db.model(versioned.name)).toBeUndefined()
      expect([versioned.index, versioned.decode]).toEqual([-1, { host: false, guest: false }])
    }
    expect(db.models.every(({ index }, i) => index === i)).toBe(true)
    expect(CpuMap.builtIn().of('x86').models.length).toBe(176)
  })

  test('are the last of their families', () => {
    for (const { family } of unnamed) {
      const from = family.versions.findIndex(({ qemuOnly }) => qemuOnly)
      expect(family.versions.slice(from).every(({ qemuOnly }) => qemuOnly)).toBe(true)
    }
  })
})
