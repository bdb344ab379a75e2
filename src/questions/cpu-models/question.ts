import * as v from 'valibot'
import { listModelNames } from '../../arch/operations.ts'
import { question } from '../question.ts'
import { described, text } from '../schema.ts'

export const cpuModelsQuestion = question({
  name: 'cpu-models',
  summary: 'List the model names of an architecture',
  input: v.strictObject({ arch: text("An architecture, as libvirt spells it: 'x86_64'.") }),
  answer: v.strictObject({
    models: described(v.nullable(v.array(v.string())), 'In map order; null where libvirt accepts any name.'),
  }),
  run: ({ map }, { arch }) => ({ answer: { models: listModelNames(map, arch) ?? null } }),
})
