import * as v from 'valibot'

import { CauseAnswer, GroupPlaces, Reason } from '../answer-parts.ts'
import { aloneParts } from '../hosts/answer.ts'
import { IdRegistersPart, keptCpusPart } from '../pools/answer.ts'
import { type AnswerOf, described } from '../schema.ts'

/** Why a guest may not go to a host, with what to do about it. */
export const ObstacleAnswer = v.union([
  v.strictObject({
    kind: v.literal('feature'),
    reliance: described(
      v.picklist(['needed', 'hint', 'promise']),
      '`needed`: the guest fails where it uses it; `hint`: libvirt refuses, and the guest would run on; `promise`: a mitigation of the guest rests on it.',
    ),
    ...v.pick(CauseAnswer, ['cause', 'confidence', 'remedy']).entries,
    ...Reason.entries,
  }),
  v.strictObject({
    kind: v.literal('unknown'),
    remedy: v.string(),
    feature: v.string(),
    place: v.string(),
    title: v.string(),
  }),
  v.strictObject({ kind: v.literal('guest-model'), model: v.string(), remedy: v.string() }),
  v.strictObject({
    kind: v.literal('vendor'),
    guestHas: v.string(),
    hostHas: v.nullable(v.string()),
    remedy: v.string(),
  }),
  v.strictObject({
    kind: described(
      v.picklist(['core', 'architecture']),
      'The guest sees another core than the host has, or is of another architecture: no hypervisor lets it run there.',
    ),
    guestHas: v.string(),
    hostHas: v.nullable(v.string()),
    remedy: v.string(),
  }),
  v.strictObject({
    kind: v.literal('phys-bits'),
    guestBits: v.number(),
    hostBits: v.number(),
    remedy: v.string(),
  }),
  v.strictObject({
    kind: v.literal('model'),
    model: v.string(),
    because: described(
      v.picklist(['unknown', 'blocked', 'unexplained']),
      '`unknown`: it has no such model; `blocked`: by what `blockers` names; `unexplained`: it does not say by what.',
    ),
    blockers: v.array(v.string()),
    remedy: v.string(),
  }),
  v.strictObject({
    kind: described(v.literal('bond'), 'It never moves while it runs.'),
    bond: described(
      v.picklist(['hostdev', 'protected', 'invtsc', 'unmigratable']),
      "A device of its host; protected memory; invtsc without a rate; a CPU with migratable='off'.",
    ),
    remedy: v.string(),
  }),
  v.strictObject({
    kind: described(
      v.literal('excess'),
      'What the host has and the definition forbids, or does not match strictly.',
    ),
    features: v.array(v.string()),
    remedy: v.string(),
  }),
  v.strictObject({
    kind: described(
      v.literal('unlisted'),
      "What every guest is given, and a definition with check='full' does not list: it is not started.",
    ),
    features: v.array(v.string()),
    remedy: v.string(),
  }),
  v.strictObject({
    kind: described(v.literal('machine'), 'A machine type that the QEMU there does not have.'),
    machine: v.string(),
    remedy: v.string(),
  }),
  v.strictObject({
    kind: described(
      v.literal('devices'),
      'The guest has a PCI device of its host, and this host hands none over.',
    ),
    remedy: v.string(),
  }),
  v.strictObject({
    kind: described(
      v.literal('emulator'),
      'An emulator that libvirt did not find there, and did on another host: it may be there.',
    ),
    emulator: v.string(),
    remedy: v.string(),
  }),
  v.strictObject({
    kind: described(
      v.literal('refused'),
      'What libvirt or QEMU has against the guest there, for more than its CPU; null: nobody recorded what that QEMU emulates.',
    ),
    message: v.nullable(v.string()),
    remedy: v.string(),
  }),
  v.strictObject({
    kind: described(
      v.literal('labels'),
      "What the scheduler wants of a host while the guest runs, and this one does not have: labels of nodes, `evc-mode/` of vSphere's hosts.",
    ),
    labels: v.array(v.string()),
    remedy: v.string(),
  }),
  v.strictObject({
    kind: described(v.literal('tsc'), 'Rates of the time stamp counter in Hz; null: not known.'),
    guestHas: v.string(),
    hostHas: v.nullable(v.string()),
    remedy: v.string(),
  }),
  v.strictObject({
    kind: described(v.literal('passed'), "The guest has its host's CPU as it is, by host-passthrough."),
    differs: described(v.boolean(), 'False: nothing is known of it, or it may not matter.'),
    what: v.picklist(['host', 'signature', 'features', 'xsave-size', 'line-size', 'microcode', 'kernel']),
    remedy: v.string(),
  }),
])
export type ObstacleAnswer = AnswerOf<typeof ObstacleAnswer>

const Verdict = v.picklist(['yes', 'assumed', 'unknown', 'no'])

