import type { Feature } from '../../src/core/feature.ts'
import { placeOf } from '../../src/core/feature.ts'
import { matches, type Signature } from '../../src/core/signature.ts'
import type { Database } from '../../src/database/database.ts'
import { CauseFinder } from '../../src/fleet/cause-of.ts'
import { builtinCauses } from '../../src/fleet/cause-table.ts'
import type { Finding } from '../../src/fleet/finding.ts'
import { type Group, groupHosts } from '../../src/fleet/groups.ts'
import type { FleetHost } from '../../src/fleet/host.ts'
import { builtinLevels, type Level, levelOf } from '../../src/fleet/levels.ts'
import { type FleetPool, poolsOf } from '../../src/fleet/pools.ts'
import { Valuation } from '../../src/fleet/value.ts'
import { builtinWeights } from '../../src/fleet/weights.ts'
import type { CauseAnswer, FeatureAnswer, GroupAnswer, HostAnswer } from '../shared/answers.ts'
import type { Scope } from '../shared/protocol.ts'
import { shortNames } from './names.ts'
import type { PageHost, Snapshot } from './state.ts'

/** A snapshot's hosts as the fleet's functions take them, and what all views ask of them. */
export class Analysis {
  readonly db: Database
  readonly levels: readonly Level[]
  readonly valuation: Valuation
  readonly groups: readonly Group[]
  readonly pools: readonly FleetPool[]
  readonly hosts: ReadonlyMap<string, PageHost>
  readonly causes = builtinCauses()
  readonly finder: CauseFinder
  readonly #ids: ReadonlyMap<Group, number>
  readonly #shorts = new Map<string, string>()

  constructor(db: Database, { hosts }: Snapshot) {
    this.db = db
    this.levels = builtinLevels(db.features)
    this.valuation = new Valuation(db.features, builtinWeights())
    this.hosts = new Map(hosts.map(host => [host.name, host]))
    const shorts = shortNames(hosts.map(({ name }) => name))
    for (const [i, { name }] of hosts.entries()) this.#shorts.set(name, shorts[i] ?? name)
    this.groups = groupHosts(hosts.flatMap(fleetHost))
    this.#ids = new Map(this.groups.map((group, id) => [group, id]))
    this.pools = poolsOf(this.groups)
    this.finder = new CauseFinder(db, this.causes, this.groups)
  }

  /** The groups of a pool, or all. */
  in(scope: Scope): readonly Group[] {
    if (scope === null) return this.groups
    return this.pools.find(({ label }) => label === scope)?.groups ?? []
  }

  id(group: Group): number {
    return this.#ids.get(group.partOf ?? group) ?? -1
  }

  short(name: string): string {
    return this.#shorts.get(name) ?? name
  }

  /** `ice-01` or `ice-01 and 3 more`. */
  title({ hosts }: Group): string {
    const name = this.short(hosts[0]?.name ?? '')
    return hosts.length === 1 ? name : `${name} and ${hosts.length - 1} more`
  }

  level(group: Pick<Group, 'features'>): string {
    return levelOf(this.levels, group.features)?.name ?? ''
  }

  host = ({ name, pool = '' }: FleetHost): HostAnswer => ({ name, short: this.short(name), pool })

  group = (group: Group): GroupAnswer => ({
    id: this.id(group),
    title: this.title(group),
    count: group.hosts.length,
    vendor: group.vendor ?? '',
    signature: signatureText(group.signature),
    generation: this.#generation(group.signature),
    model: group.hosts[0]?.model ?? '',
    level: this.level(group),
    features: this.db.features.count(group.features),
    physBits: group.physBits,
    microcode: [
      ...new Set(group.hosts.flatMap(({ microcode }) => (microcode ? `0x${microcode.toString(16)}` : []))),
    ],
    pools: [...new Set(group.hosts.map(({ pool = '' }) => pool))],
  })

  feature = (feature: Feature): FeatureAnswer => ({
    name: feature.name,
    place: placeOf(feature),
    title: feature.title,
    class: feature.class ?? 'unknown',
  })

  cause({ cause, confidence, mend }: Finding): CauseAnswer {
    return { cause, meaning: this.causes.meaning(cause), confidence, mend }
  }

  /** The families whose models are of this silicon, by what the database says of them. */
  #generation(signature: Signature | undefined): string {
    if (!signature) return ''
    const family = this.db.families.find(({ versions }) =>
      versions.some(({ model }) => matches(model.signatures, signature)),
    )
    return family?.note ?? ''
  }
}

const fleetHost = ({ name, pool, found: { facts } }: PageHost): FleetHost[] =>
  facts ? [{ ...facts, name, pool }] : []

const signatureText = (signature: Signature | undefined): string =>
  signature ? `${signature.family}.${signature.model}.${signature.stepping}` : ''
