import { createHash } from 'node:crypto'
import { inflateRawSync } from 'node:zlib'
import { Evidence } from '../core/evidence.ts'
import { FeatureSet } from '../core/feature-set.ts'
import { groupHosts } from '../fleet/groups.ts'
import type { FleetHost } from '../fleet/host.ts'
import { loadYaml, mayHoldYaml } from '../formats/yaml.ts'
import { BadRequest, type Context, contextFor } from '../questions/context.ts'
import { assembleFleet } from '../questions/input/fleet/assemble.ts'
import type { Member } from '../questions/input/fleet/members.ts'
import { membersOfText } from '../questions/input/fleet/open-fleet.ts'
import type { Identity, StoredFacts } from './schema.ts'
import { findIdentity, IDENTITY_KEYS, ownOf } from './stored-fleet.ts'

/** A text of one host, read. */
export interface ReadHost {
  /** What describes the host itself. */
  readonly own: readonly Member[]
  /** The guests that its text has. */
  readonly guests: readonly Member[]
  readonly identity: Identity
  /** Equal for hosts that differ in their identity alone. */
  readonly profile: string
}

/** @throws BadRequest, ParseError, LibvirtError for a text that describes no host */
export async function readHostText(context: Context, text: string, source: string): Promise<ReadHost> {
  if (mayHoldYaml(text)) await loadYaml()
  const members = membersOfText(context, text, source)
  const own = members.filter(({ kind }) => kind !== 'guest')
  const guests = members.filter(({ kind }) => kind === 'guest')
  if (own.length === 0) throw new BadRequest(`${source}: the text describes no host`)
  const identity = findIdentity(own)
  return { own, guests, identity, profile: fingerprint(own, identity, text) }
}

/** A text of one host as far as a report of it is stored. */
export interface ReadReport {
  readonly identity: Identity
  /** How many guests it has. */
  readonly guests: number
  /** The kinds of its documents, between blanks. */
  readonly dialect: string
  /** As `ReadHost` has it. */
  readonly profile: string
}

/** Reads texts that hosts report, here or in another process. Its functions throw what `readHostText` throws. */
export interface TextReader {
  readonly read: (text: string, source: string) => Promise<ReadReport>
  /** What is stored of its profile: a text need be read for that only where the profile is new. */
  readonly derive: (text: string, source: string) => Promise<DerivedProfile>
}

/** Reads texts in this process. */
export const readTextsWith = (context: Context): TextReader => ({
  async read(text, source) {
    const { own, guests, identity, profile } = await readHostText(context, text, source)
    const documents = own.flatMap(({ facts }) => ('readFrom' in facts ? (facts.readFrom ?? []) : []))
    const dialect = [...new Set(documents.map(({ document }) => document))].join(' ')
    return { identity, guests: guests.length, dialect, profile }
  },
  derive: async (text, source) => deriveProfile(context, await readHostText(context, text, source), source),
})

/** Hash of all that the members say, but for the identity's values. */
function fingerprint(members: readonly Member[], identity: Identity, text: string): string {
  const reports = [...new Set(members.map(({ report }) => report))]
  const parts = members.map(member => {
    const { report, called: _, facts, ...rest } = member
    const { uuid: __, tscHz: ___, ...about } = facts as FleetHost
    const mine = ownOf(member)
    const own = IDENTITY_KEYS.map(key =>
      mine[key] === identity[key] ? mine[key] === undefined : [mine[key]],
    )
    return [own, reports.indexOf(report), rest, about]
  })
  return sha256(canonical(parts, text))
}

