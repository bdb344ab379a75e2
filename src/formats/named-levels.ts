import { FeatureSet } from '../core/feature-set.ts'
import { LibvirtError } from '../core/libvirt-error.ts'
import type { LibvirtVersion } from '../core/libvirt-version.ts'
import { once } from '../core/memo.ts'
import { CpuMap } from '../map/cpu-map.ts'
import { dataFile } from '../map/data.ts'
import type { Database } from '../map/database.ts'
import { faultIn, statementsOf, tokensOf } from '../map/text/data-file.ts'
import { parseDelta } from '../map/text/delta.ts'
import { resolveWords } from '../map/vocabulary.ts'
import { express, findAnyModel, findGuestFeatures } from './express.ts'
import type { NotExpressed, Printer } from './printer.ts'

/** An EVC mode of vSphere: the CPU that the guests of a cluster have at most. */
export interface EvcMode {
  /** As PowerCLI and the API call it: `intel-haswell`. */
  readonly key: string
  /** As the CPU map calls it. */
  readonly vendor: string
  readonly features: FeatureSet
}

/** Whether features of a database are laid out as those of modes and of names for compilers are. */
export const hasModes = (db: Database, libvirt: LibvirtVersion): boolean =>
  db === CpuMap.builtIn().asOf(libvirt).of('x86')

/** The modes, each vendor's from the lowest. @throws ParseError */
export const evcModes = once((): readonly EvcMode[] => {
  const db = CpuMap.builtIn().of('x86')
  const modes: EvcMode[] = []
  for (const at of statementsOf(dataFile('evc.txt'))) {
    const [, key = '', base = '', delta = ''] = /^(\S+) : (\S+) ?(.*)$/.exec(at.text) ?? []
    const model = db.model(base)
    const below = modes.find(mode => mode.key === base)
    const features = below?.features ?? model?.features
    const vendor = below?.vendor ?? model?.vendor?.name
    if (!features || vendor === undefined)
      throw faultIn(
        at,
        'expected `KEY : BASE - FEATURE … + FEATURE …`, the base a mode above or a model',
        base,
      )
    const bitsOf = (name: string) => {
      const feature = db.features.get(name)
      if (!feature) throw faultIn(at, `unknown feature '${name}'`, name)
      return feature.bits
    }
    const { minus, plus } = parseDelta(delta, at)
    const least = minus.reduce((all, name) => all.minus(bitsOf(name)), features)
    modes.push({ key, vendor, features: plus.reduce((all, name) => all.join(bitsOf(name)), least) })
  }
  return modes
})

/** The highest mode of a vendor all of whose features a CPU has; undefined: not even the lowest, or the vendor has none. */
export const greatestEvcMode = (features: FeatureSet, vendor: string): EvcMode | undefined =>
  evcModes().findLast(mode => mode.vendor === vendor && mode.features.leq(features))

/** The lowest mode of a vendor that gives all of these features that any of its modes names; undefined: none does. */
export const leastEvcMode = (features: FeatureSet, vendor: string): EvcMode | undefined =>
  evcModes().find(mode => mode.vendor === vendor && lostOf(mode, features).isEmpty)

/** The EVC mode whose guests lose and gain the fewest features; what is lost counts twice. */
export const evcMode: Printer = {
  name: 'evc',
  title: 'vSphere: nearest EVC mode',
  print(given) {
    const { cpu, notExpressed } = express(given, {
      reader: 'an EVC mode',
      policies: ['force', 'require', 'disable'],
    })
    const has = findGuestFeatures(cpu)
    const vendor = cpu.vendor ?? findAnyModel(cpu.model ?? '')?.vendor?.name
    const modes = evcModes().filter(mode => mode.vendor === vendor)
    const costs = modes.map(mode => (has ? 2 * lostOf(mode, has).size + gainedOf(mode, has).size : 0))
    const nearest = modes[costs.indexOf(Math.min(...costs))]
    if (!has || !nearest)
      throw new LibvirtError(
        'unsupported',
        `vSphere has EVC modes for models of Intel and AMD alone, not for ${cpu.model}`,
      )
    return { text: `${nearest.key}\n`, notExpressed: [...notExpressed, ...differences(nearest, has)] }
  },
}

