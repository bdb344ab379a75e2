import * as v from 'valibot'

const text = v.string('must be text')
const texts = v.array(text, 'must be a list of texts')
const flag = v.optional(v.boolean('must be true or false'))

/** A recorded conversation with QEMU. */
export const replies = v.union(
  [text, v.array(v.looseObject({}))],
  'must be a recorded conversation: text, or a list of QMP messages',
)

/** How the recorded QEMU is used, as virsh has it. */
const use = {
  virttype: v.optional(text),
  arch: v.optional(text),
  machine: v.optional(text),
  emulator: v.optional(text),
}

export const compareInput = v.strictObject({ replies, ...use, cpu: text })
export const modelsInput = v.strictObject({ replies, ...use, all: flag })
export const usableInput = v.strictObject({ hosts: v.pipe(texts, v.minLength(1, 'is empty')), ...use })

export const baselineInput = v.pipe(
  v.strictObject({
    replies: v.optional(replies),
    hosts: v.optional(texts),
    ...use,
    cpus: v.optional(texts),
    model: v.optional(text),
    expand: flag,
    migratable: flag,
    ignoreHost: flag,
  }),
  v.check(
    ({ replies: one, hosts }) => (one === undefined) !== (hosts === undefined || hosts.length === 0),
    'give either replies, of one host, or hosts',
  ),
  v.check(({ cpus, model }) => cpus === undefined || model === undefined, 'give either cpus or model'),
)

/** The guest's own definition says the virtualization type, architecture, machine and emulator. */
export const guestInput = v.strictObject({ replies, domain: text, host: v.optional(text) })
export type GuestInput = v.InferOutput<typeof guestInput>
