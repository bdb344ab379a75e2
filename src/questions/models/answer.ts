import * as v from 'valibot'
import { FeatureInGroups, GroupPlaces, groupsPart } from '../answer-parts.ts'
import { aloneParts } from '../hosts/answer.ts'
import { keptCpusPart } from '../pools/answer.ts'
import { type AnswerOf, described } from '../schema.ts'

/** A named model put to several hosts. */
export const ModelOnHosts = v.strictObject({
  name: v.string(),
  vendor: described(v.string(), 'Empty where the model is of no vendor.'),
  worth: described(v.number(), 'What its features are worth together; what is worth more is better.'),
})
export type ModelOnHosts = AnswerOf<typeof ModelOnHosts>

/** Why a model cannot be used on every host. */
export const BlockedModel = v.strictObject({
  ...ModelOnHosts.entries,
  missing: described(v.array(FeatureInGroups), 'What blocks it, each with the hosts that lack it.'),
  absentInGroups: described(GroupPlaces, 'Hosts whose hypervisor does not have the model.'),
  unexplainedInGroups: described(
    GroupPlaces,
    'Hosts that block it and do not say why, as libvirt before 10.0 does.',
  ),
  unknownInGroups: described(GroupPlaces, 'Hosts whose hypervisor has it and does not say whether it runs.'),
})
export type BlockedModel = AnswerOf<typeof BlockedModel>

export const UsableModels = v.strictObject({
  ...groupsPart,
  usableModels: described(v.array(ModelOnHosts), 'Usable on every host, best first.'),
  blockedModels: described(v.array(BlockedModel), 'Not usable on some, or not known to be, best first.'),
  qemuOnly: v.exactOptional(
    described(v.array(v.string()), "What the hosts' QEMUs have besides, and libvirt has no name for."),
  ),
})
export type UsableModels = AnswerOf<typeof UsableModels>

/** Whether every host of a fleet can give a model, by what documents of any kind say of them. */
export const ModelVerdict = v.strictObject({
  ...ModelOnHosts.entries,
  level: described(v.nullable(v.string()), 'The level of x86-64 that its guests reach.'),
  qemu: described(v.string(), 'The least version of QEMU that has it: `8.2`, `6.2 or older`.'),
  libvirt: v.string(),
  verdict: described(
    v.picklist(['yes', 'assumed', 'unknown', 'no']),
    '`no` only where a document says that something is missing; `assumed`: by what KVM makes of such CPUs.',
  ),
  missing: described(
    v.array(FeatureInGroups),
    'What is known to be missing, each with the hosts that lack it.',
  ),
  unknown: described(v.array(FeatureInGroups), 'What nothing is known of, each with the hosts.'),
  absentInGroups: described(GroupPlaces, 'Hosts whose hypervisor was recorded and has no such model.'),
  unexplainedInGroups: described(GroupPlaces, 'Hosts that block it and do not say why.'),
  restartsInGuestGroups: described(
    v.array(v.number()),
    'Guests on hosts that can give it that have more than it, which they keep until they are powered off: places in `guestGroups`, from 0.',
  ),
  raisesInGuestGroups: described(
    v.array(v.number()),
    'Such guests that have less: they gain it at their next start.',
  ),
})
export type ModelVerdict = AnswerOf<typeof ModelVerdict>

const { missing, unknown, verdict, restartsInGuestGroups, raisesInGuestGroups } = ModelVerdict.entries

/** Whether every host of a fleet reaches a level of x86-64, or can be in a cluster of a mode of EVC. */
export const LevelVerdict = v.strictObject({
  ...ModelOnHosts.entries,
  kind: described(
    v.picklist(['level', 'evc']),
    "A level of x86-64, or a mode of vSphere's EVC by what VMware's words name: a vCenter's `supportedEVCMode` is the truth.",
  ),
  level: described(v.nullable(v.string()), 'Null for modes, which name too little of it.'),
  verdict,
  missing,
  unknown,
  otherVendorInGroups: described(GroupPlaces, 'Hosts of another vendor: a mode is of one.'),
  restartsInGuestGroups: described(
    restartsInGuestGroups,
    'Guests on hosts that stay that have more of what modes name, which they keep until they are powered off; of a level none: it is the least, not the most.',
  ),
  raisesInGuestGroups,
})
export type LevelVerdict = AnswerOf<typeof LevelVerdict>

export const ModelVerdicts = v.strictObject({
  groups: described(
    v.array(v.strictObject({ hosts: v.array(v.string()), vendor: v.nullable(v.string()) })),
    'Hosts of which the same is known, each once: `inGroups` and the like are places in this list, from 0.',
  ),
  guestGroups: described(
    v.array(v.array(v.string())),
    'Running guests with the same CPU on the same hosts, each once: `restartsInGuestGroups` and the like are places in this list.',
  ),
  models: described(v.array(ModelVerdict), 'Best first: by verdict, then by worth.'),
  rungs: v.exactOptional(
    described(
      v.array(LevelVerdict),
      "The levels of x86-64, and the modes of EVC of the hosts' vendors, each from the lowest. Absent: of other architectures.",
    ),
  ),
  ...keptCpusPart,
  ...aloneParts,
})
export type ModelVerdicts = AnswerOf<typeof ModelVerdicts>
