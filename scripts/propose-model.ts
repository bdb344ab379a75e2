// Prints the text of the models of an installed libvirt that our data lacks:
// node scripts/run-ts.mjs scripts/propose-model.ts /usr/share/libvirt/cpu_map

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { builtin } from '../src/map/built-in.ts'
import { Database } from '../src/map/database.ts'
import { modelsToPropose, proposeModel } from '../src/map/text/propose-model.ts'

const [folder = '/usr/share/libvirt/cpu_map'] = process.argv.slice(2)
const map = Database.fromCpuMap(name => readFileSync(join(folder, name), 'utf8'))
for (const model of modelsToPropose(builtin(), map)) console.log(proposeModel(builtin(), map, model))
