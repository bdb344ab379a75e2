import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { LibvirtError } from '../../src/core/libvirt-error.ts'
import { printCpu } from '../../src/formats/libvirt/print-cpu.ts'
import { readCpu } from '../../src/questions/input/read.ts'
import { runProcess } from '../cli/virt-cpu.ts'
import { needed } from '../needs.ts'
import { whyNoVirsh } from './libvirtd.ts'

const why = needed('virsh 11.3', whyNoVirsh())
const folder = mkdtempSync(join(tmpdir(), 'virt-cpu-'))
afterAll(() => rmSync(folder, { recursive: true }))

const attribute = (name: string, values: fc.Arbitrary<string | number | undefined>) =>
  values.map(value => (value === undefined ? '' : ` ${name}='${value}'`))
const maybe = fc.option
const some = <T>(...values: T[]) => fc.constantFrom(...values)
const join_ = (...parts: fc.Arbitrary<string>[]) => fc.tuple(...parts).map(list => list.join(''))
const list = (item: fc.Arbitrary<string>, max: number) =>
  fc.array(item, { maxLength: max }).map(items => items.join(''))

/** Mostly good, so that what comes late is reached. */
const rarely = <T>(good: readonly T[], bad: readonly T[]) =>
  fc.oneof({ weight: 15, arbitrary: some(...good) }, some(...bad))
const id = rarely<number | string>([0, 1, 2], ['x', 7])
const sibling = join_(attribute('id', id), attribute('value', rarely([20, 21, 31], [10, 9, 256]))).map(
  attributes => `<sibling${attributes}/>`,
)
const cache = join_(
  attribute('level', rarely([1, 2, 3], [4])),
  attribute('associativity', rarely(['none', 'direct', 'full'], ['odd'])),
  attribute('policy', some('none', 'writeback', 'writethrough')),
).map(attributes => `<cache${attributes}><size value='8' unit='MiB'/><line value='64' unit='B'/></cache>`)
const cell = fc
  .tuple(
    join_(
      attribute('cpus', maybe(rarely(['0', '1-3', '4-6,^5', '7'], ['2,5', '^1', 'x']), { nil: undefined })),
      attribute('memory', rarely<number | string>([1024, 2048, 512, 4096], ['+5', '-1'])),
      attribute('unit', maybe(rarely(['KiB', 'KB', 'M', 'MiB', 'b'], ['ells']), { nil: undefined, freq: 2 })),
      attribute('memAccess', maybe(some('shared', 'private'), { nil: undefined, freq: 2 })),
      attribute('discard', maybe(some('yes', 'no'), { nil: undefined, freq: 2 })),
    ),
    maybe(list(sibling, 2), { nil: undefined, freq: 1 }),
    list(cache, 2),
  )
  .map(
    ([attributes, distances, caches]) =>
      `<cell${attributes}>${distances === undefined ? '' : `<distances>${distances}</distances>`}${caches}</cell>`,
  )
const link = join_(
  some('<latency', '<bandwidth'),
  attribute('initiator', some(0, 0, 1, 3)),
  attribute('target', some(0, 1, 1, 3)),
  attribute('cache', maybe(some(0, 1), { nil: undefined })),
  attribute('type', some('access', 'read', 'write')),
  attribute('value', some(5, 100)),
  attribute('unit', maybe(some('KiB', 'MiB', 'GB'), { nil: undefined })),
).map(opening => `${opening}/>`)
const numa = fc
  .tuple(list(cell, 3), maybe(list(link, 3), { nil: undefined, freq: 1 }))
  .map(
    ([cells, links]) =>
      `<numa>${cells}${links === undefined ? '' : `<interconnects>${links}</interconnects>`}</numa>`,
  )

const domain = (text: string): string =>
  `<domain type='test'><name>n</name><memory>1024</memory><vcpu>8</vcpu><os><type arch='i686'>hvm</type></os><cpu><model>qemu32</model>${text}</cpu></domain>`

function ours(xml: string): string {
  try {
    return printCpu(readCpu(xml, 'guest')).trim()
  } catch (error) {
    if (error instanceof LibvirtError) return error.message
    throw error
  }
}

/** What virsh's test driver makes of each domain's `<cpu>`, all in one process. */
function theirs(domains: readonly string[]): string[] {
  const commands = domains.map((xml, i) => {
    const file = join(folder, `${i}.xml`)
    writeFileSync(file, xml)
    return `define ${file}; dumpxml n; undefine n; echo =next=; echo --err =next=`
  })
  const virsh = runProcess('virsh', ['-q', '-c', 'test:///default', commands.join('; ')], { cwd: folder })
  const refusals = virsh.stderr.split('=next=')
  return virsh.stdout
    .split('=next=')
    .slice(0, domains.length)
    .map((domain, i) => cpuOf(domain) ?? refusalOf(refusals[i] ?? ''))
}

/** The `<cpu>` of a domain that was defined, with the indent of a document of its own. */
const cpuOf = (xml: string): string | undefined =>
  /<cpu [\s\S]*<\/cpu>/.exec(xml)?.[0].replaceAll('\n  ', '\n')

/** The second line of the first error: the first says which file. */
const refusalOf = (errors: string): string => /^error: (?!Failed to define)(.*)/m.exec(errors)?.[1] ?? errors

describe.skipIf(why)(`side by side with virsh (${why ?? 'installed'})`, () => {
  test('a domain’s NUMA topology reads and prints as libvirt has it, or is refused in its words', () => {
    const domains = fc.sample(numa, { numRuns: 400, seed: 1 }).map(domain)
    const answers = domains.map(ours)
    const differing = theirs(domains).flatMap((answer, i) =>
      answer === answers[i] ? [] : [{ domain: domains[i], ours: answers[i], theirs: answer }],
    )
    expect(differing).toEqual([])
    expect(answers.filter(answer => answer.startsWith('<cpu')).length).toBeGreaterThan(40)
  })
})
