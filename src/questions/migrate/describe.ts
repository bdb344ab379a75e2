import { allOf } from '../../core/evidence.ts'
import { count, fewNames } from '../../core/text.ts'
import type { ModelRefusal } from '../../fleet/asked-model.ts'
import type { Group } from '../../fleet/groups.ts'
import type { Bond } from '../../fleet/guest-terms.ts'
import { type Reliance, weighObstacles } from '../../fleet/interest.ts'
import type { Obstacle } from '../../fleet/obstacles.ts'
import { platformCommand } from '../../formats/dialects.ts'
import type { Reason } from '../answer-parts.ts'
import type { FleetView } from '../input/fleet/view.ts'
import { poolName } from '../words/cells.ts'
import { reasonOf } from '../words/note.ts'
import type { GuestMoves, GuestPlaces, MoveAnswer, ObstacleAnswer } from './answer.ts'

/**
 * How many guests there are, and how many of them are bound to their host.
 * @param open how many have no place that is known, and nothing is known to speak against one
 */
export function describeGuests(guests: readonly GuestPlaces[], open = 0): string {
  const bound = guests.filter(({ others }) => others === 0).length - open
  const parts = [
    ...(bound > 0 ? [`${bound} with nowhere else to go`] : []),
    ...(open > 0 ? [`${open} for which no other place is known`] : []),
  ]
  return `${count(guests.length, 'guest')}: ${parts.join(', ') || 'none bound to its host'}`
}

/** Whether a guest without another place may have one: nothing is known to speak against some host. */
export const mayHavePlace = (
  { others, closed: why }: GuestMoves,
  obstacles: readonly ObstacleAnswer[],
): boolean => others === 0 && why.some(({ reasons }) => takeAt(obstacles, reasons).every(isOpenAnswer))

/** The obstacles at these places. */
export const takeAt = (obstacles: readonly ObstacleAnswer[], places: readonly number[]): ObstacleAnswer[] =>
  places.flatMap(i => obstacles[i] ?? [])

/** Whether an obstacle is only that something is not known. */
export function isOpenAnswer(one: ObstacleAnswer): boolean {
  const { allowed, safe } = weighObstacles([one], 0)
  return allOf([allowed, safe]) === 'unknown'
}

/** Whether one guest moves to one host. */
export function describeMove({
  from,
  to,
  canMove: moves,
  verdict,
  canStart: starts,
  startsWithout,
  obstacles,
}: MoveAnswer): string {
  if (moves) return `${from} can move to ${to}`
  if (verdict === 'unknown')
    return `${from} may move to ${to}: nothing speaks against it, but ${describeObstacles(obstacles)}`
  const less = startsWithout ? `, without ${fewNames(startsWithout.flatMap(featureIn))}` : ''
  const start = starts ? `; it can be started there once it is off${less}` : ''
  return `${from} cannot move to ${to}: ${count(obstacles.length, 'obstacle')}${start}`
}

/** `pool blue: 12 hosts of 3 CPUs` */
export const describePoolTitle = (label: string, hosts: number, cpus: number): string =>
  `${poolName(label)}: ${count(hosts, 'host')} of ${count(cpus, 'CPU')}`

/** Of a pool in which every guest can go everywhere, after `sayPool`. */
export const MOVES_FREELY = ': guests move freely'

/** The obstacles whose feature no CPU of the host's vendor has; that it lacks them needs no other reason. */
const isOfVendor = (one: ObstacleAnswer): boolean => one.kind === 'feature' && one.cause === 'vendor'

/** The feature that an obstacle is of; of others none. */
const featureIn = (one: ObstacleAnswer): string[] => (one.kind === 'feature' ? [one.feature] : [])

/** Of what is missing: what no CPU of the host's vendor has. */
export const foreignIn = (obstacles: readonly ObstacleAnswer[]): string[] =>
  obstacles.flatMap(one => (one.kind === 'feature' && one.cause === 'vendor' ? one.feature : []))

/** The host is as its vendor makes it: the guest is what has to change. */
export const WITHOUT_FOREIGN = "take it out of the guest's CPU: no CPU of the host's vendor has it"

const RELIANCES: readonly (readonly [of: Reliance, before: string, after: string])[] = [
  ['needed', 'lacks', ''],
  ['promise', 'lacks', ', on which a mitigation of the guest rests'],
  ['hint', 'lacks', ', which only libvirt minds'],
]

