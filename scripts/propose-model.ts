// Prints the text of the models of an installed libvirt that our data lacks:
// node scripts/run-ts.mjs scripts/propose-model.ts /usr/share/libvirt/cpu_map

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CpuMap } from '../src/map/cpu-map.ts'
import { Database } from '../src/map/database.ts'
import { modelsToPropose, proposeModel } from '../src/map/text/propose-model.ts'

const [folder = '/usr/share/libvirt/cpu_map'] = process.argv.slice(2)
const map = Database.fromCpuMap(name => readFileSync(join(folder, name), 'utf8'))
const own = CpuMap.builtIn().of('x86')
for (const model of modelsToPropose(own, map)) console.log(proposeModel(own, map, model))
