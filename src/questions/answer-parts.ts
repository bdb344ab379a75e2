import * as v from 'valibot'
import type { Cpu } from '../core/cpu.ts'
import { LibvirtError } from '../core/libvirt-error.ts'
import { PARTS } from '../formats/printer.ts'
import { isQemuVersion, newestQemu, qemuVersionsText } from '../formats/qemu/cpu-argument.ts'
import {
  findPrinter,
  listFormats,
  type PlainDefinition,
  type WriteOptions,
  writeDefinition,
} from '../formats/write.ts'
import { type AnswerOf, described, text, word } from './schema.ts'

/** The version of QEMU that is to read what is written. */
export const qemuInput = v.optional(
  v.pipe(
    text('The QEMU that is to read it, such as 10.0; the newest known if absent.'),
    v.check(isQemuVersion, qemuVersionsText),
  ),
)

/** How a question that answers with a definition is to write it. */
export const formatInputs = {
  format: v.optional(word(listFormats(), 'Write the definition in this format too, as `written`.')),
  qemu: qemuInput,
}

/** What of a definition a format has no word for. */
export const NotExpressedAnswer = v.strictObject({
  part: described(v.picklist(PARTS), 'The part of the definition.'),
  features: v.exactOptional(described(v.array(v.string()), 'The features that it is about.')),
  why: described(v.string(), 'What becomes of it, in words.'),
})

/** A definition as a request wants it written; no keys where it names no format. */
export const WrittenParts = v.strictObject({
  written: v.exactOptional(described(v.string(), 'The definition in the `format` of the request.')),
  notExpressed: v.exactOptional(
    described(v.array(NotExpressedAnswer), 'What the format has no word for; empty: it says all.'),
  ),
})
export type WrittenParts = AnswerOf<typeof WrittenParts>

/**
 * A definition in the format that the options name, as keys of an answer.
 * @param compute see `writeDefinition`
 * @throws LibvirtError for a CPU of which the format can express nothing
 */
export function writtenIn(options: WriteOptions, compute: (options: PlainDefinition) => Cpu): WrittenParts {
  const printed = writeDefinition(options, compute)
  return printed ? { written: printed.text, notExpressed: printed.notExpressed } : {}
}

/** The same of one of several definitions: what cannot be written at all says why, and does not take the others away. */
export function writtenOrWhy(
  options: WriteOptions,
  compute: (options: PlainDefinition) => Cpu,
): WrittenParts {
  try {
    return writtenIn(options, compute)
  } catch (error) {
    if (!(error instanceof LibvirtError)) throw error
    return { notExpressed: [{ part: 'model', why: error.detail }] }
  }
}

/** Which QEMU a definition is written for, where the request leaves it open. */
export const writtenFor = ({
  format,
  qemu,
}: WriteOptions): { readonly kind: 'written-for'; readonly qemu: string }[] =>
  qemu === undefined && findPrinter(format)?.dependsOnQemu
    ? [{ kind: 'written-for', qemu: newestQemu() }]
    : []

/** A feature with its coordinates: what every reason is made of. */
export const Reason = v.strictObject({
  feature: v.string(),
  place: described(v.string(), '`CPUID.07H.0:EBX[5]`'),
  title: described(
    v.string(),
    "One line in the manual's terms; empty where an installed map is used, which has none.",
  ),
})
export type Reason = AnswerOf<typeof Reason>

/** As leaf 1 of CPUID has it; null: not known. */
export const SignatureAnswer = v.nullable(
  v.strictObject({ family: v.number(), model: v.number(), stepping: v.number() }),
)

/** Groups of hosts by their places in the `groups` that stand above: names of hosts stand there alone. */
export const GroupPlaces = described(v.array(v.number()), 'Places in `groups`, from 0.')

/** Hosts of which the same is known: the one place where they are named. */
export const groupsPart = {
  groups: described(
    v.array(v.strictObject({ hosts: v.array(v.string()) })),
    'Hosts of which the same is said, each once: `inGroups` and the like are places in this list, from 0.',
  ),
}

/** A feature that some groups lack, or of which nothing is known on them. */
export const FeatureInGroups = v.strictObject({ ...Reason.entries, inGroups: GroupPlaces })
export type FeatureInGroups = AnswerOf<typeof FeatureInGroups>

