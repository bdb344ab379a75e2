import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { CpuidRow, MsrRow } from '../../src/core/cpuid.ts'
import { decodeBytes } from '../../src/formats/decode-bytes.ts'
import { dialectOf } from '../../src/formats/dialects.ts'
import { parseAida64, parseLibcpuid } from '../../src/formats/dumps/aida64.ts'
import { parseCpuidR } from '../../src/formats/dumps/cpuid-r.ts'
import { NO_REFERENCE, reference } from '../reference.ts'
import { dumpsOf } from './corpus.ts'

interface Row {
  readonly name: string
  readonly leaves: readonly CpuidRow[]
  readonly msrs?: readonly MsrRow[]
}

function rows(set: string): Map<string, Row> {
  const path = reference('real-cpus', `${set}.ndjson`)
  const lines = path === undefined ? [] : readFileSync(path, 'utf8').trimEnd().split('\n')
  return new Map(lines.map(line => JSON.parse(line) as Row).map(row => [row.name, row]))
}

const filesIn = (...path: string[]): string[] => {
  const folder = reference('raw-dumps', ...path)
  return folder === undefined ? [] : readdirSync(folder).map(name => join(folder, name))
}

const textOf = (path: string): string => decodeBytes(readFileSync(path))
const nameOf = (path: string): string => path.replace(/^.*\//, '').replace(/\.\w+$/, '')

describe.skipIf(reference('raw-dumps') === undefined)(`raw dumps (${NO_REFERENCE})`, () => {
  const instlat = rows('instlat')
  const withMsrs = rows('instlat-msr')
  test.each(filesIn('aida64'))('%s', path => {
    const text = textOf(path)
    expect(dialectOf(text)?.name).toBe('aida64')
    expect(parseAida64(text)[0]?.data.rows()).toEqual(instlat.get(nameOf(path))?.leaves)
    const msrs = withMsrs.get(nameOf(path))?.msrs
    if (msrs !== undefined) expect(dumpsOf(text)[0]?.data.msrs()).toEqual(msrs)
  })

  const libcpuid = rows('libcpuid')
  test.each(filesIn('libcpuid'))('%s', path => {
    const text = textOf(path)
    expect(['aida64', 'libcpuid']).toContain(dialectOf(text)?.name)
    expect(parseLibcpuid(text)[0]?.data.rows()).toEqual(libcpuid.get(nameOf(path))?.leaves)
  })

  test('cpuid -r', () => {
    const expected = rows('zen5-vm').get('cpuid-r-1')?.leaves
    const [one, all] = ['cpuid-r-1.txt', 'cpuid-r.txt'].map(name =>
      textOf(reference('raw-dumps', name) ?? ''),
    )
    expect(dialectOf(one ?? '')?.name).toBe('cpuid-r')
    expect(parseCpuidR(one ?? '')[0]?.data.rows()).toEqual(expected)
    expect(parseCpuidR(all ?? '').map(dump => dump.label)).toEqual(['CPU 0', 'CPU 1'])
    expect(dumpsOf(all ?? '')).toHaveLength(1)
  })
})
