import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ParseError } from '../../../src/core/parse-error.ts'
import { readText } from '../../../src/formats/dialects.ts'
import { contextOf } from '../../../src/questions/context.ts'
import { decodeText } from '../../../src/questions/decode/question.ts'
import { fleetOfInput } from '../../../src/questions/input/fleet/open-fleet.ts'
import { findHosts } from '../../../src/questions/input/read.ts'
import { runs } from '../../effort.ts'
import { reportOf, type SampleSection, sample } from './samples.ts'

const corpus = (path: string): string =>
  readFileSync(new URL(`../../corpus/${path}`, import.meta.url), 'utf8')

const context = contextOf()
const fleetOf = (texts: Readonly<Record<string, string>>) =>
  fleetOfInput(context, { documents: Object.entries(texts).map(([path, text]) => ({ path, text })) })

const text = sample('collected.txt')
const capabilities = corpus('xml/capabilities.xml')
const domain = corpus('xml/domain.xml')
const [, domcaps = ''] =
  /\[domcapabilities\]\n([\s\S]*?)\n\[\/domcapabilities\]/.exec(text.replace(/^\|/gm, '')) ?? []

/** What is known of a host beside what it is called and where it was read. */
const known = (texts: Readonly<Record<string, string>>) =>
  fleetOf(texts).fleet.hosts.map(
    ({ features, hardwareFeatures, evidence, models, microcode, uuid, physBits }) => ({
      features: context.db.features.in(features).map(({ name }) => name),
      hardware: hardwareFeatures && String(hardwareFeatures),
      evidence: evidence && [evidence.present, evidence.absent, evidence.assumed].map(String),
      models: models && [...models],
      microcode,
      uuid,
      physBits,
    }),
  )

test('a report is one host with its guests, however many stand in a row', () => {
  const { hosts, guests } = fleetOf({ 'all.txt': text }).fleet
  expect(hosts.map(({ name, microcode, kernel }) => [name, microcode, kernel])).toEqual([
    ['blue-1', 0x1000065, '6.1.0-32-amd64'],
    ['blue-2', 0x8301063, '6.8.0-45-generic'],
  ])
  expect(hosts[1]?.readFrom?.map(({ layer }) => layer)).toEqual(['hardware', 'kernel', 'offered'])
  expect(hosts[0]?.vulnerabilities).toEqual({
    meltdown: 'Not affected',
    spectre_v2: 'Mitigation: Retpolines',
  })
  expect(guests.map(({ name, host }) => [name, host])).toEqual([['web-1', 'blue-2']])
})

test('what was read where is the same as of separate files', () => {
  const sections: readonly SampleSection[] = [
    ['capabilities', capabilities],
    ['domcapabilities', domcaps],
  ]
  expect(known({ 'n1.txt': reportOf('n1', sections) })).toEqual(
    known({ 'n1.xml': capabilities, 'n1.domcaps.xml': domcaps }),
  )
  expect(known({ 'n1.txt': reportOf('n1', [['cpuid', corpus('machine/cpuid-r.txt')]]) })).toMatchObject(
    known({ 'n1.txt': corpus('machine/cpuid-r.txt') }).map(({ features, microcode }) => ({
      features,
      microcode,
    })),
  )
})

test('the order of sections changes nothing', () => {
  const sections: readonly SampleSection[] = [
    ['capabilities', capabilities],
    ['domcapabilities', domcaps],
    ['cpuinfo', corpus('machine/proc-cpuinfo.txt')],
    ['cpuid', corpus('machine/cpuid-r.txt')],
    ['guest', domain],
  ]
  const whole = known({ 'n1.txt': reportOf('n1', sections) })
  fc.assert(
    fc.property(fc.shuffledSubarray([...sections], { minLength: sections.length }), shuffled => {
      expect(known({ 'n1.txt': reportOf('n1', shuffled) })).toEqual(whole)
    }),
    { numRuns: runs(10) },
  )
})

test('a report and other files of its host are one host', () => {
  const report = reportOf('n1', [
    ['capabilities', capabilities],
    ['guest', domain],
  ])
  const { fleet } = fleetOf({ 'a.txt': report, 'n1.domcaps.xml': domcaps })
  expect(fleet.hosts).toHaveLength(1)
  expect(fleet.hosts[0]?.readFrom?.map(({ layer }) => layer)).toContain('offered')
  expect(fleet.guests.map(({ host }) => host)).toEqual([fleet.hosts[0]?.name])
})

