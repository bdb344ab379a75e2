import { type Context, contextOf } from '../questions/context.ts'
import type { TextReader } from './derive.ts'
import type { InventoryPlace } from './engine.ts'
import { load } from './fault.ts'
import type { Inventory } from './inventory.ts'

/**
 * Opens an inventory; an empty folder or database becomes one, an older one is brought up to date. A new folder takes two
 * seconds: who has other things to do need not wait for the promise.
 * @param context what texts are read with; absent: the data that comes with this package
 * @param reader reads those that are reported; absent: this process does
 * @throws InventoryError
 */
export async function openInventory(
  place: InventoryPlace,
  context: Context = contextOf(),
  reader?: TextReader,
): Promise<Inventory> {
  await load('kysely', () => import('kysely'))
  const { startEngine } = await import('./engine.ts')
  const { storeIn } = await import('./store.ts')
  const { readTextsWith } = await import('./derive.ts')
  const engine = await startEngine(place)
  try {
    return await storeIn(engine, context, reader ?? readTextsWith(context))
  } catch (error) {
    await engine.close()
    throw error
  }
}
