import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { builtinArmMap, readArmMap } from '../../../src/arch/arm/models.ts'
import * as operations from '../../../src/arch/operations.ts'
import type { Cpu } from '../../../src/core/cpu.ts'
import { CpuMap } from '../../../src/map/cpu-map.ts'
import { mapFilesOf } from '../../../src/map/libvirt/cpu-map.ts'
import { Pool } from '../../../src/questions/baseline/pool.ts'
import { guest, host, refusal, show } from '../../notation.ts'
import { NO_REFERENCE, reference } from '../../reference.ts'

const map = CpuMap.builtIn()
const arm = (text: string) => host(`${text} arch:aarch64`)

describe('compare', () => {
  const answer = (on: string, cpu: Cpu): string => {
    const comparison = operations.compareCpus(map, arm(on), cpu)
    return comparison.result === 'incompatible' ? comparison.detail : comparison.result
  }
  const differs = (vendor: string, model: string) =>
    `Host CPU model does not match required CPU vendor ${vendor} or(and) model ${model}`

  test.each([
    ['Neoverse-N1 ARM +fp', 'Neoverse-N1 ARM', 'identical'],
    ['Neoverse-N1 ARM', 'Neoverse-N1 ARM arch:x86_64', 'identical'],
    ['Neoverse-N1 ARM', 'Neoverse-N1', differs('<null>', 'Neoverse-N1')],
    ['Neoverse-N1', 'Neoverse-N2', differs('<null>', 'Neoverse-N2')],
    ['', 'Neoverse-N1', 'unknown host CPU'],
  ])('on %s, %s: %s', (on, cpu, expected) => expect(answer(on, host(cpu))).toBe(expected))

  test('any guest will do, on an unknown host too', () => {
    expect(answer('', guest('exact anything require:foo'))).toBe('identical')
  })
})

describe('baseline', () => {
  const poolOf = (...all: string[]) => {
    const pool = new Pool()
    for (const [i, text] of all.entries()) pool.add(arm(text), String(i))
    return pool
  }

  test('is the first CPU’s model, and says so where that matters', () => {
    expect(show(poolOf('Invented ARM +fp', 'Neoverse-N1').result())).toBe('exact Invented')
    expect(poolOf('Invented', 'Neoverse-N1').notes()).toEqual([{ kind: 'first-only' }])
    expect(poolOf('Neoverse-N1', 'Neoverse-N1 +fp').notes()).toEqual([])
  })
})

test.each([
  ['host-model disable:sve', 'exact Neoverse-N1 ARM require:fp'],
  ['strict M optional:f', 'strict M optional:f'],
])('%s is updated to %s', (text, expected) => {
  expect(show(operations.updateCpu(map, 'armv7l', guest(text), arm('Neoverse-N1 ARM +fp')))).toBe(expected)
})

test('names are checked, policies are not', () => {
  const validated = (text: string) =>
    refusal(() => operations.checkGuestFeatures(map, 'aarch64', guest(text)))
  expect(validated('exact x optional:sve512 forbid:pauth')).toBe('no refusal')
  expect(validated('exact x disable:fp')).toBe('unsupported configuration: unknown CPU feature: fp')
})

describe('registers', () => {
  const detect = (midr: bigint, hwcap: bigint, models?: string[]) => {
    const registers = new Map([
      ['MIDR_EL1', midr],
      ['AT_HWCAP', hwcap],
    ])
    return show(
      operations.detect(map, 'aarch64', registers, {
        models: models && new Map(models.map(name => [name, []])),
      }),
    )
  }
  const cpuid = 1n << 11n

  test.each([
    [0x413f_d0c1n, cpuid | 3n, 'Neoverse-N1 ARM +fp +asimd +cpuid'],
    [0x481f_d010n, cpuid | (1n << 31n), 'Kunpeng-920 HiSilicon +cpuid +pacg'],
    // A Cortex-A32: libvirt looks at the part number alone.
    [0x411f_d010n, cpuid | (1n << 32n), 'Kunpeng-920 ARM +cpuid'],
    [0x001f_d490n, cpuid, 'Neoverse-N2 +cpuid'],
  ])('%s with %s is %s', (midr, hwcap, expected) => expect(detect(midr, hwcap)).toBe(expected))

  test.each([
    [0x413f_d0c1n, 3n, undefined, 'internal error: CPUID registers unavailable'],
    [
      0x610f_0230n,
      cpuid,
      undefined,
      'operation failed: Cannot find CPU model with PVR 0x023, vendor id 0x61',
    ],
    [0x610f_d0c0n, cpuid, undefined, 'operation failed: Cannot find CPU vendor with vendor id 0x61'],
    [
      0x413f_d0c1n,
      cpuid,
      ['max'],
      'unsupported configuration: CPU model Neoverse-N1 is not supported by hypervisor',
    ],
  ])('%s with %s, allowed %s: %s', (midr, hwcap, models, message) =>
    expect(refusal(() => detect(midr, hwcap, models))).toBe(message),
  )
})

describe('the data', () => {
  const map = reference('libvirt-12.8', 'cpu_map')

  test.skipIf(!map)(`is libvirt 12.8's map${map ? '' : ` (${NO_REFERENCE})`}`, () => {
    const theirs = readArmMap(mapFilesOf(name => readFileSync(join(map ?? '', name), 'utf8')))
    const { vendors, features, models } = builtinArmMap()
    expect({ features, models }).toEqual({ features: theirs.features, models: theirs.models })
    const byNumber = [...vendors].sort((a, b) => a.implementer - b.implementer)
    expect(byNumber).toEqual(theirs.vendors)
  })
})

describe('a map that libvirt would not load', () => {
  const load = (body: string) => readArmMap(mapFilesOf(() => `<cpus><arch name='arm'>${body}</arch></cpus>`))
  const model = (body: string) => `<model name='M'>${body}</model>`
  const pvr = "<pvr value='1'/>"

  test.each([
    ["<vendor name='A'/>", "XML error: Missing required attribute 'value' in element 'vendor'"],
    [
      "<vendor name='A' value='1'/><vendor name='B' value='1'/>",
      'internal error: CPU vendor value 0x 1 already defined',
    ],
    [
      "<vendor name='A' value='1'/><vendor name='A' value='2'/>",
      'internal error: CPU vendor A already defined',
    ],
    ["<feature name='f'/><feature name='f'/>", 'internal error: CPU feature f already defined'],
    [model(pvr) + model(pvr), 'internal error: CPU model M already defined'],
    [model(`<vendor/>${pvr}`), "XML error: Missing required attribute 'name' in element 'vendor'"],
    [model(`<vendor name='X'/>${pvr}`), 'internal error: Unknown vendor X referenced by CPU model M'],
    [model(''), 'internal error: Missing PVR information for CPU model M'],
    [model('<pvr/>'), "XML error: Missing required attribute 'value' in element 'pvr'"],
  ])('%s: %s', (body, message) => expect(refusal(() => load(body))).toBe(message))

  test('of an installed libvirt that knows no ARM', () => {
    expect(refusal(() => readArmMap(mapFilesOf(() => "<cpus><arch name='x86'/></cpus>")))).toBe(
      'internal error: cannot find CPU map for arm architecture',
    )
  })
})
