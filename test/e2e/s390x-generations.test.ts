import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { GenerationFold } from '../../src/arch/s390x/best.ts'
import { s390x } from '../../src/arch/s390x/driver.ts'
import { toModelDefinition } from '../../src/arch/s390x/hypervisor.ts'
import { Generations } from '../../src/arch/s390x/models.ts'
import type { Cpu } from '../../src/core/cpu.ts'
import { findEmulator } from '../../src/host/qemu/emulator.ts'
import { Qemu } from '../../src/host/qemu/qemu.ts'
import { CpuMap } from '../../src/map/cpu-map.ts'
import { readDataFile } from '../../src/map/data.ts'
import { parseFeatureRows } from '../../src/map/text/parse-features.ts'
import { part, runs } from '../effort.ts'
import { needed, notInstalled } from '../needs.ts'
import { big, Guest } from './gdb.ts'

// Our generations are QEMU's, asked of QEMU: in both directions, and what follows from them.

const binary = findEmulator('s390x')
const why = needed('QEMU for s390x', binary ? undefined : notInstalled('qemu-system-s390x'))

interface Definition {
  readonly name: string
  readonly props?: Readonly<Record<string, boolean>>
}
interface Reply {
  readonly return?: { readonly model: Definition; readonly 'deprecated-props'?: readonly string[] }
  readonly error?: { readonly desc: string }
}

/** Models of QEMU's that are no machine: what the accelerator, or the version, makes of them. */
const NO_MACHINE = ['host', 'max', 'qemu']

/** Models that QEMU does not know before a version. */
const SINCE: readonly (readonly [number, RegExp])[] = [[10, /^gen17/]]

const generations = new Generations(CpuMap.builtIn().of('s390x'))
const { db, machines } = generations
const driver = s390x.create(CpuMap.builtIn())
const names = (set = db.features.all): string[] => db.features.in(set).map(({ name }) => name)
const given = (props: Definition['props'] = {}, on = true): string[] =>
  Object.keys(props).filter(name => props[name] === on)

const asCpu = ({ name, props }: Definition): Cpu => ({
  type: 'guest',
  mode: 'custom',
  model: name,
  features: [
    ...given(props).map(name => ({ name, policy: 'require' }) as const),
    ...given(props, false).map(name => ({ name, policy: 'disable' }) as const),
  ],
})

