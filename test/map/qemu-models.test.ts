import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { findClosestCpu } from '../../src/arch/x86/decode.ts'
import type { Model } from '../../src/core/model.ts'
import { toLibvirtName } from '../../src/formats/qemu/names.ts'
import { CpuMap } from '../../src/map/cpu-map.ts'
import { builtin } from '../built-in.ts'
import { NO_REFERENCE, reference } from '../reference.ts'

/** Our versions of QEMU's models against what QEMU 11.1 expands them to, without an accelerator. */

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

/**
 * Where libvirt's models, which are ours, are not QEMU's: `+` QEMU has it and libvirt's model does not, `-` the other
 * way round; a feature or several, `:`, the models, `:`, why.
 */
const EXCEPTIONS = `
+ hypervisor : * : QEMU gives it to every guest; libvirt adds it to the running guest only
- vme : * : no accelerator, and TCG has no virtual-8086 extensions: off in every expansion
- vmx-* : * : vmx is off in every model, and without it QEMU turns its details off
+ monitor : Denverton-v1 Dhyana-* EPYC-* Opteron_G3-v1 Snowridge-* YongFeng-* : taken out by libvirt: no hypervisor gives it unasked
+ topoext : Dhyana-* EPYC-* : QEMU's, by topology; libvirt leaves it to the guest's topology
+ f16c rdrand abm : Haswell-* Broadwell-* : libvirt's models are without them
+ arat : Westmere-* SandyBridge-* IvyBridge-* Haswell-* Broadwell-* : QEMU added it to its models, libvirt did not
+ xsaveopt : SandyBridge-* IvyBridge-* Haswell-* Broadwell-* : QEMU added it to its models, libvirt did not
+ pclmuldq : Westmere-* : libvirt's model is without it
+ pku : Cascadelake-Server-v1 Cascadelake-Server-v3 Skylake-Server-v1 Skylake-Server-v2 Skylake-Server-v3 : libvirt's plain names are without it
+ clflushopt : Skylake-Server-v1 : libvirt's plain name is without it
+ arch-capabilities rdctl-no ibrs-all skip-l1dfl-vmentry mds-no : Cascadelake-Server-v3 : libvirt's plain name is without them
+ npt nrip-save : Dhyana-v1 EPYC-v1 EPYC-v2 Opteron_G4-v1 Opteron_G5-v1 phenom-v1 : libvirt's plain names have no details of svm
+ xsaves : EPYC-Rome-v1 : libvirt's plain name is without it
+ mpx : Snowridge-v1 : libvirt's plain name is without it
+ avx10-128 avx10-256 avx10-512 : DiamondRapids-* : QEMU sets them by AVX10's version; libvirt's model is without them
- rdtscp : Opteron_G2-v1 : QEMU took it out of its model, libvirt did not
+ cx16 lahf_lm acpi ss movbe : core2duo-v1 coreduo-v1 n270-v1 : libvirt's models are older
+ cx16 popcnt lahf_lm abm sse4a pdpe1gb rdtscp : phenom-v1 : libvirt's model is older
+ lahf_lm : qemu64-v1 : libvirt's model is older
+ apic : pentium-v1 pentium2-v1 pentium3-v1 : libvirt's models are older
+ mca : athlon-v1 : libvirt's model is older
`

/** Guests with a signature that libvirt gives to another family alone. */
const OTHERS: readonly string[] = ['core2duo-v1 Conroe-v1']

interface Exception {
  readonly sign: string
  readonly features: RegExp
  readonly models: RegExp
  readonly line: string
}

const anyOf = (globs: string): RegExp =>
  new RegExp(`^(?:${globs.trim().split(' ').join('|').replaceAll('.', '\\.').replaceAll('*', '.*')})$`)

const exceptions = EXCEPTIONS.trim()
  .split('\n')
  .map((line): Exception => {
    const [what = '', models = ''] = line.split(' : ')
    return { sign: what.charAt(0), features: anyOf(what.slice(2)), models: anyOf(models), line }
  })

/** `+ pku`, `- vme`: what differs, without what an exception explains. */
function differences(model: Model, { on }: Row, used: Set<string>): string[] {
  const theirs = db.features.setOf(on.flatMap(name => db.features.get(toLibvirtName(name)) ?? []))
  const signed = (sign: string, set: Model['features']) => db.features.in(set).map(({ name }) => [sign, name])
  const found = [...signed('+', theirs.minus(model.features)), ...signed('-', model.features.minus(theirs))]
  return found.flatMap(([sign = '', name = '']) => {
    const exception = exceptions.find(
      one => one.sign === sign && one.features.test(name) && one.models.test(model.name),
    )
    if (exception) used.add(exception.line)
    return exception ? [] : [`${sign} ${name}`]
  })
}

describe.skipIf(!file)(`QEMU 11.1's models (${file ? 'its expansions' : NO_REFERENCE})`, () => {
  const theirs = new Map(rows.filter(({ aliasOf }) => !aliasOf).map(row => [row.name, row]))

  test('every version has the features that QEMU gives it, but for what an exception explains', () => {
    const used = new Set<string>()
    const held = versions.flatMap(({ versioned }) => {
      const row = theirs.get(versioned.name)
      if (row) expect([versioned.name, differences(versioned, row, used)]).toEqual([versioned.name, []])
      return row ? [row.name] : []
    })
    const known = [...theirs.keys()].filter(name => /-v\d+$/.test(name))
    expect(held.sort()).toEqual(known.sort())
    expect(exceptions.map(({ line }) => line).filter(line => !used.has(line))).toEqual([])
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