/** What the modes of a vendor name: of the rest they say nothing. */
export const namedByEvc = (vendor: string): FeatureSet =>
  evcModes()
    .filter(mode => mode.vendor === vendor)
    .map(({ features }) => features)
    .reduce((all, features) => all.join(features), FeatureSet.empty)

const lostOf = (mode: EvcMode, has: FeatureSet): FeatureSet =>
  has.meet(namedByEvc(mode.vendor)).minus(mode.features)
const gainedOf = (mode: EvcMode, has: FeatureSet): FeatureSet => mode.features.minus(has)

/** What guests of a cluster in the mode have otherwise. */
function differences(mode: EvcMode, has: FeatureSet): NotExpressed[] {
  const { features } = CpuMap.builtIn().of('x86')
  const lists: readonly (readonly [FeatureSet, string])[] = [
    [lostOf(mode, has), `${mode.key}, the nearest mode, does not have them`],
    [gainedOf(mode, has), `${mode.key} gives guests these besides`],
    [
      has.minus(namedByEvc(mode.vendor)),
      'no mode names them; what vCenter lists in supportedEVCMode decides',
    ],
  ]
  return lists.flatMap(([set, why]) => {
    const names = features.in(set).map(({ name }) => name)
    return names.length > 0 ? [{ part: 'features', features: names, why }] : []
  })
}

/** The compilers' option for programs that run on every guest of a definition. */
export const march: Printer = {
  name: 'march',
  title: 'GCC and clang -march',
  print(given) {
    const { cpu, notExpressed } = express(given, {
      reader: '-march',
      policies: ['force', 'require', 'disable'],
    })
    const features = findGuestFeatures(cpu)
    if (!features)
      throw new LibvirtError('unsupported', `-march needs a known model of x86, not ${cpu.model}`)
    const { targets, apart, all } = marchTable()
    const has = new Set([...all].filter(word => isIn(word, features)))
    const [best] = [...targets]
      .filter(([, words]) => [...words].every(word => has.has(word) || apart.has(word)))
      .sort(([, a], [, b]) => costOf(a, has) - costOf(b, has))
    if (!best)
      throw new LibvirtError('unsupported', 'the CPU is below x86-64, the least that -march has a level for')
    const [name, words] = best
    const options = [
      ...[...has].filter(word => !words.has(word)).map(word => `-m${word}`),
      ...[...words].filter(word => !has.has(word)).map(word => `-mno-${word}`),
    ]
    const silent = CpuMap.builtIn()
      .of('x86')
      .features.in(features)
      .filter(
        ({ name, class: of }) => of === 'performance' && ![...has].some(word => namesOf(word).includes(name)),
      )
    return {
      text: `${[`-march=${name}`, ...options].join(' ')}\n`,
      notExpressed: [
        ...notExpressed,
        ...(silent.length > 0
          ? [
              {
                part: 'features',
                features: silent.map(({ name }) => name),
                why: 'no name of -march has a word for them',
              } as const,
            ]
          : []),
      ],
    }
  },
}

/** The `-march` that a CPU reaches, and those of which it lacks one feature that the compiler would use, or may lack it. */
export interface MarchReached {
  /** Undefined: it is below x86-64. */
  readonly name: string | undefined
  readonly almost: readonly { readonly name: string; readonly flag: string; readonly known: boolean }[]
}

/**
 * The greatest `-march` all of whose features a CPU has; what programs must ask for by name does not count.
 * @param features of x86, as the built-in data lays them out
 * @param unknownOf which of some features nothing is known of; undefined: all are known
 * @param vendors whose names are told beside everyone's; empty: of all vendors
 */
