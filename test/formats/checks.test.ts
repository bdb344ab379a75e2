import { describe, expect, test } from 'vitest'
import { type Checks, printJunit, printSarif } from '../../src/report/checks.ts'
import { printDot } from '../../src/report/graphviz.ts'
import { parseXml } from '../../src/xml/reader.ts'
import { sarifFaults } from './sarif-faults.ts'

const checks: Checks = {
  name: 'virt-cpu check',
  rules: [
    { id: 'level', title: 'The pool reaches a level' },
    { id: 'alike', title: 'Equal silicon has equal features' },
  ],
  cases: [
    { rule: 'level', subject: 'web', name: 'level x86-64-v3', faults: [] },
    {
      rule: 'alike',
      subject: 'web',
      name: 'no odd ones',
      faults: [
        { text: 'a "b" <c> & lacks aes', level: 'error', file: 'a b/ä:1.xml', about: 'a', key: 'k1' },
        { text: 'second', level: 'warning', key: 'k2' },
      ],
    },
    { rule: 'level', subject: 'db', name: 'level', faults: [{ text: 'fyi', level: 'note', key: 'k3' }] },
    {
      rule: 'level',
      subject: 'db',
      name: 'open',
      faults: [{ text: 'who knows', level: 'unknown', key: 'k4' }],
    },
  ],
}

describe('JUnit', () => {
  const root = parseXml(printJunit(checks))
  const inner = (of: typeof root) => of.content.filter(part => typeof part !== 'string')

  test('counts are of what is below', () => {
    expect(root.attributes).toEqual({ name: 'virt-cpu check', tests: '4', failures: '1', errors: '0' })
    expect(inner(root).map(({ attributes }) => attributes)).toEqual([
      { name: 'web', tests: '2', failures: '1', errors: '0', skipped: '0' },
      { name: 'db', tests: '2', failures: '0', errors: '0', skipped: '1' },
    ])
  })

  test('a failure says why, in its message and text; a note is output', () => {
    const [web, db] = inner(root).map(inner)
    const [failure] = web?.[1] ? inner(web[1]) : []
    expect(failure).toMatchObject({
      name: 'failure',
      attributes: { message: 'a "b" <c> & lacks aes', type: 'alike' },
      content: ['a "b" <c> & lacks aes\nsecond'],
    })
    expect(web?.[0]?.content).toEqual([])
    expect(db?.[0] && inner(db[0])[0]?.name).toBe('system-out')
    expect(db?.[1] && inner(db[1])[0]).toMatchObject({
      name: 'skipped',
      attributes: { message: 'who knows' },
    })
  })
})

describe('SARIF', () => {
  const text = printSarif(checks, { name: 'virt-cpu', version: '1.2.3' }, 'fleet.yaml')

  test('it is a valid log with a result for each fault', () => {
    const log = JSON.parse(text)
    expect(sarifFaults(log)).toEqual([])
    expect(log.runs[0].results.map((result: { level: string }) => result.level)).toEqual([
      'error',
      'warning',
      'note',
      'none',
    ])
    expect(log.runs[0].results[0].locations[0].physicalLocation.artifactLocation.uri).toBe(
      'a%20b/%C3%A4%3A1.xml',
    )
    expect(log.runs[0].results[1].locations[0].physicalLocation.artifactLocation.uri).toBe('fleet.yaml')
  })

  test('the check of the check: what the schema forbids is found', () => {
    const broken = JSON.parse(
      text.replace('"level": "error"', '"level": "fatal"').replace('"ruleIndex": 1', '"ruleIndex": 7'),
    )
    expect(sarifFaults(broken)).toEqual(['results[0].level: fatal', 'results[0]: ruleIndex 7 is not alike'])
    expect(sarifFaults({ version: '2.0.0', runs: [] })).not.toEqual([])
  })
})

test('Graphviz: labels are quoted, frames are clusters, arrows point', () => {
  expect(
    printDot({
      name: 'x"y',
      nodes: [
        { id: 'a', label: ['a', 'b\\c'], frame: 'web' },
        { id: 'b', label: ['b'] },
      ],
      edges: [
        { from: 'a', to: 'b', ways: 'one', label: 'aes' },
        { from: 'a', to: 'b', ways: 'both' },
        { from: 'a', to: 'b', ways: 'none' },
      ],
    }),
  ).toBe(`digraph "x\\"y" {
  rankdir=LR
  node [shape=box fontname="sans-serif"]
  edge [fontname="sans-serif" fontsize=10]
  subgraph cluster_0 {
    label="web"
    "a" [label="a\\nb\\\\c"]
  }
  "b" [label="b"]
  "a" -> "b" [label="aes"]
  "a" -> "b" [dir=both]
  "a" -> "b" [dir=none style=dashed]
}
`)
})
