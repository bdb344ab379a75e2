import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import * as operations from '../../../src/arch/operations.ts'
import { builtinPowerMap, legacyNames, readPowerMap } from '../../../src/arch/ppc64/map.ts'
import type { Cpu } from '../../../src/core/cpu.ts'
import { CpuMap } from '../../../src/map/cpu-map.ts'
import { mapFilesOf } from '../../../src/map/libvirt/cpu-map.ts'
import { Pool } from '../../../src/questions/baseline/pool.ts'
import { contextOf } from '../../../src/questions/context.ts'
import { answerStart } from '../../../src/questions/definition/question.ts'
import { guest, host, refusal, show } from '../../notation.ts'
import { NO_REFERENCE, reference } from '../../reference.ts'

const map = CpuMap.builtIn()
const power = (text: string) => host(`${text} arch:ppc64`)

describe('compare', () => {
  const answer = (on: string, cpu: Cpu): string => {
    const comparison = operations.compareCpus(map, power(on), cpu)
    return comparison.result === 'incompatible' ? comparison.detail : comparison.result
  }

  test.each([
    ['POWER8 IBM', 'POWER8 arch:ppc64le', 'identical'],
    ['POWER8 IBM', 'POWER8 arch:ppc', 'CPU arch ppc does not match host arch'],
    ['POWER9 IBM', 'POWER8 arch:ppc64', 'host CPU model does not match required CPU model POWER8'],
    ['POWER8', 'POWER8 IBM arch:ppc64', 'host CPU vendor does not match required CPU vendor IBM'],
    ['POWER8', 'POWER8_v1.0 arch:ppc64', 'identical'],
    ['', 'POWER8 arch:ppc64', 'unknown host CPU'],
  ])('on %s, %s: %s', (on, cpu, expected) => expect(answer(on, host(cpu))).toBe(expected))

  test.each([
    ['POWER8', 'host-model power7', 'identical'],
    ['POWER8', 'host-model power9', ''],
    ['POWER11', 'host-model power10', 'identical'],
    ['POWER8', 'exact POWER8 require:anything', 'identical'],
    ['POWER8', 'maximum', 'identical'],
  ])('on %s, the guest %s: %s', (on, cpu, expected) => expect(answer(on, guest(cpu))).toBe(expected))

  test.each([
    ['POWER8', 'host-model power12', 'internal error: Unknown compatibility mode power12'],
    ['POWER8', 'host-model power7+', 'internal error: Unknown compatibility mode power7+'],
    ['POWERPC_e5500', 'host-model power7', 'internal error: Host CPU does not support compatibility modes'],
    ['POWER8', 'exact power8', 'internal error: Unknown CPU model power8'],
    ['POWER8', 'exact', 'invalid argument: no CPU model specified'],
    ['POWER1', 'host-passthrough', 'internal error: Unknown CPU model POWER1'],
  ])('on %s, the guest %s is an error: %s', (on, cpu, message) =>
    expect(refusal(() => answer(on, guest(cpu)))).toBe(message),
  )
})

describe('baseline', () => {
  const baseline = (...all: string[]) => {
    const pool = new Pool()
    for (const [i, text] of all.entries()) pool.add(power(text), String(i))
    return show(pool.result())
  }

  test('all of one model', () => {
    expect(baseline('POWER9 IBM', 'POWER9')).toBe('exact POWER9 fallback:forbid')
  })

  test.each([
    [['POWER9', 'POWER8'], 'operation failed: CPUs are incompatible'],
    [['POWER8_v1.0'], 'internal error: Unknown CPU model POWER8_v1.0'],
    [['POWER9 Intel'], 'operation failed: Unknown CPU vendor Intel'],
    [
      ['POWER9', 'POWER9 Freescale'],
      'operation failed: CPU vendor IBM of model POWER9 differs from vendor Freescale',
    ],
  ])('%s: %s', (all, message) => expect(refusal(() => baseline(...all))).toBe(message))
})