/** Equal for equal values. @param opaque stands for what cannot be looked into */
function canonical(value: unknown, opaque: string): string {
  if (value instanceof FeatureSet)
    return `F${value.words.slice(0, value.words.findLastIndex(Boolean) + 1).join()}`
  if (value instanceof Evidence)
    return `E${[value.present, value.absent, value.assumed].map(set => canonical(set, opaque)).join()}`
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'function') return `?${sha256(opaque)}`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'undefined'
  if (Array.isArray(value)) return `[${value.map(one => canonical(one, opaque)).join()}]`
  if (value instanceof Map || value instanceof Set) return `M${canonical([...value], opaque)}`
  if (Object.getPrototypeOf(value) !== Object.prototype) return `?${sha256(opaque)}`
  const entries = Object.entries(value).filter(([, one]) => one !== undefined)
  const sorted = entries.sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${sorted.map(([key, one]) => `${key}:${canonical(one, opaque)}`).join()}}`
}

/** A text as it is stored, or in Base64 as a stored fleet has it. */
export const textOfEvidence = (packed: Uint8Array | string): string =>
  inflateRawSync(typeof packed === 'string' ? Buffer.from(packed, 'base64') : packed).toString('utf8')

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

/** What is stored of a profile's CPU, in names of features. */
export interface DerivedCpu {
  readonly hash: string
  readonly arch: string
  readonly vendor: string | undefined
  readonly physBits: number | undefined
  readonly present: ReadonlySet<string>
  readonly possible: ReadonlySet<string>
  readonly absent: ReadonlySet<string>
  readonly offered: ReadonlySet<string>
  readonly hazards: ReadonlySet<string>
}

export interface DerivedProfile {
  readonly cpu: DerivedCpu
  readonly facts: StoredFacts
}

/** @throws BadRequest for a text with several hosts */
export function deriveProfile(context: Context, { own }: ReadHost, source: string): DerivedProfile {
  const { fleet, others } = assembleFleet(context, [{ path: 'host', name: 'host', members: own }])
  const hosts = [fleet, ...others].flatMap(part => part.hosts.map(host => ({ host, arch: part.arch })))
  const [first, ...more] = hosts
  if (!first || more.length > 0)
    throw new BadRequest(`${source}: the text describes ${hosts.length} hosts: report each by itself`)
  const { host, arch } = first
  return { cpu: cpuOf(contextFor(context, arch), host), facts: factsOf(host, arch) }
}

function cpuOf({ db, arch }: Context, host: FleetHost): DerivedCpu {
  const [group] = groupHosts([host])
  if (!group) throw new RangeError('one host is one group')
  const { features, vendor, core, signature, physBits, hardwareFeatures } = group
  const evidence = group.evidence ?? Evidence.recorded(features, db.features.all)
  const names = (holds: (bits: FeatureSet, order: string) => boolean): ReadonlySet<string> =>
    new Set(db.features.list.filter(({ bits, order }) => holds(bits, order)).map(({ name }) => name))
  const possible = names(bits => bits.leq(evidence.possible))
  const sets = {
    present: names(bits => bits.leq(evidence.present)),
    possible,
    absent: names(bits => evidence.absent.meets(bits)),
    offered: names(bits => bits.leq(group.offered)),
    hazards: names((bits, order) => '|>'.includes(order) && bits.leq(evidence.possible)),
  }
  const own = [features, hardwareFeatures ?? FeatureSet.empty, group.withheld, group.unsure]
  const lists = [...Object.values(sets), ...own.map(set => db.features.in(set).map(({ name }) => name))]
  const key = [arch, vendor, core, signature, physBits, ...lists.map(list => [...list].sort().join(' '))]
  return { hash: sha256(JSON.stringify(key)), arch, vendor, physBits, ...sets }
}

const factsOf = (host: FleetHost, arch: string): StoredFacts => {
  const { vendor, brand, model, signature: s, physBits, microcode, kernel, hypervisor, libvirt, cpus } = host
  const facts = { vendor, brand, model, physBits, microcode, kernel, hypervisor, libvirt, cpus }
  return {
    arch,
    ...facts,
    signature: s && `${s.family}.${s.model}.${s.stepping}`,
    documents: [...new Set((host.readFrom ?? []).map(({ document }) => document))],
  }
}
