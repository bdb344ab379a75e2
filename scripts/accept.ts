// Writes anew what the tests expect of the data, and the examples that follow from it:
// node scripts/run-ts.mjs scripts/accept.ts [--release]
// With --release the models that are there become released ones, which may not change any more.
import { readFileSync, writeFileSync } from 'node:fs'
import { ARCHITECTURES } from '../src/arch/registry.ts'
import { CpuMap } from '../src/map/cpu-map.ts'
import { printExpansions, printReleased } from '../src/map/lint/models.ts'
import { readCpu } from '../src/questions/input/read.ts'
import { questionSchemas } from '../src/questions/json-schema.ts'
import { EXAMPLES, synthesize } from '../test/synthetic-qemu.ts'

for (const { data, create } of ARCHITECTURES) {
  const { db } = create(CpuMap.builtIn())
  const name = data.folder === 'x86' ? 'models' : data.folder
  if (db) writeFileSync(`test/expected/${name}.txt`, printExpansions(db))
}
if (process.argv.includes('--release'))
  writeFileSync('test/expected/released.txt', printReleased(CpuMap.builtIn().of('x86')))
writeFileSync('docs/schema/questions.json', `${JSON.stringify(await questionSchemas(), null, 1)}\n`)
for (const [name, models] of EXAMPLES) {
  const cpu = readCpu(readFileSync(`examples/fleet/${name}.xml`, 'utf8'), 'host', name)
  writeFileSync(`examples/hypervisors/${name}.replies`, synthesize({ cpu, models }))
}