/** Why some hosts lack a feature. */
export const CauseAnswer = v.strictObject({
  cause: v.picklist([
    'unknown',
    'microcode',
    'firmware',
    'kernel',
    'hypervisor',
    'guest-own',
    'not-migratable',
    'silicon',
    'vendor',
    'model',
    'not-read',
  ]),
  meaning: described(v.string(), 'What the cause is, in words.'),
  confidence: v.picklist(['high', 'medium', 'low']),
  remedy: described(v.string(), 'What to do, in a line.'),
  evidence: described(v.array(v.string()), 'What it rests on, a sentence each.'),
  behind: v.exactOptional(
    described(v.string(), 'The feature whose lack it really is, where another stands behind it.'),
  ),
})
export type CauseAnswer = AnswerOf<typeof CauseAnswer>

/** A feature that some hosts of a pool have and others have not. */
export const LostFeature = v.strictObject({
  ...Reason.entries,
  class: v.exactOptional(v.string()),
  hosts: described(v.array(v.string()), 'Names of the hosts that lack it.'),
})
export type LostFeature = AnswerOf<typeof LostFeature>

/** Why the pool's CPU is as it is. */
export const BaselineReasons = v.strictObject({
  hostCount: described(v.number(), 'How many hosts there are.'),
  modelChoice: v.strictObject({
    name: v.string(),
    of: described(v.array(v.string()), "The models that the hosts' own definitions name, each once."),
    because: described(
      v.picklist(['asked', 'shared', 'own', 'closest']),
      '`asked`: by `onModel`; `shared`: every host is of this model; `own`: some are; `closest`: none is.',
    ),
    addedCount: v.number(),
    disabledCount: v.number(),
  }),
  lost: v.array(LostFeature),
})
export type BaselineReasons = AnswerOf<typeof BaselineReasons>

export const CompareAnswer = v.strictObject({
  result: v.picklist(['incompatible', 'identical', 'superset']),
  message: v.exactOptional(
    described(v.string(), "Only when incompatible: libvirt's error text, prefix included."),
  ),
  missing: described(v.array(Reason), 'What the CPU requires and the host lacks.'),
  forbidden: described(v.array(Reason), 'What the CPU forbids and the host has.'),
  extra: described(v.array(Reason), 'What the host has and the CPU does not ask for.'),
})
export type CompareAnswer = AnswerOf<typeof CompareAnswer>

/** A pool's guest CPU. */
export const BaselineAnswer = v.strictObject({
  xml: v.string(),
  ...WrittenParts.entries,
  model: v.string(),
  features: described(
    v.array(v.string()),
    "Everything the CPU has, its model's features included, in map order.",
  ),
})
export type BaselineAnswer = AnswerOf<typeof BaselineAnswer>

/** Why a hypervisor's baseline is as it is. */
export const HypervisorReasons = v.strictObject({
  ...BaselineReasons.entries,
  withheld: described(
    v.array(Reason),
    'Features that every CPU has and the answer lacks, because the hypervisor cannot give them.',
  ),
})
export type HypervisorReasons = AnswerOf<typeof HypervisorReasons>

/** Why a dump is the model that it is. */
export const DecodeReasons = v.strictObject({
  model: v.string(),
  matches: described(v.boolean(), 'Whether the model is known to be of this family, model and stepping.'),
  addedCount: described(
    v.number(),
    'How many features are listed beyond the model, and how many of it disabled.',
  ),
  disabledCount: v.number(),
  rejected: described(
    v.array(v.strictObject({ model: v.string(), missing: v.array(Reason) })),
    'Models of the same family, model and stepping that do not fit, and what the CPU lacks of each.',
  ),
})
export type DecodeReasons = AnswerOf<typeof DecodeReasons>

/** The CPU of a dump. */
export const DecodeAnswer = v.strictObject({
  xml: described(v.string(), 'The definition as libvirt prints it.'),
  model: v.string(),
  vendor: v.nullable(v.string()),
  signature: SignatureAnswer,
})
export type DecodeAnswer = AnswerOf<typeof DecodeAnswer>
