import { safeParse } from 'valibot'
import type { GuestCpu } from '../../../core/cpu.ts'
import type { FeatureSet } from '../../../core/feature-set.ts'
import { LibvirtError } from '../../../core/libvirt-error.ts'
import type { Model } from '../../../core/model.ts'
import { ParseError } from '../../../core/parse-error.ts'
import type { KeptCpu } from '../../../fleet/fleet.ts'
import type { Requirement } from '../../../fleet/requirements/requirement.ts'
import { readText } from '../../../formats/dialects.ts'
import { joinCpus } from '../../../formats/libvirt/find-cpus.ts'
import type { Level } from '../../../map/levels.ts'
import { parseSignatureMatch } from '../../../map/text/parse-models.ts'
import { builtinWeights, type ClassWeights } from '../../../map/weights.ts'
import type { Context } from '../../context.ts'
import { definitionOf } from '../definition-of.ts'
import { featuresNamed, levelNamed, modelNamed, vendorNamed } from './named.ts'
import { guestOfCpu } from './read-members.ts'
import {
  type Demands,
  type FilePath,
  type FleetFile,
  fleetFile,
  type GuestEntry,
  type HostEntry,
  type Rule,
  type RuleFault,
  type Rules,
} from './rules.ts'

/**
 * Reads the content of a fleet file.
 * @param content what YAML or JSON says
 * @throws what `fault` makes: for the first key or value that is not as it should be, or name that means nothing
 */
export function readRules(content: unknown, fault: RuleFault): Rules {
  const checked = safeParse(fleetFile, content ?? {}, { abortEarly: true })
  if (!checked.success) {
    const [{ expected, message, path = [] }] = checked.issues
    const keys = path.map(({ key }) => (typeof key === 'number' ? key : String(key)))
    throw fault(keys, message, expected === 'never' ? 'key' : 'value')
  }
  const file = checked.output
  const { constraints = {} } = file
  return {
    hosts: file.hosts?.map((entry, i) => ruleOf<HostEntry>(entry, ['hosts', i])),
    guests: (file.guests ?? []).map((entry, i) => ruleOf<GuestEntry>(entry, ['guests', i])),
    pools: namesBy(file.pools),
    pins: namesBy(constraints.pin),
    keptPools: Object.keys(file['kept-cpus'] ?? {}),
    sites: new Map(Object.entries(file.sites ?? {})),
    weighCpus: file.weights?.hosts === 'cpus',
    weights: classWeights(file.weights?.classes),
    mostPools: constraints.pools,
    vendors: constraints.vendors,
    smallest: constraints.smallest,
    ignore: (file.ignore ?? []).map(one => ({
      ...one,
      of: one.of === undefined ? undefined : [one.of].flat(),
    })),
    policies: contexts => readPolicies(contexts, file, fault),
    fault,
  }
}

/** What is said once and holds in several fleets: in each whose architecture has the names. @throws what `fault` makes */
function readPolicies(contexts: readonly Context[], file: FleetFile, fault: RuleFault): Demands[] {
  const { constraints = {}, requirements = [] } = file
  const looks = contexts.map(context => new Lookup(context, fault))
  const levels = lookUp(looks, look => look.level(constraints.level, ['constraints', 'level']))
  const musts = lookUp(looks, look => look.features(constraints['must-have'], ['constraints', 'must-have']))
  const all = requirements.map((one, i) => lookUp(looks, look => look.requirement(one, i)))
  const kept = Object.entries(file['kept-cpus'] ?? {}).map(
    ([label, text]) => [label, lookUp(looks, look => look.keptCpu(label, text))] as const,
  )
  return contexts.map((_, c) => ({
    level: levels[c],
    mustHave: musts[c],
    requirements: all.flatMap(found => found[c] ?? []),
    kept: new Map(kept.flatMap(([label, { [c]: found }]) => (found ? [[label, found] as const] : []))),
  }))
}

/** What each finds; undefined where a name is not known to it. @throws the first fault, where no one finds anything */
function lookUp<T>(looks: readonly Lookup[], find: (look: Lookup) => T): (T | undefined)[] {
  const faults: unknown[] = []
  const found = looks.map(look => {
    try {
      return find(look)
    } catch (error) {
      faults.push(error)
      return undefined
    }
  })
  if (faults.length > 0 && faults.length === looks.length) throw faults[0]
  return found
}

function ruleOf<T extends { readonly files: string | string[] }>(entry: T | string, path: FilePath): Rule<T> {
  const { files, ...says } = typeof entry === 'string' ? ({ files: entry } as T) : entry
  return { patterns: [files].flat(), says, path }
}

const namesBy = (lists: Readonly<Record<string, string | string[]>> = {}): Map<string, readonly string[]> =>
  new Map(Object.entries(lists).map(([label, names]) => [label, [names].flat()]))

const classWeights = (given: Partial<ClassWeights> | undefined): ClassWeights | undefined =>
  given && { ...builtinWeights(), ...given }

