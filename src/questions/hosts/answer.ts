import * as v from 'valibot'
import { LAYERS } from '../../core/evidence.ts'
import { type AnswerOf, described } from '../schema.ts'

const known = <S extends v.GenericSchema>(schema: S, text: string) => described(v.nullable(schema), text)

/** A host of a fleet in one line; null: not known. */
export const HostLine = v.strictObject({
  host: v.string(),
  pool: described(v.string(), 'Empty: it is in the pool without a label.'),
  arch: described(v.string(), 'libvirt’s name of the architecture: hosts of two are never compared.'),
  model: known(v.string(), 'The model that its document names, or that fits its CPU best.'),
  signature: known(v.string(), '`6.85.7`: family, model and stepping.'),
  vendor: v.nullable(v.string()),
  level: known(
    v.string(),
    'The highest level that its guests can have: x86-64-v3, a profile of RISC-V, a mode of POWER; null: none.',
  ),
  higher: described(
    v.boolean(),
    'Whether a higher level is possible: the documents do not say that what it needs is missing.',
  ),
  microcode: v.nullable(v.number()),
  features: described(v.number(), 'How many features its guests can have, as far as documents tell of them.'),
  physBits: known(v.number(), 'Width of physical addresses.'),
  cpus: known(v.number(), 'How many logical CPUs it has.'),
  kernel: v.nullable(v.string()),
  hypervisor: v.nullable(v.string()),
  uuid: v.nullable(v.string()),
  readFrom: described(
    v.array(v.strictObject({ layer: v.picklist(LAYERS), document: v.string() })),
    'The documents it was read from: what each speaks of, and its XML element or the name of its dialect.',
  ),
})
export type HostLine = AnswerOf<typeof HostLine>

export const HostsAnswer = v.strictObject({ hosts: v.array(HostLine) })
export type HostsAnswer = AnswerOf<typeof HostsAnswer>
