// Writes what the tests expect of the data anew: node scripts/run-ts.mjs scripts/accept.ts [--release]
// With --release the models that are there become released ones, which may not change any more.
import { writeFileSync } from 'node:fs'
import { drivers } from '../src/arch/registry.ts'
import { CpuMap } from '../src/map/cpu-map.ts'
import { printExpansions, printReleased } from '../src/map/text/print-expansions.ts'
import { questionSchemas } from '../src/questions/json-schema.ts'

writeFileSync('test/expected/models.txt', printExpansions(CpuMap.builtIn().of('x86')))
for (const { data, ownModels } of drivers())
  if (ownModels) writeFileSync(`test/expected/${data().folder}.txt`, printExpansions(ownModels()))
if (process.argv.includes('--release'))
  writeFileSync('test/expected/released.txt', printReleased(CpuMap.builtIn().of('x86')))
writeFileSync('docs/schema/questions.json', `${JSON.stringify(questionSchemas(), null, 1)}\n`)
