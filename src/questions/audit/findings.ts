import { hex } from '../../core/bits.ts'
import { FeatureSet } from '../../core/feature-set.ts'
import { oncePer } from '../../core/memo.ts'
import { printSignature } from '../../core/model.ts'
import { bytewise, fewNames } from '../../core/text.ts'
import type { FleetHost } from '../../fleet/host.ts'
import { weightClassOf } from '../../fleet/value.ts'
import { levelOf } from '../../map/levels.ts'
import { neededOn, type SystemNeeds } from '../../map/system-needs.ts'
import {
  bitsNeeded,
  builtinVulnerabilities,
  holdAll,
  isVulnerable,
  leastRevision,
  saidByGuest,
  stateOf,
  type Vulnerability,
} from '../../map/vulnerabilities.ts'
import type { FleetView } from '../input/fleet/view.ts'
import { harmsOf } from '../level/question.ts'
import { isRemedy, shortRemedy } from '../words/cells.ts'
import { type AuditLine, type NamedFinding, SEVERITIES } from './answer.ts'
import { firstAlike, presenceOn, type Subject, signatureOfModel, type Truth, truthOn } from './seen.ts'

type Found = Omit<NamedFinding, 'subjects' | 'kind'>

/** A vulnerability of the list, with what is known of every host. */
interface Case {
  readonly one: Vulnerability
  readonly truths: readonly Truth[]
}

/** What hosts are, what guests and models believe, and every finding, the worst first; equal ones are one. */
export function auditFleet(
  view: FleetView,
  subjects: readonly Subject[],
  systems: readonly SystemNeeds[],
): { readonly findings: NamedFinding[]; readonly lines: AuditLine[] } {
  const { hosts } = view.fleet
  const list = builtinVulnerabilities().list.filter(({ isErratum }) => !isErratum)
  const judgeOnce = oncePer((first: FleetHost) => judge(view, first, list))
  const judged = firstAlike(hosts).map(judgeOnce)
  const cases = list.map(
    (one, i): Case => ({
      one,
      truths: judged.flatMap(({ truths }, at) => aboutHost(hosts[at], truths[i])),
    }),
  )
  const ofHosts = judged.flatMap(({ findings }, at) =>
    findings.map((found): Told => ({ kind: 'host', subject: hosts[at]?.name ?? '', found })),
  )
  const ofSubjects = subjects.flatMap(subject =>
    subjectFindings(view, subject, casesFor(subject, cases), systems).map(
      (found): Told => ({ kind: subject.kind, subject: subject.name, found }),
    ),
  )
  return {
    findings: merged([...ofHosts, ...ofSubjects]),
    lines: [
      ...hosts.map((host, at) => lineOfHost(host, judged[at]?.vulnerabilities ?? [])),
      ...subjects.map(it => lineOf(view, it, cases)),
    ],
  }
}

/** What is judged of a host by itself, and of all that are like it. */
interface Judged {
  readonly truths: readonly Truth[]
  readonly findings: readonly Found[]
  readonly vulnerabilities: AuditLine['vulnerabilities']
}

function judge(view: FleetView, host: FleetHost, list: readonly Vulnerability[]): Judged {
  const all = list.map(one => ({ one, truth: truthOn(view, host, one) }))
  return {
    truths: all.map(({ truth }) => truth),
    findings: [...hostFindings(host), ...all.flatMap(({ one, truth }) => openOn(one, truth))],
    vulnerabilities: all.map(({ one: { name }, truth: { affected, by, says = null } }) => ({
      name,
      affected: word(affected),
      by,
      says,
    })),
  }
}

const aboutHost = (host: FleetHost | undefined, truth: Truth | undefined): Truth[] =>
  host && truth ? [{ ...truth, host }] : []

/** The hosts on which a guest can be: those of its pool, or all of which nothing else is said. */
const casesFor = ({ pool, guest, cpu }: Subject, cases: readonly Case[]): Case[] =>
  cases.map(({ one, truths }) => ({
    one,
    truths: truths.filter(
      ({ host }) =>
        (pool === undefined
          ? guest?.host === undefined || guest.host === host.name
          : (host.pool ?? '') === pool) &&
        (cpu.vendor === undefined || host.vendor === undefined || host.vendor === cpu.vendor),
    ),
  }))

