// Writes what the tests expect of the data anew: node scripts/run-ts.mjs scripts/accept.ts [--release]
// With --release the models that are there become released ones, which may not change any more.
import { writeFileSync } from 'node:fs'
import { ARCHITECTURES } from '../src/arch/registry.ts'
import { CpuMap } from '../src/map/cpu-map.ts'
import { printExpansions, printReleased } from '../src/map/text/print-expansions.ts'
import { questionSchemas } from '../src/questions/json-schema.ts'

for (const { data, create } of ARCHITECTURES) {
  const { db } = create(CpuMap.builtIn())
  const name = data.folder === 'x86' ? 'models' : data.folder
  if (db) writeFileSync(`test/expected/${name}.txt`, printExpansions(db))
}
if (process.argv.includes('--release'))
  writeFileSync('test/expected/released.txt', printReleased(CpuMap.builtIn().of('x86')))
writeFileSync('docs/schema/questions.json', `${JSON.stringify(questionSchemas(), null, 1)}\n`)