test('hosts that are called alike are two', () => {
  const one = reportOf('localhost', [['cpuinfo', corpus('machine/proc-cpuinfo.txt')]])
  const { hosts } = fleetOf({ 'all.txt': one + one }).fleet
  expect(hosts.map(({ name }) => name)).toEqual(['all.txt#1', 'all.txt#2'])
})

describe('the CPU of a report is', () => {
  const cpuid: SampleSection = ['cpuid', corpus('machine/cpuid-r.txt')]
  const cpuinfo: SampleSection = ['cpuinfo', corpus('machine/proc-cpuinfo.txt')]
  const xmlOf = (given: string) => decodeText(context, given).xml

  test.each<[string, SampleSection[], string]>([
    ['as its libvirt has it', [cpuinfo, cpuid, ['capabilities', capabilities]], capabilities],
    ['its words of CPUID', [cpuinfo, cpuid], cpuid[1]],
    ['what its kernel shows', [cpuinfo], cpuinfo[1]],
    [
      'what its kernel shows, where its libvirt knows no model',
      [cpuinfo, ['capabilities', corpus('xml/capabilities-small.xml')]],
      cpuinfo[1],
    ],
  ])('%s', (_, sections, alone) => {
    const report = reportOf('n1', [...sections, ['domcapabilities', domcaps], ['guest', domain]])
    expect(xmlOf(report)).toBe(xmlOf(alone))
    expect(findHosts(context, report)).toHaveLength(1)
  })

  test('what a machine of another architecture shows', () => {
    const report = reportOf('n1', [['cpuinfo', corpus('machines/neoverse-n1.cpuinfo.txt')]])
    const [found, ...more] = readText(report)
    expect(found?.kind).toBe('registers')
    expect(more.map(({ kind }) => kind)).not.toContain('registers')
  })
})

test('a report that is cut says so, or is refused, and says nothing more than the whole', () => {
  const told = (given: string) => new Set(readText(given).map(found => `${found.kind} ${found.called}`))
  const whole = told(text)
  for (const { index } of text.matchAll(/\n/g)) {
    const part = text.slice(0, index + 1)
    if (part === text) continue
    try {
      for (const one of told(part)) expect(whole).toContain(one)
      const last = readText(part).flatMap(({ notes = [] }) => notes)
      // Between two reports nothing is missing.
      if (!part.endsWith('[end] 4\n')) expect(last.join()).toMatch(/the report is cut/)
    } catch (error) {
      expect(error).toBeInstanceOf(ParseError)
    }
  }
})

test('what went wrong on the host is told, and what is not read', () => {
  const report = reportOf('n1', [
    ['cpuinfo', corpus('machine/proc-cpuinfo.txt')],
    ['domcapabilities', '', 1, ['error: failed to connect to the hypervisor']],
    ['capabilities', capabilities.slice(0, 900), 0],
    ['weather', 'fair'],
  ])
  const notes = readText(report).flatMap(({ notes = [] }) => notes)
  expect(notes).toEqual([
    expect.stringMatching(/^capabilities is left out: .*:\d+/),
    'domcapabilities is missing: error: failed to connect to the hypervisor',
    'sections that are not read: weather',
  ])
})

test.each([
  ['[virt-cpu-collect] 2\n[host]\n|name: a\n[/host] 0\n[end] 1\n', /format 2: this version reads format 1/],
  ['[virt-cpu-collect] 1\n[host]\n|name: a\n', /a report without a host/],
  ['[virt-cpu-collect] 1\n', /a report without a host/],
])('%j is refused', (given, message) => {
  expect(() => readText(given, 'a.txt')).toThrow(message)
  expect(() => readText(given, 'a.txt')).toThrow(/^a\.txt:1/)
})

test.each<[string, (given: string) => string]>([
  ['CRLF', given => given.replaceAll('\n', '\r\n')],
  ['a byte order mark', given => `\ufeff${given}`],
  ['the prefix of pdsh', given => given.replace(/^/gm, 'n1: ')],
  ['other words around it', given => `Welcome!\n${given}Connection closed.\n`],
])('%s changes nothing', (_, change) => {
  const [one = ''] = text.split(/(?<=\[end\] 4\n)/)
  const plain = (given: string) => readText(given).map(({ kind, report }) => `${kind} ${report?.name}`)
  expect(plain(change(one).replace(/\nn1: $/, '\n'))).toEqual(plain(one))
})
