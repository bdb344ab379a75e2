import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Pool, type ResultOptions } from '../../src/questions/baseline/pool.ts'
import { answerCompare } from '../../src/questions/compare/compute.ts'
import { contextOf } from '../../src/questions/context.ts'
import { readCpu } from '../../src/questions/input/read.ts'
import { show } from '../notation.ts'

/** The two hosts of Red Hat's guide: a workstation and a server, without vendors. */

const read = (name: string) =>
  readCpu(readFileSync(join(import.meta.dirname, `../../examples/redhat-guide/${name}.xml`), 'utf8'), 'host')

function baseline(names: readonly string[], options?: ResultOptions): string {
  const pool = new Pool()
  for (const name of names) pool.add(read(name), name)
  return show(pool.result(options))
}

const requiring = (names: string): string => names.replace(/\S+/g, 'require:$&')

test('libvirt chooses the least model, with fallback', () => {
  const expected = `exact kvm32 ${requiring('monitor cx16 vme lahf_lm lm')}`
  expect(baseline(['workstation', 'server'])).toBe(expected)
  expect(baseline(['server', 'workstation'])).toBe(expected)
})

test('on pentium3, as the guide has it', () => {
  const expected = `exact pentium3 fallback:forbid ${requiring('pni monitor cx16 apic clflush sse2 lahf_lm lm')}`
  expect(baseline(['workstation', 'server'], { onModel: 'pentium3' })).toBe(expected)
})

describe('compared', () => {
  const missing = (host: string, cpu: string) =>
    answerCompare(contextOf(), read(host), read(cpu)).missing.map(({ feature }) => feature)

  test('the workstation lacks much on the server, whose map order it is told in', () => {
    const { result, message } = answerCompare(contextOf(), read('server'), read('workstation'))
    expect(result).toBe('incompatible')
    expect(missing('server', 'workstation').sort()).toEqual(
      'ds_cpl vmx est tm2 ssse3 xtpr ds acpi ss tm pbe'.split(' ').sort(),
    )
    expect(message).toBe(
      'the CPU is incompatible with host CPU: Host CPU does not provide required features: ds_cpl, vmx, est, tm2, ssse3, xtpr, ds, acpi, ss, tm, pbe',
    )
  })

  test('and the server on the workstation', () => {
    expect(missing('workstation', 'server')).toContain('sse4a')
  })
})
