import { expect, test } from 'vitest'
import { LibvirtError } from '../../src/core/libvirt-error.ts'
import { CpuMap } from '../../src/map/cpu-map.ts'
import { contextOf } from '../../src/questions/context.ts'
import { refusal } from '../../src/questions/guest-check/compute.ts'
import { usableModels } from '../../src/questions/models/compute.ts'
import { answerName } from '../../src/questions/name/question.ts'
import { printName } from '../../src/questions/name/report.ts'
import { answerTree } from '../../src/questions/tree/question.ts'
import { printTree } from '../../src/questions/tree/report.ts'
import { describeQemuOnly, isQemuOnlyName } from '../../src/questions/words/cells.ts'

/** What is said of the versions that QEMU has and libvirt's map has no name for. */

const context = contextOf(CpuMap.builtIn())
const SAID = "QEMU 11.1's; libvirt 12.8 has no name for"

test('only such versions are', () => {
  expect(['SapphireRapids-v7', 'EPYC-Turin-v2'].every(isQemuOnlyName)).toBe(true)
  expect(['SapphireRapids-v6', 'SapphireRapids-v9', 'SapphireRapids', 'max'].some(isQemuOnlyName)).toBe(false)
  expect(describeQemuOnly(['EPYC-Turin-v2'])).toBe(`${SAID} it`)
  expect(describeQemuOnly(['EPYC-Turin-v2', 'EPYC-Genoa-v3'])).toBe(`${SAID} them`)
})

test('name: a feature in them, and the name of one', () => {
  const said = (text: string) => printName(answerName(context, text), 200)
  expect(said('gmet')).toContain(`EPYC-Milan (v4), EPYC-Genoa (v3), EPYC-Turin (v2): ${SAID} them`)
  expect(said('gmet')).not.toContain('models  ')
  expect(said('avx2')).not.toContain('in QEMU')
  expect(said('SapphireRapids-v7')).toBe(`SapphireRapids-v7 is no feature but a CPU model: ${SAID} it`)
  expect(said('Haswell')).toBe('Haswell is no feature but a CPU model')
})

test('tree: the family tells of them, the forest is libvirt’s', () => {
  const family = printTree(answerTree(context, 'SapphireRapids-v8'), 200)
  expect(family).toContain(`SapphireRapids-v7: 2026, GDS, RFDS; ${SAID} it`)
  expect(printTree(answerTree(context))).toMatch(/SapphireRapids +v1-v6 /)
})

test('models: what a host’s QEMU has besides', () => {
  const allowance = {
    models: new Map([...['max', 'Haswell', 'EPYC-Turin-v2', 'Nonsense-v2'].map(of => [of, []] as const)]),
  }
  const answer = usableModels(context, [{ source: 'a', arch: 'x86_64', allowance } as never])
  expect(answer.qemuOnly).toEqual(['EPYC-Turin-v2'])
  expect(answer.usableModels.map(({ name: of }) => of)).toEqual(['Haswell'])
})

test('guest check: libvirt’s text, and whose the model is', () => {
  const refused = (model: string) =>
    refusal(new LibvirtError('internal', `internal error: Unknown CPU model ${model}`))
  expect(refused('EPYC-Turin-v2').remarks).toEqual([`EPYC-Turin-v2 is ${SAID} it`])
  expect(refused('EPYC-Turin-v3').remarks).toEqual([])
})
