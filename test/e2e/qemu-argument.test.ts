import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { printCpu } from '../../src/formats/libvirt/print-cpu.ts'
import { qemuCpu } from '../../src/formats/qemu/cpu-argument.ts'
import { askNow as ask } from '../ask-now.ts'
import { builtin } from '../built-in.ts'
import { part, runs } from '../effort.ts'
import { guest, host } from '../notation.ts'
import { qemuOf, refusals, whyNoQemu as why } from './qemu-takes.ts'

// QEMU takes every `-cpu` that we write for its version. It emulates, so that bits which it cannot give are a warning,
// but a model or a property that it does not have is an error.

const db = builtin()
const models = [
  ...db.models.map(({ name }) => name),
  ...db.families.flatMap(({ versions }) =>
    versions.flatMap(({ qemuOnly, versioned }) => (qemuOnly && versioned ? [versioned.name] : [])),
  ),
]

describe.skipIf(why)(`QEMU takes what is written for it (${why ?? 'installed'})`, () => {
  const qemu = qemuOf()

  test('models', { timeout: 900_000 }, async () => {
    const texts = part(models, 4).map(name => qemuCpu.print(guest(`exact ${name}`), { qemu }).text)
    expect(await refusals([...new Set(texts)])).toEqual([])
  })

  test('baselines of hosts', { timeout: 900_000 }, async () => {
    const names = db.features.list.map(({ name }) => name)
    const anyHost = fc
      .record({
        model: fc.constantFrom(...db.models.filter(({ decode }) => decode.host).map(({ name }) => name)),
        features: fc.uniqueArray(fc.constantFrom(...names), { maxLength: 30 }),
      })
      .map(({ model, features }) => printCpu(host([model, ...features.map(name => `+${name}`)].join(' '))))
    const pools = fc.sample(fc.array(anyHost, { minLength: 1, maxLength: 4 }), { numRuns: runs(200, 4) })
    const texts = pools.map(cpus => {
      const { written } = ask({ verb: 'baseline', cpus, best: true, format: 'qemu', qemu })
      return String(written)
    })
    expect(texts.every(text => text.startsWith('-cpu '))).toBe(true)
    expect(await refusals(texts)).toEqual([])
  })

  test('a feature of a later QEMU is refused, so that the others mean something', {
    timeout: 120_000,
  }, async () => {
    expect((await refusals(['-cpu Haswell,of-no-qemu=on']))[0]).toContain('of-no-qemu')
    expect((await refusals(['-cpu EPYC-Turn']))[0]).toContain('EPYC-Turn')
  })
})