/** What keeps a guest out, in a line: `f16c, rdrand and 3 more are missing; 40 address bits, the host has 39`. */
export function describeObstacles(obstacles: readonly ObstacleAnswer[], most = 3): string {
  if (obstacles.length === 0) return 'no room'
  const foreign = foreignIn(obstacles)
  const ofVendor =
    foreign.length > 0 ? [`lacks ${fewNames(foreign, most)}, as all CPUs of its vendor do`] : []
  const missing = (of: Reliance) =>
    obstacles.flatMap(one =>
      one.kind === 'feature' && one.reliance === of && !isOfVendor(one) ? one.feature : [],
    )
  const lacking = RELIANCES.flatMap(([of, before, after]) =>
    missing(of).length > 0 ? [`${before} ${fewNames(missing(of), most)}${after}`] : [],
  )
  const unknown = obstacles.flatMap(one => (one.kind === 'unknown' ? one.feature : []))
  const unsure = unknown.length > 0 ? [`nothing is known of ${fewNames(unknown, most)}`] : []
  const others = obstacles.flatMap(one =>
    one.kind === 'feature' || one.kind === 'unknown' ? [] : describeObstacle(one),
  )
  return [...others, ...ofVendor, ...lacking, ...unsure].join('; ')
}

/** `does not see rsba, which guests there must`; nothing of none. */
export const describeHazards = (hazards: readonly Reason[]): string[] =>
  hazards.length > 0
    ? [`does not see ${fewNames(hazards.map(({ feature }) => feature))}, which guests there must`]
    : []

/** `CPU of Intel, the host is of AMD` */
export function describeObstacle(one: ObstacleAnswer): string {
  switch (one.kind) {
    case 'feature':
      return `lacks ${one.feature}`
    case 'unknown':
      return `may lack ${one.feature}: nothing is known of it there`
    case 'guest-model':
      return `nothing is known of the guest's model ${one.model}`
    case 'vendor':
      return `is of ${one.hostHas ?? 'an unknown vendor'}, the guest's CPU of ${one.guestHas}`
    case 'core':
      return `has ${one.hostHas ?? 'an unknown core'}, and the guest sees ${one.guestHas}`
    case 'architecture':
      return `is ${one.hostHas}, the guest ${one.guestHas}: no guest moves between architectures`
    case 'phys-bits':
      return `addresses ${one.hostBits} bits, the guest ${one.guestBits}`
    case 'model':
      return describeRefusal(one)
    case 'bond':
      return BONDS[one.bond]
    case 'excess':
      return `has ${fewNames(one.features)}, which the guest's definition rules out`
    case 'unlisted':
      return `gives every guest ${fewNames(one.features)}, which the definition, checked in full, does not list`
    case 'machine':
      return `has a QEMU without the machine type ${one.machine}`
    case 'devices':
      return 'hands no PCI devices to guests (no IOMMU, or no VFIO), and the guest has one'
    case 'emulator':
      return `may have no ${one.emulator}, the guest's emulator: its capabilities do not name it`
    case 'refused':
      return one.message === null
        ? 'may not emulate the guest: what its QEMU emulates was not recorded'
        : `refuses it: ${one.message}`
    case 'labels':
      return describeLabels(one.labels)
    case 'tsc':
      return one.hostHas === null
        ? `may not give a TSC of ${one.guestHas} Hz: nothing is known of its own, or of scaling`
        : `has a TSC of ${one.hostHas} Hz and cannot scale it to ${one.guestHas}`
    case 'passed':
      if (one.what === 'host')
        return 'may lack what the guest has, which has the CPU of a host that nobody named'
      return one.differs
        ? `has another CPU (${one.what}), and the guest has its host's as it is (host-passthrough)`
        : `may differ in ${one.what}, which is not known to be equal, and the guest has its host's CPU as it is (host-passthrough)`
  }
}

const EVC = 'evc-mode/'

