import * as v from 'valibot'
import { LAYERS } from '../../core/evidence.ts'
import { CauseAnswer, Reason, SignatureAnswer } from '../answer-parts.ts'
import { keptCpusPart } from '../pools/answer.ts'
import { type AnswerOf, described } from '../schema.ts'

const known = <S extends v.GenericSchema>(schema: S, text: string) => described(v.nullable(schema), text)

/** A host of a fleet in one line; null: not known. */
export const HostLine = v.strictObject({
  host: v.string(),
  pool: described(v.string(), 'Empty: it is in the pool without a label.'),
  arch: described(v.string(), 'libvirt’s name of the architecture: hosts of two are never compared.'),
  model: known(v.string(), 'The model that its document names, or that fits its CPU best.'),
  heldBack: v.exactOptional(
    described(
      v.strictObject({
        model: v.string(),
        missing: v.array(
          v.strictObject({ ...Reason.entries, ...v.pick(CauseAnswer, ['cause', 'remedy']).entries }),
        ),
      }),
      'The model of its silicon, and what it lacks of that, so that `model` is another; absent: nothing.',
    ),
  ),
  silicon: known(
    v.string(),
    'The name of the CPU’s design: Emerald Rapids, Zen 4, Neoverse-N1. Several names where its documents fit several; with ' +
      '`(by its name)` where only the name of the product tells.',
  ),
  signature: SignatureAnswer,
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
  featureCount: described(
    v.number(),
    'How many features its guests can have, as far as documents tell of them.',
  ),
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

/** A guest in one line; null: not known. */
export const GuestLine = v.strictObject({
  guest: v.string(),
  mode: described(v.string(), 'How its definition says what CPU it has: `custom`, `host-passthrough`, …'),
  model: known(v.string(), 'The model that its definition names.'),
  isKnown: described(
    v.boolean(),
    'Whether its definition alone says all of its CPU: it names a known model.',
  ),
  vendor: v.nullable(v.string()),
  featureCount: described(v.number(), 'How many features it is known to have.'),
  without: described(v.array(Reason), 'What its definition turns off.'),
  level: known(v.string(), 'The highest level of x86-64 that it is known to reach.'),
  most: known(
    v.string(),
    'The highest level that it may reach: nothing that it needs is known to be missing.',
  ),
  next: described(
    v.nullable(v.strictObject({ level: v.string(), missing: v.array(Reason), unknown: v.array(Reason) })),
    'The level above, with what it lacks to it and what is not known of it; null: there is none.',
  ),
  vcpus: v.nullable(v.number()),
  document: known(v.string(), 'The XML element or the name of the dialect that it was read from.'),
})
export type GuestLine = AnswerOf<typeof GuestLine>

/** What is known of guests beside which no host was read. */
export const GuestsAlone = v.strictObject({
  guests: v.array(GuestLine),
  wanted: described(
    v.array(v.string()),
    'Commands of their platforms whose output describes hosts, which tell where the guests run.',
  ),
})
export type GuestsAlone = AnswerOf<typeof GuestsAlone>

/** Of every answer about hosts: what is known where there are guests alone, which takes the place of it. */
export const aloneParts = {
  guestsAlone: v.exactOptional(
    described(GuestsAlone, 'There are guests and no host: what is known of them.'),
  ),
}

export const HostsAnswer = v.strictObject({ hosts: v.array(HostLine), ...keptCpusPart, ...aloneParts })
export type HostsAnswer = AnswerOf<typeof HostsAnswer>