/** A finding, and what it is about. */
interface Told {
  readonly kind: NamedFinding['kind']
  readonly subject: string
  readonly found: Found
}

function merged(all: readonly Told[]): NamedFinding[] {
  const byKey = new Map<string, NamedFinding & { readonly subjects: string[] }>()
  // Hosts that are alike share what was found.
  const keys = new Map<Found, string>()
  for (const { kind, subject, found } of all) {
    const key = keys.get(found) ?? JSON.stringify([kind, found])
    keys.set(found, key)
    const known = byKey.get(key)
    if (known) known.subjects.push(subject)
    else byKey.set(key, { ...found, kind, subjects: [subject] })
  }
  const rank = ({ severity }: NamedFinding) => SEVERITIES.indexOf(severity)
  return [...byKey.values()].sort((a, b) => rank(a) - rank(b) || bytewise(a.id, b.id))
}

const NO_GUEST: Readonly<Record<string, string>> = {
  off: 'every mitigation',
  no_guest_host: 'what keeps guests from reading the host',
  no_guest_guest: 'what keeps guests from reading each other',
  no_user_kernel: 'what keeps programs from reading the kernel',
}

/** The least revision of microcode that a host should have; undefined: it has it, or one of the two is not known. */
function revisionDue(list: Parameters<typeof leastRevision>[0], host: FleetHost): number | undefined {
  const least = leastRevision(list, host)
  const { microcode } = host
  return least !== undefined && microcode !== undefined && microcode < least ? least : undefined
}

/** What a host's kernel was told, and how old its microcode is. */
function hostFindings(host: FleetHost): Found[] {
  const off = (host.mitigations?.split(',') ?? []).filter(word => NO_GUEST[word] !== undefined)
  const least = revisionDue(builtinVulnerabilities().microcode, host)
  return [
    ...off.map(word =>
      found(`mitigations:${word}`, 'danger', ['linux-params'], {
        text: `booted with mitigations=${host.mitigations}: ${NO_GUEST[word]} is off`,
        remedy: `boot without ${word === 'off' ? 'mitigations=off' : word}`,
      }),
    ),
    ...(least !== undefined
      ? [
          found('microcode-old', 'warning', ['intel-affected'], {
            text: `microcode 0x${hex(host.microcode ?? 0, 1)}; all fixes up to 2026-02 came with 0x${hex(least, 1)}`,
            remedy: MICROCODE,
          }),
        ]
      : []),
  ]
}

const found = (
  id: string,
  severity: Found['severity'],
  sources: readonly string[],
  more: Pick<Found, 'text'> & Partial<Found>,
): Found => ({ id, severity, reason: '', hosts: [], remedy: '', change: '', ...more, sources: [...sources] })

/** What a host leaves open of a vulnerability. */
function openOn(one: Vulnerability, truth: Truth): Found[] {
  const { status, host, says } = truth
  const least = revisionDue(one.fixed, host)
  const name = one.file ?? one.name
  const fix = least === undefined ? [] : [microcodeFinding(one, host, least)]
  if (!status || says === undefined) return fix
  const threads = status.holes.filter(({ words }) => words === 'SMT vulnerable')
  const holes = status.holes.filter(({ words }) => words !== 'SMT vulnerable')
  const open = status.state === 'vulnerable'
  return [
    ...fix,
    ...(open || holes.length > 0
      ? [
          found(`host-${open ? 'vulnerable' : 'open'}:${name}`, open ? 'danger' : 'warning', one.sources, {
            text: `open to ${shortTitle(one)}: the kernel says “${says}”`,
            reason: [status.meaning, ...holes.map(({ meaning }) => meaning)].filter(Boolean).join('; '),
            remedy: /no microcode/i.test(says)
              ? MICROCODE
              : 'update kernel and microcode, and look at its command line',
          }),
        ]
      : []),
    ...threads.slice(0, open ? 0 : 1).map(({ meaning }) =>
      found(`host-threads:${name}`, 'note', one.sources, {
        text: `${shortTitle(one)}: threads of a core are not kept apart`,
        reason: meaning,
        remedy: 'boot with nosmt, or schedule cores (sched_core) where guests do not trust each other',
      }),
    ),
  ]
}

