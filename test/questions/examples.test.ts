import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Pool } from '../../src/questions/baseline/pool.ts'
import { answerCompare } from '../../src/questions/compare/compute.ts'
import { contextOf } from '../../src/questions/context.ts'
import { readCpu } from '../../src/questions/input/read.ts'
import { show } from '../notation.ts'
import { EXAMPLES, synthesize } from '../synthetic-qemu.ts'

/** The fleets that the README and the help speak of. */

const context = contextOf()
const root = join(import.meta.dirname, '../../examples')

function read(folder: string) {
  const names = readdirSync(join(root, folder)).sort()
  return names.map(name => ({
    name: name.replace('.xml', ''),
    cpu: readCpu(readFileSync(join(root, folder, name), 'utf8'), 'host', name),
  }))
}

function pool(folder: string): Pool {
  const made = new Pool(context.map, { explain: true })
  for (const { name, cpu } of read(folder)) made.add(cpu, name)
  return made
}

/** The security features that the pool loses, with the hosts to blame. */
const security = (folder: string): Record<string, string> =>
  Object.fromEntries(
    pool(folder)
      .lost()
      .filter(lost => lost.class === 'security')
      .map(({ feature, hosts }) => [feature, hosts.join(' ')]),
  )

describe('fleet', () => {
  const SKYLAKES = 'sky-01 sky-02 sky-03'

  test('eight hosts come to a Skylake without TSX', () => {
    const text = show(pool('fleet').result())
    expect(text).toMatch(/^exact Skylake-Server-IBRS Intel require:dtes64 /)
    expect(text).toMatch(/ disable:hle disable:rtm disable:mpx$/)
  })

  test('one old microcode costs the guests md-clear and ssbd', () => {
    expect(security('fleet')).toMatchObject({
      'md-clear': 'sky-03',
      ssbd: 'sky-03',
      'mds-no': SKYLAKES,
      'rdctl-no': SKYLAKES,
    })
    expect(
      pool('fleet')
        .notes()
        .map(({ kind }) => kind),
    ).toEqual(['security-dropped'])
  })
})

test('fleet-amd: a Rome and a Milan come to a Rome', () => {
  expect(show(pool('fleet-amd').result())).toMatch(/^exact EPYC-Rome AMD require:monitor /)
  expect(security('fleet-amd')).toHaveProperty('amd-psfd', 'rome-01')
})

describe.each(['fleet', 'fleet-amd', 'redhat-guide'])('%s', folder => {
  test('every host runs what all share', () => {
    const cpu = pool(folder).result()
    for (const host of read(folder))
      expect(answerCompare(context, host.cpu, cpu).result, host.name).toBe('superset')
  })

  test('every document is short', () => {
    for (const name of readdirSync(join(root, folder))) {
      const text = readFileSync(join(root, folder, name), 'utf8')
      expect(text.split('\n').length, name).toBeLessThan(50)
      expect(text.endsWith('>\n'), name).toBe(true)
    }
  })
})

test('the hypervisors are what QEMU on KVM would say on hosts of the fleet', () => {
  const folder = join(root, 'hypervisors')
  expect(readdirSync(folder).sort()).toEqual([...EXAMPLES.keys()].map(name => `${name}.replies`))
  for (const [name, models] of EXAMPLES) {
    const { cpu } = read('fleet').find(host => host.name === name) ?? {}
    const text = readFileSync(join(folder, `${name}.replies`), 'utf8')
    expect(cpu && synthesize({ cpu, models })).toBe(text)
  }
})
