import { writeSync } from 'node:fs'
import { openInventory } from '../../src/inventory/open.ts'
import { capabilities } from '../inventory/texts.ts'

// Reports hosts, several at once, and says each that was acknowledged: a program that tests end in the middle.
//   reporter.ts FOLDER|URL FIRST COUNT
const [place = '', first = '0', count = '0'] = process.argv.slice(2)
const inventory = await openInventory(place.includes('://') ? { url: place } : { folder: place })
writeSync(1, 'open\n')

const ids = Array.from({ length: Number(count) }, (_, i) => `n${Number(first) + i}`)
const work = async () => {
  for (let id = ids.shift(); id !== undefined; id = ids.shift()) {
    const microcode = Number(id.slice(1))
    const pool = `p${microcode % 7}`
    await inventory.report({ id, pool, text: capabilities({ microcode: microcode % 5, uuid: id }) })
    writeSync(1, `${id}\n`)
  }
}
await Promise.all(Array.from({ length: 20 }, work))
await inventory.close()
writeSync(1, 'done\n')