const MICROCODE = 'update microcode or firmware, cold boot, restart guests'

const microcodeFinding = (one: Vulnerability, { microcode = 0 }: FleetHost, least: number): Found =>
  found(`microcode:${one.name}`, 'warning', one.sources, {
    text: `microcode 0x${hex(microcode, 1)}; ${shortTitle(one)} is fixed from 0x${hex(least, 1)} on`,
    remedy: MICROCODE,
  })

function subjectFindings(
  view: FleetView,
  subject: Subject,
  cases: readonly Case[],
  systems: readonly SystemNeeds[],
): Found[] {
  return [
    ...cases.flatMap(it => [...beliefFindings(view, subject, it), ...wantFindings(view, subject, it)]),
    ...systems.flatMap(system => systemFindings(view, subject, system)),
  ]
}

/** Whether programs in a guest attack by it, so that the guest's own system has to do something. */
const isOfGuests = ({ attacks }: Vulnerability): boolean =>
  attacks.some(attack => attack === 'user-kernel' || attack === 'user-user')

/** Where what a guest believes of itself is not what its hosts are. */
function beliefFindings(view: FleetView, subject: Subject, it: Case): Found[] {
  const { one, truths } = it
  const belief = isVulnerable(one, subject.cpu, true)
  if (!isOfGuests(one) || one.hostsOnly || belief === undefined || truths.length === 0) return []
  const affected = truths.filter(truth => truth.affected)
  if (!belief) {
    const bad = affected.filter(({ host }) => !keepsPromise(view, one, subject, host)).map(({ host }) => host)
    const isCovered = builtinVulnerabilities().list.some(
      other => one.coveredBy.includes(other.name) && isVulnerable(other, subject.cpu, true),
    )
    const isHidden = one.through.length > 0 && one.through.every(name => subject.cpu.has(name) === false)
    return one.relies || isCovered || isHidden || bad.length === 0
      ? []
      : [believesSafe(view, subject, it, bad)]
  }
  if (affected.length === 0)
    return one.cost !== '' && truths.every(truth => truth.affected === false)
      ? [believesAffected(view, subject, it)]
      : []
  const said = saidByGuest(builtinVulnerabilities(), one, subject.cpu)
  if (said === undefined || stateOf(said) !== 'vulnerable') return []
  return [unmitigated(view, subject, it, said)]
}

/** Whether the host tells guests as well that they are free of it: what its KVM judged holds there. */
const keepsPromise = (view: FleetView, { free }: Vulnerability, { cpu }: Subject, host: FleetHost): boolean =>
  free.some(all => all.every(name => cpu.has(name) && presenceOn(view, host, name) === true))

function believesSafe(
  view: FleetView,
  subject: Subject,
  { one, truths }: Case,
  hosts: readonly FleetHost[],
): Found {
  const { cpu, model } = subject
  const promise = one.free.find(all => all.every(name => cpu.has(name)))
  const names = hosts.map(({ name }) => name)
  const more = {
    hosts: names,
    text: `Linux there believes it is safe from ${shortTitle(one)}, and ${affectedWords(names)}`,
  }
  if (promise) {
    const broken = promise.filter(name => hosts.some(host => presenceOn(view, host, name) !== true))
    return found(`promise-not-kept:${one.name}`, 'danger', one.sources, {
      ...more,
      reason: `its CPU has ${fewNames(promise)}, which ${fewNames(names)} ${names.length === 1 ? 'does' : 'do'} not give`,
      remedy: `turn ${fewNames(broken)} off in its definition, and ${powerCycle(subject)}`,
      change: broken.map(name => feature('disable', name)).join('\n'),
    })
  }
  const hazard = one.hazard.find(name => hosts.some(host => presenceOn(view, host, name)))
  const apart = names.length === truths.length ? '' : keepApart(subject, names)
  if (hazard !== undefined) {
    const without = truths.flatMap(({ host }) => (presenceOn(view, host, hazard) === true ? [] : host.name))
    return found(`hazard-lost:${one.name}`, 'danger', one.sources, {
      ...more,
      reason: `${fewNames(names)} ${names.length === 1 ? 'warns' : 'warn'} guests by ${hazard}, and it does not see that`,
      remedy:
        without.length === 0
          ? `turn ${hazard} on in its definition, and ${powerCycle(subject)}`
          : [notGiving(without, hazard), apart].filter(Boolean).join(': '),
      change: without.length === 0 ? feature('require', hazard) : '',
    })
  }
  const other = modelsOf(view, model, hosts, truths).find(name => believesAs(view, one, name))
  return found(`believes-safe:${one.name}`, 'danger', one.sources, {
    ...more,
    reason: `${model ?? 'its CPU'} (${cpu.signature ? printSignature(cpu.signature) : 'signature not known'}) is of a generation without it`,
    remedy: [other ? `give it a model of their generation (${other})` : '', apart]
      .filter(Boolean)
      .join(', or '),
    change: other ? `<model>${other}</model>` : '',
  })
}

