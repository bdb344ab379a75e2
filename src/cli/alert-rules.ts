import { createHash } from 'node:crypto'
import { ARCHITECTURES } from '../arch/registry.ts'
import { globs } from '../core/text.ts'
import { loadYaml } from '../formats/yaml.ts'
import { readWholeText } from '../host/files/files.ts'
import { alertOf } from '../http/alerts.ts'
import type { FoundAlert } from '../inventory/alerts.ts'
import { type Context, contextFor } from '../questions/context.ts'
import { readYaml } from '../questions/input/fleet/fleet-yaml.ts'
import { readRules, secondsOf } from '../questions/input/fleet/read-rules.ts'
import type { FleetFile } from '../questions/input/fleet/rules.ts'
import type { ServeSettings } from './serve-settings.ts'
import { CommandError } from './spec.ts'

declare const __VERSION__: string

/** A requirement of the file. One without a name is called by its number. */
type NamedRequirement = NonNullable<FleetFile['requirements']>[number] & { readonly name: string }

/** Keys of a fleet file that must not be here: the inventory has the hosts. */
const OF_HOSTS = ['hosts', 'guests', 'pools'] as const

/** The requirements of a fleet file, as rules for the pools of an inventory. */
export class AlertRules {
  /** Changes when the file changes, or the version of the program that judges by it. */
  readonly hash: string
  readonly #context: Context
  readonly #requirements: readonly NamedRequirement[]
  readonly #kept: Readonly<Record<string, string>>
  /** The requirements that can be judged on an architecture. */
  readonly #known = new Map<string, readonly NamedRequirement[]>()

  private constructor(context: Context, text: string, { requirements = [], ...file }: FleetFile) {
    this.#context = context
    this.hash = createHash('sha256').update(`${__VERSION__} ${text}`).digest('hex')
    this.#requirements = requirements.map((one, i) => ({ ...one, name: one.name ?? `requirement ${i + 1}` }))
    this.#kept = file['kept-cpus'] ?? {}
  }

  /** @throws FileError, ParseError that says where in the file something is wrong */
  static async read(path: string, context: Context): Promise<AlertRules> {
    await loadYaml()
    const text = readWholeText(path)
    const { content, fault } = readYaml(text, path)
    const rules = readRules(content, fault)
    const file = (content ?? {}) as FleetFile
    for (const key of OF_HOSTS)
      if (file[key] !== undefined)
        throw fault([key], 'which hosts there are says the inventory: leave it out', 'key')
    if (!file.requirements?.length && !file['kept-cpus'])
      throw fault([], 'says what must hold under `requirements:`, for instance: - level: x86-64-v3')
    const arches = ARCHITECTURES.map(({ arches: [...all], name }) => all.at(-1) ?? name)
    const demands = rules.policies(arches.map(arch => contextFor(context, arch)))
    const { systemNeeding } = await import('../map/system-needs.ts')
    for (const { os = [] } of demands.flatMap(({ requirements }) => requirements))
      for (const { name, fault: faultOf } of os) systemNeeding(name, faultOf)
    return new AlertRules(context, text, file)
  }

  /** The distinct times, in seconds, within which hosts must report. */
  get periods(): readonly number[] {
    return [...new Set(this.#requirements.flatMap(one => secondsOf(one['reported-within']) ?? []))]
  }

  /** An alert for each requirement whose labels fit none of these pools, as `check` reports it; none while no host has reported. */
  uncovered(pools: readonly string[]): readonly FoundAlert[] {
    if (pools.length === 0) return []
    return this.#requirements.flatMap(({ name, pools: given }) => {
      const labels = given === undefined ? [] : [given].flat()
      if (labels.length === 0 || pools.some(pool => labels.some(label => globs(label, pool)))) return []
      const text = `no pool is called ${labels.join(' or ')}`
      const subject = { rule: name, kind: 'pools', pool: labels.join(' ') }
      return [alertOf(subject, [{ text, remedy: 'correct the label in the requirement' }], [])]
    })
  }

  /** The input of `check` for a pool; undefined: nothing is required of it. */
  questionFor(pool: string, arches: readonly string[], isPinned: boolean): object | undefined {
    const requirements = [...new Set(arches.flatMap(arch => this.#requirementsOn(arch)))].filter(
      ({ pools }) => pools === undefined || [pools].flat().some(label => globs(label, pool)),
    )
    const kept = this.#kept[pool]
    if (requirements.length === 0 && kept === undefined && !isPinned) return undefined
    // An `@` in a label is followed by another, which says that no time is meant.
    const from = `inventory:${pool}${pool.includes('@') ? '@' : ''}`
    const fleet = {
      from,
      requirements: requirements.map(({ pools: _, ...one }) => one),
      ...(kept !== undefined && { 'kept-cpus': { [pool]: kept } }),
    }
    return { fleet }
  }

  /** A requirement that names what only some architectures have, such as a level, is about those alone. */
  #requirementsOn(arch: string): readonly NamedRequirement[] {
    const known = this.#known.get(arch)
    if (known) return known
    const context = contextFor(this.#context, arch)
    const found = this.#requirements.filter(one => {
      try {
        readRules({ requirements: [one] }, (_, what) => new CommandError([what])).policies([context])
        return true
      } catch (error) {
        if (error instanceof CommandError) return false
        throw error
      }
    })
    this.#known.set(arch, found)
    return found
  }
}

/** Refuses settings of alerts that need others. @throws CommandError that names all of them */
export function checkAlerts({ rules, store, webhook, ...settings }: ServeSettings): void {
  const faults: string[] = []
  if (rules && !store) faults.push('--rules are about an inventory: give the server --store too')
  if (!rules && webhook.length > 0) faults.push('--webhook hears of alerts: give the server --rules too')
  if (settings['webhook-secret'] && webhook.length === 0)
    faults.push('--webhook-secret is for receivers: give the server --webhook too')
  if (faults.length > 0) throw new CommandError(faults)
}
