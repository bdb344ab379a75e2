import { describe, expect, test } from 'vitest'
import { driverOf } from '../../src/arch/registry.ts'
import { CpuMap } from '../../src/map/cpu-map.ts'
import { contextOf } from '../../src/questions/context.ts'
import { usableModels } from '../../src/questions/models/compute.ts'
import { answerName } from '../../src/questions/name/question.ts'
import { printName } from '../../src/questions/name/report.ts'
import { answerTree } from '../../src/questions/tree/question.ts'
import { printTree } from '../../src/questions/tree/report.ts'

// Models of architectures of which libvirt has no map, told as those of x86 are.

function own(arch: string) {
  const db = driverOf(CpuMap.builtIn(), arch)?.db
  if (!db) throw new RangeError(`no models of ${arch}`)
  return { ...contextOf(CpuMap.builtIn(), undefined, arch), db }
}

describe('the tree', () => {
  test('of IBM’s generations is a chain', () => {
    const text = printTree(answerTree(own('s390x')))
    expect(text).not.toContain('├')
    expect(text.split('\n')).toHaveLength(11)
    expect(text).toMatch(/^z900 {2}.*2000$/m)
    expect(text).toMatch(/^z17 {3}.*2025$/m)
  })

  test('of a generation names groups, not what is in them', () => {
    expect(printTree(answerTree(own('s390x'), 'z14'))).toContain(
      '+ msa6 msa7 msa8 mepochptff opc eec minste2 iep',
    )
    expect(printTree(answerTree(own('s390x'), 'gen15a-base'))).toContain('    - csske\n    + minste3')
  })

  test('of LoongArch has QEMU’s cores', () => {
    expect(printTree(answerTree(own('loongarch64'), 'la464'))).toContain('lsx lasx')
  })
})

test('a feature is told by its title and the models that have it, and nothing of names elsewhere', () => {
  const text = printName(answerName(own('s390x'), 'vx', true))
  expect(text).toContain('vx  STFLE[129]\n  title      Vector registers and instructions')
  expect(text).toContain('since z13 (z13, z13.2, z13s); in part z14')
  expect(text).not.toContain('names')
  expect(answerName(own('s390x'), 'msa4', true).meanings[0]?.title).toBe(
    'Message security assist, extension 4',
  )
})

describe('usable models', () => {
  const host = (source: string, arch: string, models: Record<string, readonly string[]>) => ({
    source,
    arch,
    allowance: { models: new Map(Object.entries(models)) },
  })
  const context = contextOf()

  test('of s390x, the newest and fullest first, with titles of what is missing', () => {
    const { usableModels: usable, blockedModels: blocked } = usableModels(context, [
      host('a', 's390x', { z13: [], 'z14-base': [], z14: [], max: [] }),
      host('b', 's390x', { z13: [], 'z14-base': [], z14: ['msa8', 'type'], max: [] }),
    ])
    expect(usable.map(({ name }) => name)).toEqual(['z13', 'z14-base'])
    expect(blocked[0]).toMatchObject({ name: 'z14', vendor: 'IBM' })
    expect(blocked[0]?.missing[0]).toMatchObject({
      feature: 'msa8',
      title: 'Message security assist, extension 8',
      inGroups: [1],
    })
  })

  test('of an architecture without models of ours, as its hypervisors list them', () => {
    const { usableModels: usable, blockedModels: blocked } = usableModels(context, [
      host('a', 'ppc64', { POWER9: [], power8: ['x'] }),
    ])
    expect(usable.map(({ name, vendor }) => `${name} ${vendor}`)).toEqual(['POWER9 IBM'])
    expect(blocked.map(({ name }) => name)).toEqual(['power8'])
  })
})