/** What makes a changed definition count. */
const powerCycle = ({ kind }: Subject): string => `power ${kind === 'pool' ? 'its guests' : 'it'} off and on`

const keepApart = ({ kind }: Subject, names: readonly string[]): string =>
  kind === 'pool'
    ? `give ${fewNames(names)} a pool of ${names.length === 1 ? 'its' : 'their'} own`
    : `keep off ${fewNames(names)}`

const notGiving = (names: readonly string[], what: string): string =>
  `${fewNames(names)} ${names.length === 1 ? 'is' : 'are'} not known to give ${what}`

/** Without the words that follow a colon: `Retbleed` */
const shortTitle = ({ title }: Vulnerability): string => title.replace(/:.*/, '')

const affectedWords = (names: readonly string[]): string =>
  `${fewNames(names, 1)} ${names.length === 1 ? 'is' : 'are'} affected`

/**
 * The models that hosts are detected as, by the names that guests are given, which no host is known to be less than,
 * and which reach the level of the model that the guest has.
 */
function modelsOf(
  { db, levels }: FleetView,
  own: string | undefined,
  hosts: readonly FleetHost[],
  all: readonly Truth[],
): string[] {
  const least = levelOf(levels, db.model(own ?? '')?.features ?? FeatureSet.empty)?.needs ?? FeatureSet.empty
  return [
    ...new Set(
      hosts.flatMap(({ model = '' }) =>
        db.models.filter(
          ({ name, canonical, decode }) => decode.guest && (canonical === model || name === model),
        ),
      ),
    ),
  ]
    .filter(({ features }) => least.leq(features))
    .filter(({ features: needed }) =>
      all.every(({ host: { evidence, features } }) =>
        evidence ? evidence.missing(needed).isEmpty : needed.leq(features),
      ),
    )
    .map(({ name }) => name)
}

/** Whether a Linux guest of a model believes that it is affected. */
function believesAs(view: FleetView, one: Vulnerability, name: string): boolean | undefined {
  const model = view.db.model(name)
  const has = (word: string) => {
    const bits = view.db.features.get(word)?.bits
    return bits !== undefined && model !== undefined && !bits.isEmpty && bits.leq(model.features)
  }
  return isVulnerable(
    one,
    { vendor: model?.vendor?.name, signature: signatureOfModel(view, name), has },
    true,
  )
}

const feature = (policy: 'require' | 'disable', name: string): string =>
  `<feature policy='${policy}' name='${name}'/>`