/** What the hypervisor says of a move, and what it means to the guest. */
const moveVerdicts = {
  allowed: described(Verdict, 'Whether libvirt and QEMU let the guest go.'),
  safe: described(
    Verdict,
    'Whether it runs on safely there, whatever they say: by the order of each feature.',
  ),
}

/** What the guest must see, and does not. */
const Hazards = described(
  v.array(Reason),
  'What guests there must know of the CPU and this one does not see: libvirt lets it go, and it does not guard against it.',
)

/** Hosts of one CPU, and so of one answer. */
export const MigrateGroup = v.strictObject({
  pool: v.string(),
  hosts: described(v.array(v.string()), 'Bytewise; the group is called as the first.'),
})
export type MigrateGroup = AnswerOf<typeof MigrateGroup>

/** Obstacles by their places in `obstacles`, from 0. */
const Numbers = v.array(v.number())

/** What keeps a guest from groups. */
const ClosedGroups = v.strictObject({
  inGroups: GroupPlaces,
  reasons: described(Numbers, 'Places in `obstacles`, from 0.'),
})

/** How guests with all of a CPU move between two groups, which are places in `groups`. */
export const ArrowAnswer = v.strictObject({
  fromGroup: v.number(),
  toGroup: v.number(),
  kind: v.picklist(['both-ways', 'one-way', 'none']),
  there: described(Numbers, 'What keeps a guest of `from` from `to`, and one of `to` from `from`.'),
  back: Numbers,
  hazardsThere: Hazards,
  hazardsBack: Hazards,
})
export type ArrowAnswer = AnswerOf<typeof ArrowAnswer>

/** Where a guest may be, within its pool. */
export const GuestPlaces = v.strictObject({
  guest: v.string(),
  host: described(v.nullable(v.string()), 'Null: it is off, or that is not known.'),
  pool: v.string(),
  startsInGroups: described(
    GroupPlaces,
    'The groups on whose hosts it can be started once it is off, and to which it can move as it runs.',
  ),
  movesToGroups: GroupPlaces,
  others: described(v.number(), 'How many hosts it can move to, its own left out.'),
})
export type GuestPlaces = AnswerOf<typeof GuestPlaces>

export const GuestMoves = v.strictObject({
  ...GuestPlaces.entries,
  reduced: v.exactOptional(
    described(
      v.array(ClosedGroups),
      'Of `startsInGroups`: the groups on whose hosts it starts without what its definition asks for, and libvirt does not check; absent: none.',
    ),
  ),
  refused: described(
    v.array(ClosedGroups),
    'The groups on whose hosts a hypervisor, or the check of its definition, keeps it from being started, with what is in the way.',
  ),
  closed: described(v.array(ClosedGroups), 'The groups that it cannot move to, with what keeps it out.'),
  hazardsIn: described(
    v.array(v.strictObject({ inGroups: GroupPlaces, hazards: Hazards })),
    'The groups that it can move to and where it does not see what guests must.',
  ),
})
export type GuestMoves = AnswerOf<typeof GuestMoves>

export const MigrateAnswer = v.strictObject({
  groups: described(
    v.array(MigrateGroup),
    'Each host once: `inGroups` and the like are places in this list, from 0.',
  ),
  obstacles: described(
    v.array(ObstacleAnswer),
    'All that stands in the way of guests, each once: `there`, `back` and `reasons` have the places in this list.',
  ),
  arrows: v.array(ArrowAnswer),
  guests: v.array(GuestMoves),
  hostCpuOnly: v.exactOptional(
    described(v.literal(true), "Guests have no named models: nothing gives them less than their host's CPU."),
  ),
  pools: v.exactOptional(
    described(
      v.array(v.strictObject({ pool: v.string(), ...IdRegistersPart })),
      'The pools whose ID registers are known; absent: there are none.',
    ),
  ),
  ...keptCpusPart,
  ...aloneParts,
})
export type MigrateAnswer = AnswerOf<typeof MigrateAnswer>

/** Whether one guest can move to one host. */
export const MoveAnswer = v.strictObject({
  from: described(v.string(), 'The guest, or the host whose whole CPU is meant.'),
  to: v.string(),
  canMove: described(v.boolean(), 'Whether `verdict` is `yes` or `assumed`.'),
  verdict: described(
    Verdict,
    '`assumed`: yes, by what KVM is known to give; `unknown`: nothing speaks against it, but something is not known.',
  ),
  ...moveVerdicts,
  canStart: described(v.boolean(), 'Whether it can be started there, once it is off.'),
  startsWithout: v.exactOptional(
    described(v.array(ObstacleAnswer), 'What it starts there without, though its definition asks for it.'),
  ),
  obstacles: v.array(ObstacleAnswer),
  hazards: Hazards,
  common: described(
    v.number(),
    'How many features both have: what a guest could be given that goes both ways.',
  ),
})
export type MoveAnswer = AnswerOf<typeof MoveAnswer>