/** Labels of nodes by the words behind their prefix; EVC modes are labels of hosts here. */
function describeLabels(labels: readonly string[]): string {
  const words = fewNames(
    labels.map(label => label.replace(/^.*\//, '')),
    8,
  )
  return labels.some(label => label.startsWith(EVC))
    ? `is in an EVC mode that gives less than ${words}, which the guest needs`
    : `has no label for ${words}, which the node selectors of the guest's pod want`
}

const BONDS: Readonly<Record<Bond, string>> = {
  hostdev: 'takes no live move: the guest has a device of its host (<hostdev>)',
  protected: 'takes no live move: the memory of the guest is protected (<launchSecurity>)',
  invtsc: 'takes no live move: the guest has invtsc, and no tsc timer says its rate',
  unmigratable: 'takes no live move: the CPU of the guest is migratable=off',
}

/** What a host's hypervisor says against a model. */
export function describeRefusal({ model, because, blockers }: ModelRefusal): string {
  switch (because) {
    case 'unknown':
      return `has a hypervisor that does not know ${model}`
    case 'blocked':
      return `cannot give ${model}: its hypervisor lacks ${fewNames(blockers)}`
    case 'unexplained':
      return `cannot give ${model}, says its hypervisor, and not why`
  }
}

/** The obstacles of a guest on hosts of a group, each with the likely cause and the remedy. */
export const obstacleAnswers = (
  view: Pick<FleetView, 'finder' | 'db'>,
  group: Group,
  obstacles: readonly Obstacle[],
): ObstacleAnswer[] => obstacles.map(one => answerOf(view, group, one))

/** The obstacles of an answer, each once. */
export class ObstacleList {
  /** By their numbers, from 0. */
  readonly all: ObstacleAnswer[] = []
  readonly #view: Pick<FleetView, 'finder' | 'db'>
  readonly #numbers = new Map<string, number>()
  /** Of each group by the feature and how guests rely on it: the most of all obstacles by far. */
  readonly #ofFeatures = new Map<Group, number[]>()
  /** Of all groups by what the others say: nothing of them is of a group. */
  readonly #others = new Map<string, number>()

  constructor(view: Pick<FleetView, 'finder' | 'db'>) {
    this.#view = view
  }

  /** The numbers of what keeps a guest from hosts of a group. @param view absent: the list's */
  numbersOf(group: Group, obstacles: readonly Obstacle[], view = this.#view): number[] {
    const known = this.#ofFeatures.get(group) ?? []
    this.#ofFeatures.set(group, known)
    return obstacles.map(one => {
      if (one.kind !== 'feature' && one.kind !== 'unknown') {
        const key = Object.values(one).join('\n')
        const number = this.#others.get(key) ?? this.#add(answerOf(view, group, one))
        this.#others.set(key, number)
        return number
      }
      const kind = RELIANCES.findIndex(([of]) => one.kind === 'feature' && of === one.reliance) + 1
      const place = one.feature.index * (RELIANCES.length + 1) + kind
      known[place] ??= this.#add(answerOf(view, group, one))
      return known[place]
    })
  }

  #add(answer: ObstacleAnswer): number {
    const key = JSON.stringify(answer)
    const number = this.#numbers.get(key) ?? this.all.push(answer) - 1
    this.#numbers.set(key, number)
    return number
  }
}

function answerOf(
  { finder, db }: Pick<FleetView, 'finder' | 'db'>,
  group: Group,
  one: Obstacle,
): ObstacleAnswer {
  switch (one.kind) {
    case 'feature': {
      const { cause, confidence, remedy } = finder.forGroup(group)(one.feature)
      const { reliance } = one
      return {
        kind: 'feature',
        reliance,
        ...reasonOf(one.feature),
        cause,
        confidence,
        remedy: cause === 'vendor' ? WITHOUT_FOREIGN : remedy,
      }
    }
    case 'unknown':
      return { kind: 'unknown', ...reasonOf(one.feature), remedy: recordOffer(group) }
    case 'guest-model':
      return { ...one, remedy: definedModel(db, one.model) }
    case 'vendor':
      return { kind: 'vendor', guestHas: one.guestHas, hostHas: one.hostHas ?? null, remedy: OTHER_VENDOR }
    case 'core':
      return { kind: 'core', guestHas: one.guestHas, hostHas: one.hostHas ?? null, remedy: OTHER_CORE }
    case 'phys-bits':
      return { ...one, remedy: narrower(one.hostBits) }
    case 'model':
      return { ...one, remedy: otherModel(one) }
    case 'bond':
      return { ...one, remedy: POWER_OFF }
    case 'excess':
      return { kind: 'excess', features: [...one.features], remedy: WITHOUT_RULE }
    case 'unlisted':
      return { kind: 'unlisted', features: [...one.features], remedy: listThem(one.features) }
    case 'machine':
      return { ...one, remedy: OTHER_MACHINE }
    case 'devices':
      return { ...one, remedy: TURN_ON_IOMMU }
    case 'emulator':
      return { ...one, remedy: OTHER_EMULATOR }
    case 'refused':
      return one.message === undefined
        ? { kind: 'refused', message: null, remedy: RECORD_QEMU }
        : { kind: 'refused', message: one.message, remedy: OTHER_DEFINITION }
    case 'labels':
      return {
        kind: 'labels',
        labels: [...one.labels],
        remedy: one.labels.some(label => label.startsWith(EVC)) ? RAISE_MODE : RESTART_POD,
      }
    case 'tsc':
      return {
        kind: 'tsc',
        guestHas: String(one.guestHas),
        hostHas: one.hostHas === undefined ? null : String(one.hostHas),
        remedy: one.hostHas === undefined ? RECORD_RATE : OTHER_RATE,
      }
    case 'passed':
      return {
        ...one,
        remedy: one.what === 'host' ? NAME_HOST : one.differs ? NAMED_MODEL : RECORD_ALL,
      }
  }
}

/** The obstacles that one thing remedies, together. */
export function byRemedy(obstacles: readonly ObstacleAnswer[]): Map<string, ObstacleAnswer[]> {
  const found = new Map<string, ObstacleAnswer[]>()
  for (const one of obstacles) found.set(one.remedy, [...(found.get(one.remedy) ?? []), one])
  return found
}

/** How to learn what these hosts give guests. */
export function recordOffer({ hosts }: Group): string {
  const command = platformCommand(hosts.flatMap(({ readFrom = [] }) => readFrom.map(one => one.document)))
  return `record what the hypervisor offers there: put the output of \`${command ?? 'virsh domcapabilities'}\` beside the host`
}

/** A name that differs in capitals alone is no other libvirt's model, but a mistake. */
function definedModel({ models }: FleetView['db'], model: string): string {
  const like = models.find(({ name }) => name.toLowerCase() === model.toLowerCase())
  return like
    ? `write ${like.name} for ${model}: libvirt minds capitals, and starts it nowhere`
    : 'give what the running guest has (`virsh dumpxml` of it as it runs), or a map that has the model (--cpu-map)'
}

const OTHER_VENDOR = 'power the guest off and start it there with a CPU of that vendor'

const POWER_OFF = 'power the guest off and start it there'

const WITHOUT_RULE = "take the policy 'forbid', or match='strict', out of the guest's definition"

const listThem = (names: readonly string[]): string =>
  `list ${names.map(name => `<feature policy='require' name='${name}'/>`).join('')} in the definition, or take check='full' out`

const OTHER_MACHINE = 'give the guest a machine type that both QEMUs have, or update QEMU there'

const TURN_ON_IOMMU =
  'turn the IOMMU on there (VT-d or AMD-Vi in firmware setup, intel_iommu=on; in a container /dev/vfio is to be given)'

const OTHER_EMULATOR =
  'give the guest an <emulator> that both hosts have, or link that path there: libvirt takes the path as it stands'

const OTHER_DEFINITION =
  'change what the guest asks for, or the host: `virt-cpu guest check` says what becomes of it there'

const RECORD_QEMU =
  'record the conversation with the host’s QEMU (`virt-cpu collect`): it tells what is emulated there'

const RESTART_POD =
  'restart the virtual machine: its new pod wants what the node that it starts on has; this says nothing of the CPU'

const RAISE_MODE = "raise the EVC mode of the host's cluster, or power the guest off and start it there"

const OTHER_RATE =
  "take the frequency out of the guest's timer, or let it run on hosts of that rate, or that scale theirs"

const RECORD_RATE =
  'record the rate of the host (`virsh capabilities` there), or take the frequency out of the guest’s timer'

const NAMED_MODEL = 'power the guest off and give it a named model that both hosts have (`explain`)'

const NAME_HOST =
  'name the host it runs on in the fleet file, or give what it has as it runs (`virsh dumpxml` of it)'

const RECORD_ALL = 'record signature, microcode and kernel of both hosts (`virsh capabilities`, fleet.yaml)'

const OTHER_CORE =
  'power the guest off and start it there; KVM lets a running guest see another core only where its ID registers are writable, which QEMU does not use yet'

const narrower = (bits: number): string =>
  `power the guest off and give it <maxphysaddr mode='emulate' bits='${bits}'/>`

function otherModel({ because, blockers }: ModelRefusal): string {
  switch (because) {
    case 'unknown':
      return 'give the guest a model that this QEMU has (`models --usable-on`), or update QEMU'
    case 'blocked':
      return `turn off what it lacks, ${blockers.map(name => `<feature policy='disable' name='${name}'/>`).join('')}, or give the guest a model that is usable there (\`models --usable-on\`)`
    case 'unexplained':
      return 'give the guest a model that is usable there; domain capabilities of libvirt 10.0 or newer say what blocks this one'
  }
}
