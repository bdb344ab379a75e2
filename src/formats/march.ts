import type { FeatureSet } from '../core/feature-set.ts'
import { LibvirtError } from '../core/libvirt-error.ts'
import { once } from '../core/memo.ts'
import { CpuMap } from '../map/cpu-map.ts'
import { dataFile } from '../map/data.ts'
import { faultIn, statementsOf, tokensOf } from '../map/text/data-file.ts'
import { parseDelta } from '../map/text/delta.ts'
import { resolveWords } from '../map/vocabulary.ts'
import { express, findGuestFeatures } from './express.ts'
import type { Printer } from './printer.ts'

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
export const marchTable = once((): MarchTable => {
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