describe.skipIf(why)(`QEMU's s390x models (${why ?? 'installed'})`, () => {
  let qemu: Qemu
  let known: string[]
  const ask = async (execute: string, args: object): Promise<Reply> =>
    (await qemu.ask({ execute, arguments: args as never })) as Reply
  const expand = (model: Definition, type = 'full') => ask('query-cpu-model-expansion', { type, model })

  beforeAll(async () => {
    qemu = await Qemu.start(binary ?? '', { accelerator: 'tcg' })
    await qemu.ask({ execute: 'qmp_capabilities' })
    const version = (await qemu.ask({ execute: 'query-version' })) as {
      return: { qemu: { major: number } }
    }
    const old = SINCE.filter(([major]) => version.return.qemu.major < major)
    known = db.models.map(({ name }) => name).filter(name => !old.some(([, models]) => models.test(name)))
  })
  afterAll(() => qemu?.end())

  test('are the ones we have', async () => {
    const reply = (await qemu.ask({ execute: 'query-cpu-definitions' })) as unknown as {
      return: { name: string; static: boolean }[]
    }
    const theirs = reply.return.filter(({ name }) => !NO_MACHINE.includes(name))
    expect(theirs.map(({ name }) => name).sort()).toEqual([...known].sort())
    expect(
      theirs
        .filter(one => one.static)
        .map(({ name }) => name)
        .sort(),
    ).toEqual(known.filter(name => name.endsWith('-base')).sort())
  })

  test('have the features that we say, and its groups are ours', async () => {
    const differences: object[] = []
    for (const name of known) {
      const theirs = given((await expand({ name })).return?.model.props)
      const ours = names(db.model(name)?.features)
      const [missing, extra] = [theirs.filter(x => !ours.includes(x)), ours.filter(x => !theirs.includes(x))]
      if (missing.length + extra.length > 0) differences.push({ name, missing, extra })
    }
    expect(differences).toEqual([])
  })

  test('can be given what we say, and no more', async () => {
    const wrong: string[] = []
    const all = [...machines.values()].filter(({ name }) => known.includes(name))
    for (const [i, machine] of all.entries()) {
      const before = all[i - 1]
      const possible = Object.fromEntries(names(machine.possible).map(name => [name, true]))
      const { error } = await expand({ name: machine.name, props: possible }, 'static')
      if (error) wrong.push(error.desc)
      for (const name of before ? names(machine.possible.minus(before.possible)) : []) {
        const reply = await expand({ name: before?.name ?? '', props: { [name]: true } }, 'static')
        if (!reply.error) wrong.push(`${before?.name} takes ${name}`)
      }
    }
    const never = names(db.features.all.minus(all.at(-1)?.possible ?? db.features.all))
    for (const name of never) {
      if (!(await expand({ name: all.at(-1)?.name ?? '', props: { [name]: true } })).error) wrong.push(name)
    }
    expect(wrong).toEqual([])
  })

  test('are deprecated where we say', async () => {
    const rows = parseFeatureRows({ name: 'features.txt', text: readDataFile('s390x/features.txt') })
    const ours = rows.flatMap(row => row.features).filter(({ flags }) => flags.deprecated)
    const { return: reply } = await expand({ name: 'z14' })
    expect([...(reply?.['deprecated-props'] ?? [])].sort()).toEqual(ours.map(({ name }) => name).sort())
  })

  /** What QEMU and we make of both: undefined where they agree. */
  async function disagreement(modela: Definition, modelb: Definition): Promise<object | undefined> {
    const { return: reply } = await ask('query-cpu-model-baseline', { modela, modelb })
    const fold = new GenerationFold(generations)
    for (const definition of [modela, modelb]) fold.add(asCpu(definition))
    const ours = attempt(() => fold.result())
    if (!reply || !ours) return reply || ours ? { modela, modelb, theirs: reply?.model, ours } : undefined
    const same =
      ours.model === reply.model.name &&
      generations.cpuOf(ours).features.eq(generations.cpuOf(asCpu(reply.model)).features)
    return same ? undefined : { modela, modelb, theirs: reply.model, ours: toModelDefinition(ours) }
  }

  test('have the baselines that we compute, two by two', async () => {
    const wrong: object[] = []
    for (const [a, b] of part(pairsOf(known), 5)) {
      const found = await disagreement({ name: a }, { name: b })
      if (found) wrong.push(found)
    }
    expect(wrong.slice(0, 3)).toEqual([])
  })

  test('tell their facilities by the bits that we say', async () => {
    const props = (await expand({ name: 'max' })).return?.model.props
    const has = db.features.setOf(given(props).flatMap(name => db.features.get(name) ?? []))
    const facilities = new Map([['STFLE', await facilityList()]])
    const told = db.features.setOfRegisters(new Map([['STFLE', -1n]]))
    expect(names(has.meet(told))).toEqual(names(db.features.setOfRegisters(facilities)))
    expect(has.meet(told).size).toBeGreaterThan(30)
  })

  /** What a guest is told by STORE FACILITY LIST EXTENDED, bit 0 the lowest. @see Principles of Operation */
  async function facilityList(): Promise<bigint> {
    const [code, list, doublewords] = [0x1000, 0x800, 4]
    const [PSW_MASK, PSW_ADDRESS, R0] = [0, 1, 2]
    const guest = await Guest.start(binary ?? '', ['-M', 's390-ccw-virtio', '-cpu', 'max', '-m', '128'])
    try {
      await guest.write(code, Uint8Array.from([0xb2, 0xb0, list >> 8, list & 0xff]))
      await guest.set(PSW_MASK, big(0x1_8000_0000))
      await guest.set(PSW_ADDRESS, big(code))
      await guest.set(R0, big(doublewords - 1))
      await guest.step()
      const bits = [...(await guest.memory(list, doublewords * 8))].flatMap(byte =>
        [...byte.toString(2).padStart(8, '0')].map(Number),
      )
      return bits.reduce((all, bit, number) => all | (BigInt(bit) << BigInt(number)), 0n)
    } finally {
      guest.end()
    }
  }

  test('compare as we say', async () => {
    const wrong: object[] = []
    const bare = (model: string) => asCpu({ name: model })
    for (const [a, b] of part(pairsOf(known), 5)) {
      const reply = await ask('query-cpu-model-comparison', { modela: { name: a }, modelb: { name: b } })
      const { result } = reply.return as unknown as { result: string }
      const { missing, newer } = driver.overlooked?.(bare(a), bare(b)) ?? { missing: [undefined] }
      const canBe = result === 'identical' || result === 'superset'
      if (canBe !== (missing.length === 0 && newer === undefined)) wrong.push({ a, b, result })
    }
    expect(wrong.slice(0, 3)).toEqual([])
  })

  test('have them with any features too', async () => {
    const definition = fc.constantFrom(...db.models.map(({ name }) => name)).chain(name => {
      const possible = db.features.list.filter(
        ({ bits }) => bits.leq(machines.get(name.replace(/-base$/, ''))?.possible ?? bits) && bits.size === 1,
      )
      const props = fc.dictionary(fc.constantFrom(...possible.map(feature => feature.name)), fc.boolean(), {
        maxKeys: 8,
      })
      return fc.record({ name: fc.constant(name), props })
    })
    const ours = definition.filter(({ name }) => known.includes(name))
    await fc.assert(
      fc.asyncProperty(ours, ours, async (a, b) => {
        expect(await disagreement(a, b)).toBeUndefined()
      }),
      { numRuns: runs(10_000, 20) },
    )
  })
})

const pairsOf = (names: readonly string[]) => names.flatMap(a => names.map(b => [a, b] as const))

function attempt<T>(make: () => T): T | undefined {
  try {
    return make()
  } catch {
    return undefined
  }
}
