import { expect, test } from 'vitest'
import { sample, statementsIn, unknownIn } from './samples.ts'

test('osquery’s table cpuid: bits that are set and bits that are not, by libvirt’s names', () => {
  const [statement, ...more] = statementsIn(sample('osquery-cpuid.json'))
  expect(more).toEqual([])
  expect(statement).toMatchObject({
    layer: 'hardware',
    vocabulary: 'libvirt',
    vendor: 'Intel',
    present: ['sse4.1', 'avx2', 'lahf_lm'],
    absent: ['avx512f'],
    complete: false,
  })
  expect(statement && unknownIn(statement)).toEqual([])
})

test('osquery’s log: each host of it; rows that were removed do not count', () => {
  expect(statementsIn(sample('osquery-log.ndjson'))).toMatchObject([
    { name: 'node-1', vendor: 'AMD', microcode: 0xa0011d1, cpus: 32, present: [] },
    { name: 'node-2', present: ['svm'], absent: [] },
  ])
})

test('spectre-meltdown-checker: bits of MSRs, microcode, and what the kernel says of vulnerabilities', () => {
  const [statement] = statementsIn(sample('spectre-meltdown-checker.json'))
  expect(statement).toMatchObject({
    layer: 'hardware',
    vocabulary: 'libvirt',
    vendor: 'Intel',
    signature: { family: 6, model: 85, stepping: 7 },
    microcode: 0x5003604,
    cpus: 40,
    kernel: '6.1.0-18-amd64',
    present: ['spec-ctrl', 'ssbd', 'rdctl-no', 'ibrs-all', 'avx512'],
    absent: ['rsba', 'gds-no'],
    vulnerabilities: { meltdown: 'Not affected', gather_data_sampling: 'Vulnerable: No microcode' },
  })
  expect(statement && unknownIn(statement)).toEqual(['avx512'])
  const amd = sample('spectre-meltdown-checker.json').replace('GenuineIntel', 'AuthenticAMD')
  expect(statementsIn(amd)[0]?.present?.slice(0, 2)).toEqual(['ibrs', 'amd-ssbd'])
})