function believesAffected(view: FleetView, { model, cpu }: Subject, { one, truths }: Case): Found {
  const hosts = truths.map(({ host }) => host)
  const given = one.free.find(all => all.every(name => hosts.every(host => presenceOn(view, host, name))))
  const more = given?.filter(name => !cpu.has(name))
  const other = modelsOf(view, model, hosts, truths).find(name => believesAs(view, one, name) === false)
  return found(`believes-affected:${one.name}`, 'note', one.sources, {
    text: `Linux there believes in ${shortTitle(one)}, and no host has it: it pays with ${one.cost}`,
    reason:
      one.assumed.length > 0
        ? 'Linux assumes it in guests that are not told otherwise'
        : `as ${model ?? 'its model'} has it`,
    hosts: hosts.map(({ name }) => name),
    remedy: more
      ? `turn ${fewNames(more)} on, which every host gives`
      : other
        ? `give it a model of its hosts' generation (${other})`
        : '',
    change: more
      ? more.map(name => feature('require', name)).join('\n')
      : other
        ? `<model>${other}</model>`
        : '',
  })
}

/** A guest that knows of it, and has not the bits to do anything. */
function unmitigated(view: FleetView, subject: Subject, { one, truths }: Case, said: string): Found {
  const { cpu } = subject
  const hosts = truths.map(({ host }) => host)
  const lacked = bitsNeeded(one, cpu).map(list => list.filter(name => cpu.has(name) === false))
  const lists = [...new Map(lacked.map(list => [list.join(), list])).values()]
  const lacking = (list: readonly string[]) =>
    hosts.filter(host => !list.every(name => presenceOn(view, host, name) === true))
  const [best = [], ...rest] = [...inOrderOf(cpu, lists)].sort(
    (a, b) => lacking(a).length - lacking(b).length || a.length - b.length,
  )
  const without = lacking(best).map(({ name }) => name)
  const fix = without.length > 0 ? hostRemedy(view, hosts, best) : ''
  return found(`unmitigated:${one.name}`, 'danger', one.sources, {
    hosts: truths.flatMap(({ affected, host }) => (affected ? host.name : [])),
    text: `no protection from ${shortTitle(one)}: Linux there says “${said}”`,
    reason:
      best.length > 0
        ? [
            `it lacks ${[best, ...rest].map(list => list.join(' and ')).join(', or ')}${sayNames(view, best)}`,
            ...(without.length > 0 && fix === '' ? [notGiving(without, fewNames(best))] : []),
          ].join('; ')
        : '',
    remedy:
      best.length === 0
        ? ''
        : without.length === 0
          ? `turn ${fewNames(best)} on in its definition, and ${powerCycle(subject)}`
          : fix && `${notGiving(without, fewNames(best))}: ${fix}`,
    change: without.length > 0 ? '' : best.map(name => feature('require', name)).join('\n'),
  })
}

/** Which versions have names for bits, where not every one has; and whether a model has them all. */
function sayNames(view: FleetView, names: readonly string[]): string {
  const { db } = view
  const bits = names.flatMap(name => db.features.get(name)?.bits ?? [])
  if (bits.length < names.length || bits.some(set => set.isEmpty))
    return ', for which libvirt and QEMU have no name'
  const isInModel = db.models.some(({ features }) => bits.every(set => set.leq(features)))
  const { qemu, libvirt } = view.needed(names)
  const since = Object.entries({ QEMU: qemu, libvirt }).filter(([, version]) => !version.endsWith('or older'))
  const named = since.map(([tool, version]) => `${tool} since ${version}`).join(', ')
  return [isInModel ? '' : ', which no model has', named && `, named by ${named}`].join('')
}

/** Lists begin with Intel's names of what others call otherwise. */
const inOrderOf = <T>({ vendor }: Subject['cpu'], list: readonly T[]): readonly T[] =>
  vendor === 'Intel' ? list : list.toReversed()

/** What brings a feature to hosts that do not give it. */
function hostRemedy(view: FleetView, hosts: readonly FleetHost[], names: readonly string[]): string {
  const remedies = names.flatMap(name => {
    const wanted = view.db.features.get(name)
    const host = wanted && hosts.find(one => presenceOn(view, one, name) !== true)
    const group = host && view.groupOf.get(host.name)
    return wanted && group ? view.finder.forGroup(group)(wanted).remedy : []
  })
  const known = [...new Set(remedies.map(shortRemedy))].filter(isRemedy)
  return fewNames(known, 1) || (remedies.some(Boolean) ? '' : MICROCODE)
}