export function greatestMarch(
  features: FeatureSet,
  unknownOf: (some: FeatureSet) => FeatureSet | undefined = () => undefined,
  vendors: readonly string[] = [],
): MarchReached {
  const { targets: named, apart, all, makers } = marchTable()
  const targets = [...named].filter(([name]) => {
    const maker = makers.get(name)
    return maker === undefined || vendors.length === 0 || vendors.some(vendor => vendor.startsWith(maker))
  })
  const has = new Set([...all].filter(word => isIn(word, features)))
  // What GCC calls abm is lzcnt and popcnt.
  if (has.has('lzcnt')) has.add('abm')
  const lackOf = (words: ReadonlySet<string>) => [...words].filter(word => !has.has(word) && !apart.has(word))
  const size = (words: ReadonlySet<string>) => [...words].filter(word => !apart.has(word)).length
  // Of equals, the one of which programs that ask by name find most.
  const worth = (words: ReadonlySet<string>) =>
    size(words) + [...words].filter(word => apart.has(word) && has.has(word)).length / (all.size + 1)
  const reached = targets.filter(([, words]) => lackOf(words).length === 0)
  const best = reached.reduce<(typeof reached)[number] | undefined>(
    (most, one) => (!most || worth(one[1]) > worth(most[1]) ? one : most),
    undefined,
  )
  const least = best ? size(best[1]) : 0
  const isKnown = (word: string) => featuresOf(word).every(({ bits }) => unknownOf(bits)?.isEmpty ?? true)
  const almost = targets.flatMap(([name, words]) => {
    const [flag, ...more] = lackOf(words)
    return flag !== undefined && more.length === 0 && size(words) > least
      ? [{ name, flag, known: isKnown(flag) }]
      : []
  })
  return { name: best?.[0], almost }
}

/** How many options are needed besides; what is turned off counts more. */
function costOf(words: ReadonlySet<string>, has: ReadonlySet<string>): number {
  const missing = [...words].filter(word => !has.has(word)).length
  return has.size - (words.size - missing) + 1.5 * missing
}

const featuresOf = (word: string) => resolveWords(CpuMap.builtIn().of('x86'), 'gcc', [word]).features

const namesOf = (word: string): string[] => featuresOf(word).map(({ name }) => name)

/** Whether a CPU has what an option of the compiler means: Intel and AMD may have a bit each for it. */
const isIn = (word: string, features: FeatureSet): boolean =>
  featuresOf(word).some(({ bits }) => bits.leq(features))

interface MarchTable {
  /** By name, in the order of the file, all words of each. */
  readonly targets: ReadonlyMap<string, ReadonlySet<string>>
  /** Whose CPUs a name is of; everyone's have none. */
  readonly makers: ReadonlyMap<string, string>
  /** What no compiler uses by itself. */
  readonly apart: ReadonlySet<string>
  /** All words. */
  readonly all: ReadonlySet<string>
}

/** What each `-march` stands for. @throws ParseError */
export const marchTable = /* @__PURE__ */ once((): MarchTable => {
  const targets = new Map<string, ReadonlySet<string>>()
  const makers = new Map<string, string>()
  let apart: ReadonlySet<string> = new Set()
  let maker: string | undefined
  for (const at of statementsOf(dataFile('march.txt'))) {
    const [, by] = /^by (\S+)$/.exec(at.text) ?? []
    if (by !== undefined) {
      maker = by
      continue
    }
    const [, name = '', base = '', delta = ''] = /^(\S+) : (\S+) ?(.*)$/.exec(at.text) ?? []
    if (name === '') throw faultIn(at, 'expected `NAME : BASE - WORD … + WORD …`')
    if (name === 'apart') {
      apart = new Set([base, ...tokensOf(delta)])
      continue
    }
    const own = targets.get(base)
    if (!own && base !== '-') throw faultIn(at, `no name above is \`${base}\``, base)
    const { minus, plus } = parseDelta(delta, at)
    const set = new Set([...(own ?? []), ...plus])
    for (const word of minus) set.delete(word)
    targets.set(name, set)
    if (maker !== undefined) makers.set(name, maker)
  }
  return { targets, makers, apart, all: new Set([...targets.values()].flatMap(words => [...words])) }
})
