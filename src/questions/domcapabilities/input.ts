import * as v from 'valibot'
import { replies } from '../input/hypervisor-schemas.ts'

const text = v.string('must be text')
const flag = v.boolean('must be true or false')
const count = v.pipe(v.number('must be a number'), v.integer('must be a whole number'), v.minValue(0))
const texts = v.array(text, 'must be a list of texts')

/** What is known of the host beside its QEMU; all of it may be left out. */
const host = v.strictObject({
  arch: v.optional(text),
  cpu: v.optional(text),
  physBits: v.optional(count),
  kvmMaxVcpus: v.optional(count),
  vfio: v.optional(flag),
  firmware: v.optional(v.array(v.looseObject({}), "must be a list of QEMU's firmware descriptions")),
  loaders: v.optional(texts),
  swtpm: v.optional(texts),
  rdp: v.optional(flag),
  protectedGuests: v.optional(flag),
  sev: v.optional(v.strictObject({ maxGuests: count, maxEsGuests: count })),
})

export const domcapabilitiesInput = v.strictObject({
  replies,
  virttype: v.optional(text),
  arch: v.optional(text),
  machine: v.optional(text),
  emulator: v.optional(text),
  disableDeprecated: v.optional(flag),
  host: v.optional(host),
})

export type DomcapabilitiesInput = v.InferOutput<typeof domcapabilitiesInput>
