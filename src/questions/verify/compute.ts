import { bit, bitMask, hex, type U32 } from '../../core/bits.ts'
import { asGuest } from '../../core/cpu.ts'
import { Cpuid, type CpuidRow, type MsrRow } from '../../core/cpuid.ts'
import { type Feature, type Place, placeKey, printPlace, type Register } from '../../core/feature.ts'
import { toLibvirtName } from '../../formats/qemu/names.ts'
import { CpuMap } from '../../map/cpu-map.ts'
import { builtinCpuidFields, isAt } from '../../map/cpuid-fields.ts'
import { isIndexed, type PredictedWords, predictWords } from '../../qemu/guest/predict-words.ts'
import { readCpu } from '../input/read.ts'
import { reasonOf } from '../words/note.ts'
import type { GuestProof, Trial, VerifyAnswer } from './answer.ts'

/** The verdicts, the worst first. */
const WORST_FIRST = ['differs', 'refused', 'unknown', 'proven'] as const

/** What trials prove. @throws LibvirtError, ParseError for a CPU that is none */
export function judgeTrials(trials: readonly Trial[]): VerifyAnswer {
  const guests = trials.map(judgeTrial)
  const verdict = WORST_FIRST.find(one => guests.some(guest => guest.verdict === one)) ?? 'proven'
  return { verdict, guests }
}

function judgeTrial(trial: Trial): GuestProof {
  const { guest, argument, accelerator, machine, from, to, milliseconds } = trial
  const predicted = predictTrial(trial)
  const seen = compareSight(trial, predicted)
  const refused = listRefused(trial.ended ?? '')
  const names = new Set(refused.map(({ name }) => name))
  const expected = new Set((trial.offered && predicted?.refused) ?? names)
  const unexpected = [...names, ...expected].filter(name => names.has(name) !== expected.has(name))
  const verdict = verdictOf(trial, seen, predicted)
  return {
    guest,
    verdict,
    argument,
    accelerator,
    qemu: trial.qemu ?? null,
    toQemu: trial.toQemu ?? null,
    machine,
    from,
    to,
    ...(trial.ended === undefined ? {} : { message: shorten(trial.ended) }),
    refused: refused.map(reasonOf),
    unexpected: trial.before && expected.size === 0 ? [] : unexpected,
    ...seen,
    exceptions: (predicted?.exceptions ?? []).map(({ name, why }) => ({ name, why })),
    milliseconds,
  }
}

function predictTrial({
  cpu,
  vcpus,
  accelerator,
  machine,
  qemu,
  offered,
}: Trial): PredictedWords | undefined {
  const guest = asGuest(readCpu(cpu, 'guest', 'cpu'))
  const known = offered && new Set(offered)
  const version = qemu && /^\d+\.\d+/.exec(qemu)?.[0]
  return guest && predictWords({ cpu: guest, vcpus, accelerator, machine, qemu: version, offered: known })
}

type Compared = Pick<
  GuestProof,
  'differences' | 'changes' | 'goesOn' | 'masksIgnored' | 'words' | 'predicted'
>

function verdictOf(
  trial: Trial,
  seen: Compared,
  predicted: PredictedWords | undefined,
): GuestProof['verdict'] {
  if (trial.ended !== undefined || !trial.before || !trial.after) return 'refused'
  if (seen.differences.length > 0 || seen.changes.length > 0 || !seen.goesOn) return 'differs'
  return predicted ? 'proven' : 'unknown'
}

/** `warning: TCG doesn't support requested feature: CPUID.07H:EBX.hle [bit 4]`: the subleaf is not told by all versions. */
const REFUSED =
  /feature[^:\n]*: (?:CPUID\S*?([0-9A-F]+)h?(?:,ecx=([0-9A-F]+)h?)?H?\]?[.:](E[ABCD]X)|MSR\(([0-9A-F]+)H\))(?:\.(\S+))? \[bit (\d+)\]/gi

/** The features that QEMU's last words name, in the order of the CPU map: by their name, or where they have none by their bit. */
function listRefused(words: string): Feature[] {
  const all = listFeatures()
  const known = new Set(all.map(({ name }) => name))
  const named = new Set(
    [...words.matchAll(REFUSED)].map(([, leaf = '', subleaf = '0', register = '', msr, own = '', at]) => {
      const name = toLibvirtName(own)
      if (known.has(name)) return name
      const number = Number(at)
      const place: Place =
        msr === undefined
          ? cpuidPlace(Number.parseInt(leaf, 16), Number.parseInt(subleaf, 16), register)
          : { kind: 'msr', index: Number.parseInt(msr, 16), half: number > 31 ? 'high' : 'low' }
      return bitKey(place, number % 32)
    }),
  )
  return all.filter(({ name, place, bit: at }) => named.has(name) || named.has(bitKey(place, at)))
}

const bitKey = (place: Place, number: number): string => `${placeKey(place)}[${number}]`

/** Those that libvirt does not know among them. */
function listFeatures(): readonly Feature[] {
  const db = CpuMap.builtIn().of('x86')
  return [...db.features.list, ...db.beyond]
}