type GivenRequirement = NonNullable<FleetFile['requirements']>[number]

/** `movable: false` and an empty list ask for nothing. */
const isDemand = (value: unknown): boolean =>
  value !== undefined && value !== false && (typeof value !== 'object' || Object.keys(value ?? {}).length > 0)

const SECONDS: Readonly<Record<string, number>> = { m: 60, h: 3600, d: 86_400 }

/** `2d` in seconds. */
export const secondsOf = (period: string | undefined): number | undefined =>
  period === undefined ? undefined : Number.parseInt(period, 10) * (SECONDS[period.slice(-1)] ?? 1)

/** Looks up names, and says where in the file one means nothing. */
class Lookup {
  readonly #context: Context
  readonly #fault: RuleFault

  constructor(context: Context, fault: RuleFault) {
    this.#context = context
    this.#fault = fault
  }

  level(name: string | undefined, path: FilePath): Level | undefined {
    return name === undefined ? undefined : levelNamed(this.#context, name, what => this.#fault(path, what))
  }

  features(names: string | string[] | undefined, path: FilePath): FeatureSet | undefined {
    if (names === undefined) return undefined
    const at = (i: number) => (typeof names === 'string' ? path : [...path, i])
    return featuresNamed(this.#context, [names].flat(), (what, i) => this.#fault(at(i), what))
  }

  model(name: string | undefined, path: FilePath): Model | undefined {
    return name === undefined ? undefined : modelNamed(this.#context, name, what => this.#fault(path, what))
  }

  vendor(name: string | undefined, path: FilePath): string | undefined {
    return name === undefined ? undefined : vendorNamed(this.#context, name, what => this.#fault(path, what))
  }

  /** A CPU that a pool's guests keep. @throws what `fault` makes for what is no named model with features that are known */
  keptCpu(label: string, text: string): KeptCpu {
    const path: FilePath = ['kept-cpus', label]
    const cpu = this.#readCpu(text, path)
    const { arch } = this.#context
    if (cpu.arch !== undefined && cpu.arch !== arch)
      throw this.#fault(path, `is of ${cpu.arch}, not of ${arch}`)
    if (cpu.model === undefined || (cpu.mode ?? 'custom') !== 'custom')
      throw this.#fault(
        path,
        'names no model: give a named model with features, as `pools --save-cpu` writes it',
      )
    this.model(cpu.model, path)
    this.features(
      cpu.features.map(({ name }) => name),
      path,
    )
    return { cpu, features: guestOfCpu(this.#context, cpu, { name: label }).facts.features }
  }

  #readCpu(text: string, path: FilePath): GuestCpu {
    try {
      const [first] = joinCpus(readText(text, ''))
      if (!first) throw new ParseError('it has no <cpu>', '')
      const { value } = definitionOf(this.#context, { ...first, source: '' }, 'guest')
      return value.type === 'guest' ? value : { ...value, type: 'guest' }
    } catch (error) {
      if (error instanceof LibvirtError || error instanceof ParseError)
        throw this.#fault(path, `is no CPU that can be read: ${error.message.trim()}`)
      throw error
    }
  }

  microcode(given: GivenRequirement['microcode'], path: FilePath): Requirement['microcode'] {
    if (!given) return undefined
    return Object.entries(given).map(([signature, least]) => {
      const of = parseSignatureMatch(signature)
      // Without steppings it could be a number, of which YAML forgets the last 0: 6.10 and 6.1 would be one.
      if (of?.steppings !== undefined) return { of, least }
      throw this.#fault(
        [...path, signature],
        'a signature is FAMILY.MODEL.STEPPINGS, decimal, as in 6.85.0-15',
      )
    })
  }

  requirement(given: GivenRequirement, i: number): Requirement {
    const at = (key: string): FilePath => ['requirements', i, key]
    const { name, pools, ...demands } = given
    if (!Object.values(demands).some(isDemand))
      throw this.#fault(
        ['requirements', i],
        'demands nothing: say what must hold, for instance level: x86-64-v3',
      )
    return {
      name: name ?? `requirement ${i + 1}`,
      pools: pools === undefined ? undefined : [pools].flat(),
      level: this.level(given.level, at('level')),
      os: [given.os ?? []].flat().map((system, n) => ({
        name: system,
        fault: what => this.#fault(typeof given.os === 'string' ? at('os') : [...at('os'), n], what),
      })),
      mustHave: this.features(given['must-have'], at('must-have')),
      mustNot: this.features(given['must-not'], at('must-not')),
      model: this.model(given.model, at('model')),
      vendor: this.vendor(given.vendor, at('vendor')),
      microcode: this.microcode(given.microcode, at('microcode')),
      lost: given.lost,
      hosts: given.hosts,
      physBits: given['phys-bits'],
      sameMicrocode: given['same-microcode'],
      alike: given.alike,
      notVulnerable: given['not-vulnerable'],
      reportedWithin: secondsOf(given['reported-within']),
      movable: given.movable,
      safe: given.safe,
    }
  }
}