/** What its hosts give and a guest goes without, though it would be better off. */
function wantFindings(view: FleetView, subject: Subject, { one, truths }: Case): Found[] {
  const { cpu } = subject
  if (truths.length === 0 || isVulnerable(one, cpu, true) !== true) return []
  return one.wants.flatMap(({ features: list, conditions }) => {
    const isWanted = holdAll(builtinVulnerabilities(), cpu, conditions)
    if (!isWanted || list.some(name => cpu.has(name) !== false)) return []
    const given = inOrderOf(cpu, list).find(name =>
      truths.every(({ host }) => presenceOn(view, host, name) === true),
    )
    const known = given === undefined ? undefined : view.db.features.get(given)
    if (given === undefined || !known) return []
    const isSpeed = weightClassOf(known) !== 'security'
    return [
      found(`${isSpeed ? 'slow' : 'lacks'}:${given}`, isSpeed ? 'note' : 'warning', one.sources, {
        text: `no ${list.join(' or ')}, which every host gives: ${isSpeed ? 'protection is slower' : `less protection from ${shortTitle(one)}`}`,
        remedy: `turn ${given} on in its definition, and ${powerCycle(subject)}`,
        change: feature('require', given),
      }),
    ]
  })
}

/** What a guest has that its system must not have, and what its system needs that it lacks. */
function systemFindings(view: FleetView, { cpu, model, guest }: Subject, system: SystemNeeds): Found[] {
  const [name] = system.names
  const need = neededOn(system, view.context.arch, view.db.features, view.levels)
  const missing = need ? view.db.features.in(need.set).filter(one => cpu.has(one.name) === false) : []
  return [
    ...harmsOf(view, system, {
      vendor: cpu.vendor,
      model: guest?.model ?? model,
      has: word => cpu.has(word) === true,
    }).map(({ feature: word, text, isCost, sources }) =>
      found(`breaks:${name}:${word}`, isCost ? 'note' : 'danger', sources, {
        text: `has ${word}: ${text}`,
        remedy: `turn ${word} off in its definition`,
        change: word.includes('>') ? '' : feature('disable', word),
      }),
    ),
    ...(missing.length > 0
      ? [
          found(`needs:${name}`, need?.isUnverified ? 'warning' : 'danger', system.sources, {
            text: `lacks ${fewNames(missing.map(one => one.name))}, which ${system.title} needs`,
            remedy: `see \`virt-cpu fits --os ${name}\``,
          }),
        ]
      : []),
  ]
}

const word = (known: boolean | undefined) => (known === undefined ? 'unknown' : known ? 'yes' : 'no')

const lineOfHost = (host: FleetHost, vulnerabilities: AuditLine['vulnerabilities']): AuditLine => ({
  kind: 'host',
  name: host.name,
  pool: host.pool ?? '',
  signature: host.signature ?? null,
  vulnerabilities,
})

function lineOf(view: FleetView, subject: Subject, cases: readonly Case[]): AuditLine {
  const { kind, name, pool = '', cpu, model, guest } = subject
  const measured = kind === 'model' || guest?.terms?.bonds?.includes('protected')
  return {
    kind,
    name,
    pool,
    signature: cpu.signature ?? null,
    ...(measured && model !== undefined ? { shares: sharing(view, model) } : {}),
    vulnerabilities: cases
      .filter(({ one }) => !one.hostsOnly)
      .map(({ one }) => ({
        name: one.name,
        affected: word(isVulnerable(one, cpu, true)),
        by: 'guest' as const,
        says: (one.file && saidByGuest(builtinVulnerabilities(), one, cpu)) || null,
      })),
  }
}

/** The other models of the same vendor whose guests see the same family, model and stepping. */
function sharing(view: FleetView, name: string): string[] {
  const signature = signatureOfModel(view, name)
  const vendor = view.db.model(name)?.vendor?.name
  if (!signature) return []
  const key = printSignature(signature)
  return view.db.models.flatMap(model => {
    const other =
      model.vendor?.name === vendor && model.name !== name ? signatureOfModel(view, model.name) : undefined
    return other && printSignature(other) === key ? model.name : []
  })
}
