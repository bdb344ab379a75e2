import * as v from 'valibot'
import { Reason } from '../answer-parts.ts'
import { type AnswerOf, described } from '../schema.ts'

const KINDS = ['host', 'guest', 'pool'] as const

const subject = {
  kind: v.picklist(KINDS),
  name: described(v.string(), 'Of the pool without a label empty.'),
  arch: v.string(),
}

/** What a host, a guest or a pool reaches. */
export const LevelLine = v.strictObject({
  ...subject,
  model: v.nullable(v.string()),
  level: described(v.nullable(v.string()), 'Null: not even the lowest, or the architecture has no levels.'),
  next: described(
    v.nullable(
      v.strictObject({
        level: v.string(),
        missing: v.array(Reason),
        notKnown: described(v.array(v.string()), 'Features of which nothing is known.'),
      }),
    ),
    'The level above; null: there is none.',
  ),
  march: v.exactOptional(
    described(
      v.strictObject({
        name: described(
          v.nullable(v.string()),
          'The greatest `-march` of GCC and clang; null: below x86-64.',
        ),
        almost: described(
          v.array(v.strictObject({ name: v.string(), flag: v.string(), known: v.boolean() })),
          "Greater ones of which one flag, in GCC's words, is missing, or (`known` is false) is not known.",
        ),
      }),
      'Of x86 alone.',
    ),
  ),
  evc: v.exactOptional(
    described(
      v.string(),
      "Of hosts and pools the highest mode of vSphere's EVC of which they have all that VMware's words name; of a guest the lowest that gives all of its CPU that any mode names. Absent: there is none, or the vendor is not known. A vCenter's `supportedEVCMode` is the truth.",
    ),
  ),
  vendors: v.exactOptional(
    described(v.array(v.string()), "The vendors of a pool's hosts, where there are several."),
  ),
  flags: v.exactOptional(
    described(v.array(v.string()), 'All that guests of a pool of several vendors can have, by name.'),
  ),
  unsafe: v.exactOptional(described(v.string(), 'What stays unsafe in a pool of several vendors.')),
})
export type LevelLine = AnswerOf<typeof LevelLine>

export const LevelAnswer = v.strictObject({ lines: v.array(LevelLine) })
export type LevelAnswer = AnswerOf<typeof LevelAnswer>

/** Whether a system runs on hosts, in guests or everywhere in pools of which the same is said. */
export const FitLine = v.strictObject({
  inMembers: described(v.array(v.number()), 'Places in `members`, from 0; all of one kind.'),
  verdict: v.picklist(['yes', 'assumed', 'unknown', 'no']),
  missing: v.array(Reason),
  notKnown: described(v.array(v.string()), 'What it needs and nothing is known of.'),
  fix: described(v.string(), 'The cheapest; empty: nothing is to be done, or none is known.'),
  harms: described(
    v.array(v.strictObject({ feature: v.string(), text: v.string() })),
    'What the guest has and the system must not have, and what happens.',
  ),
})
export type FitLine = AnswerOf<typeof FitLine>

export const SystemFit = v.strictObject({
  system: v.string(),
  title: v.string(),
  needs: described(v.array(v.string()), 'What it needs, a line for each architecture of the fleet.'),
  lines: v.array(FitLine),
  sources: described(v.array(v.string()), 'Keys of docs/sources.md.'),
})
export type SystemFit = AnswerOf<typeof SystemFit>

/** A host, a guest or a pool. */
export const FitMember = v.strictObject(subject)
export type FitMember = AnswerOf<typeof FitMember>

export const FitsAnswer = v.strictObject({
  members: described(
    v.array(FitMember),
    'The hosts, guests and pools, each once: `inMembers` are places in this list.',
  ),
  systems: v.array(SystemFit),
})
export type FitsAnswer = AnswerOf<typeof FitsAnswer>