describe('the processor version register', () => {
  const detect = (pvr: bigint, models?: string[]) => {
    const allowed = models && new Map(models.map(name => [name, []]))
    return show(operations.detect(map, 'ppc64', new Map([['PVR', pvr]]), { models: allowed }))
  }

  test.each([
    [0x004e1202n, 'POWER9 IBM'],
    [0x004a0201n, 'POWER7 IBM'],
    [0x8040_0120n, 'POWERPC_e6500 Freescale'],
    [0x0082_0200n, 'POWER11 IBM'],
  ])('%s is a %s', (pvr, expected) => expect(detect(pvr)).toBe(expected))

  test('of no known processor, or one that may not be chosen', () => {
    expect(refusal(() => detect(0x0070_5000n))).toBe(
      'operation failed: Cannot find CPU model with PVR 0x00705000',
    )
    expect(refusal(() => detect(0x004e1202n, ['POWER8']))).toBe(
      'unsupported configuration: CPU model POWER9 is not supported by hypervisor',
    )
  })
})

test('a guest starts under its new name', () => {
  const { cpu } = answerStart(
    contextOf(),
    power('POWER7 IBM'),
    guest('minimum POWER7+_v2.1'),
    new Map([['POWER7', []]]),
  )
  expect(cpu && show(cpu)).toBe('exact POWER7')
})

describe('the data', () => {
  const map = reference('libvirt-12.8', 'cpu_map')

  test.skipIf(!map)(`is libvirt 12.8's map${map ? '' : ` (${NO_REFERENCE})`}`, () => {
    const theirs = readPowerMap(mapFilesOf(name => readFileSync(join(map ?? '', name), 'utf8')))
    expect(builtinPowerMap()).toEqual({ vendors: theirs.vendors, models: theirs.models })
  })

  test('old names stand for models that are there', () => {
    const names = builtinPowerMap().models.map(model => model.name)
    expect([...legacyNames().values()].filter(name => !names.includes(name))).toEqual([])
    expect(legacyNames().size).toBe(4)
  })
})

describe('a map that libvirt would not load', () => {
  const load = (body: string) =>
    readPowerMap(mapFilesOf(() => `<cpus><arch name='ppc64'><vendor name='IBM'/>${body}</arch></cpus>`))
  const model = (body: string) => `<model name='P'>${body}</model>`
  const pvr = "<pvr value='1' mask='0xff'/>"
  const badNumber = (text: string) =>
    `XML error: Invalid value for attribute 'value' in element 'pvr': '${text}'. Expected non-negative integer value`

  test.each([
    ["<feature name='f'/>", "internal error: Unexpected element 'feature' in CPU map 'index.xml'"],
    [`<model>${pvr}</model>`, "internal error: cannot find model name in CPU map 'index.xml'"],
    ["<vendor name='IBM'/>", 'internal error: CPU vendor IBM already defined'],
    [model(pvr) + model(pvr), 'internal error: CPU model P already defined'],
    [model(`<vendor/>${pvr}`), 'internal error: Invalid vendor element in CPU model P'],
    [model(`<vendor name='X'/>${pvr}`), 'internal error: Unknown vendor X referenced by CPU model P'],
    [model(''), 'internal error: Missing PVR information for CPU model P'],
    [model("<pvr value='1'/>"), "XML error: Missing required attribute 'mask' in element 'pvr'"],
    [model("<pvr value='zz' mask='1'/>"), badNumber('zz')],
    [model("<pvr value='100000000' mask='1'/>"), badNumber('100000000')],
    [model("<pvr value='-1' mask='1'/>"), badNumber('-1')],
  ])('%s: %s', (body, message) => expect(refusal(() => load(body))).toBe(message))

  test('and one that it would', () => {
    expect(load(model("<pvr value=' 1F' mask='ff'/>")).models).toEqual([
      { name: 'P', vendor: undefined, level: undefined, pvrs: [{ value: 0x1f, mask: 0xff }] },
    ])
  })
})