const cpuidPlace = (leaf: U32, subleaf: U32, register: string): Place => ({
  kind: 'cpuid',
  leaf,
  subleaf,
  register: register.toLowerCase() as Register,
  indexed: true,
})

/** QEMU says a line for each feature, and in the last one what it does about them. */
const shorten = (words: string): string => words.trim().split('\n').at(-1) ?? ''

interface Sight {
  readonly cpuid: readonly CpuidRow[]
  readonly msr: readonly MsrRow[]
}

const wordsOf = ({ cpuid, msr }: Sight): Cpuid => Cpuid.of(cpuid, msr)

function compareSight(
  { before, after, last, given }: Trial,
  predicted: PredictedWords | undefined,
): Compared {
  const seen = before ? wordsOf(before) : Cpuid.empty
  const isPredicted = predicted ? maskOf(predicted) : () => 0
  const differences = before && predicted ? compareWords(predicted.words, seen, isPredicted) : []
  const asked = given && Cpuid.of(given)
  const extra =
    asked && predicted ? compareWords(predicted.words, seen, place => maskOfGiven(asked, seen, place)) : []
  const counted = [...seen.words()].filter(([place]) => predicted && isPredicted(place) !== 0)
  return {
    differences,
    changes: after ? compareWords(seen, wordsOf(after), () => ALL) : [],
    goesOn: after !== undefined && after.pass > (last ?? before?.pass ?? 0),
    masksIgnored: extra.length > 0,
    words: [...seen.words()].length,
    predicted: counted.length,
  }
}

const ALL = 0xffff_ffff

/** The bits of a word that are predicted. */
const maskOf =
  ({ exceptions }: PredictedWords) =>
  (place: Place): U32 => {
    if (place.kind === 'msr') return exceptions.some(({ ofMsr }) => ofMsr?.(place.index)) ? 0 : ALL
    if (place.kind !== 'cpuid') return 0
    const { leaf, subleaf, register } = place
    const not = exceptions.reduce((mask, { of }) => mask | (of(leaf, subleaf)[register] ?? 0), 0)
    return ~not >>> 0
  }

/** The bits of a word of features that the guest sees and QEMU does not give it. */
function maskOfGiven(given: Cpuid, seen: Cpuid, place: Place): U32 {
  if (place.kind !== 'cpuid' || !given.has(place.leaf, place.subleaf)) return 0
  const { leaf, subleaf, register } = place
  return (seen.word(leaf, subleaf, register) & ~given.word(leaf, subleaf, register)) >>> 0
}

/** Where two readings differ, by features and fields, in the order of the places. */
function compareWords(
  expected: Cpuid,
  seen: Cpuid,
  maskOfPlace: (place: Place) => U32,
): GuestProof['differences'] {
  const [left, right] = [byPlace(expected), byPlace(seen)]
  const places = new Map([...left, ...right].map(([key, { place }]) => [key, place]))
  return [...places].flatMap(([key, place]) => {
    const [a, b] = [left.get(key)?.word ?? 0, right.get(key)?.word ?? 0]
    const differing = ((a ^ b) & maskOfPlace(place)) >>> 0
    return differing === 0 ? [] : describeBits(place, differing, a, b)
  })
}

const byPlace = (data: Cpuid) =>
  new Map(
    [...data.merged().words()].map(([place, word]) => {
      const indexed = place.kind === 'cpuid' && isIndexed(place.leaf)
      return [placeKey(place), { place: { ...place, indexed }, word }]
    }),
  )

function describeBits(place: Place, differing: U32, expected: U32, seen: U32): GuestProof['differences'] {
  const named: GuestProof['differences'][number][] = []
  let rest = differing
  for (const part of partsOf(place)) {
    if ((rest & part.mask) === 0) continue
    rest = (rest & ~part.mask) >>> 0
    const value = (word: U32) => hex(((word & part.mask) >>> part.lsb) >>> 0, 1)
    named.push({ place: part.place, name: part.name, expected: value(expected), seen: value(seen) })
  }
  for (let n = 0; n < 32; n++) {
    if (!bit(rest, n)) continue
    const value = (word: U32) => (bit(word, n) ? '1' : '0')
    named.push({ place: printPlace(place, n), name: null, expected: value(expected), seen: value(seen) })
  }
  return named
}

interface WordPart {
  readonly name: string
  readonly place: string
  readonly mask: U32
  readonly lsb: number
}

/** The features and fields of a word. */
function partsOf(place: Place): WordPart[] {
  const key = placeKey(place)
  const features = listFeatures()
    .filter(feature => placeKey(feature.place) === key)
    .map(({ name, bit: n }) => ({ name, place: printPlace(place, n), mask: bitMask(n), lsb: n }))
  if (place.kind !== 'cpuid') return features
  const fields = builtinCpuidFields()
    .filter(field => isAt(field, place))
    .map(({ name, lsb, length }) => {
      const mask = length === 32 ? ALL : (((1 << length) - 1) << lsb) >>> 0
      const last = lsb + length - 1
      const at =
        length === 1 ? printPlace(place, lsb) : printPlace(place, lsb).replace(/\[\d+\]$/, `[${last}:${lsb}]`)
      return { name, place: at, mask, lsb }
    })
  return [...features, ...fields]
}
