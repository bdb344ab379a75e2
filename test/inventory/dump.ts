import fc from 'fast-check'
import { expect } from 'vitest'
import type { Inventory } from '../../src/inventory/inventory.ts'
import { capabilities } from './texts.ts'

/** Everything that happens to an inventory: hosts report, move, change, are taken out and come back. */
export type Happening =
  | {
      readonly kind: 'report'
      readonly host: number
      readonly pool: number
      readonly model: number
      readonly microcode: number
    }
  | { readonly kind: 'remove'; readonly host: number }
  | { readonly kind: 'pin'; readonly pool: number; readonly model: number | undefined }

const MODELS = ['Skylake-Server-noTSX-IBRS', 'Cascadelake-Server-noTSX', 'Icelake-Server-noTSX']

export const happenings: fc.Arbitrary<Happening[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant('report' as const),
        host: fc.nat(5),
        pool: fc.nat(2),
        model: fc.nat(MODELS.length - 1),
        microcode: fc.nat(2),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove' as const), host: fc.nat(5) }) },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('pin' as const),
        pool: fc.nat(2),
        model: fc.option(fc.nat(MODELS.length - 1), { nil: undefined }),
      }),
    },
  ),
  { minLength: 1, maxLength: 40 },
)

/** Does all of it, the reports a second after another, before what the database's own clock says. */
export async function happen(inventory: Inventory, list: readonly Happening[]): Promise<void> {
  const start = Date.now() - list.length * 1000
  for (const [i, one] of list.entries())
    if (one.kind === 'remove') await inventory.remove(`host-${one.host}`)
    else if (one.kind === 'report')
      await inventory.report({
        id: `host-${one.host}`,
        pool: `pool-${one.pool}`,
        text: capabilities({ model: MODELS[one.model] ?? '', microcode: one.microcode }),
        reporter: `agent-${one.pool}`,
        at: new Date(start + i * 1000),
      })
    else {
      const model = one.model === undefined ? undefined : MODELS[one.model]
      const cpu = model && `<cpu mode='custom' match='exact'><model>${model}</model></cpu>`
      await inventory.pin(`pool-${one.pool}`, cpu, 'somebody', `reason ${i}`)
    }
}

export async function exported(inventory: Inventory, pool?: string): Promise<string[]> {
  const lines: string[] = []
  for await (const line of inventory.exportLines(pool)) lines.push(line)
  return lines
}

/** Holds for an export of one inventory and a new one, of whatever engines. */
export async function expectMoves(from: Inventory, to: Inventory): Promise<void> {
  const lines = await exported(from)
  const done = await to.importLines(lines)
  expect(done.refused).toEqual([])
  expect(await exported(to)).toEqual(lines)
  expect(await to.importLines(lines)).toEqual({ ...done, changed: 0, decisions: 0 })
  expect(await exported(to)).toEqual(lines)
  const known = async (inventory: Inventory) => ({
    pools: (await inventory.pools()).map(({ pinned: _, ...pool }) => pool),
    baselines: await inventory.poolBaselines(),
  })
  expect(await known(to)).toEqual(await known(from))
}
