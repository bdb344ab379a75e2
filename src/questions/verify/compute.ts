import type { Driver } from '../../arch/driver.ts'
import { architectureOf, DEFAULT_ARCH, hasModel, requireDriver } from '../../arch/registry.ts'
import { bit, bitMask, hex, type U32 } from '../../core/bits.ts'
import { asGuest, type Cpu, type NamedRegisters } from '../../core/cpu.ts'
import { Cpuid, type CpuidRow, type MsrRow } from '../../core/cpuid.ts'
import { type Feature, type Place, placeKey, placeOf, printPlace, type Register } from '../../core/feature.ts'
import { FeatureSet } from '../../core/feature-set.ts'
import { LibvirtError } from '../../core/libvirt-error.ts'
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
  const { isKnown, expectsRefused, refused, ...seen } = isX86(trial)
    ? judgeWords(trial)
    : judgeRegisters(trial)
  const names = new Set(refused.map(({ name }) => name))
  const expected = new Set((trial.offered && expectsRefused) ?? names)
  const unexpected = [...names, ...expected].filter(name => names.has(name) !== expected.has(name))
  const verdict = verdictOf(trial, seen, isKnown)
  return {
    guest,
    verdict,
    arch: archOf(trial),
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
    milliseconds,
  }
}

const archOf = ({ arch = DEFAULT_ARCH }: Trial): string => arch

const isX86 = (trial: Trial): boolean => architectureOf(archOf(trial))?.name === 'x86'

/** What a guest read, beside what was predicted. */
interface Judged extends Compared, Pick<GuestProof, 'exceptions' | 'byQemu' | 'unread'> {
  /** Whether all that the definition says could be predicted and read. */
  readonly isKnown: boolean
  readonly refused: readonly Feature[]
  /** The names of those that QEMU should refuse; undefined where that is not known. */
  readonly expectsRefused: readonly string[] | undefined
}

function judgeWords(trial: Trial): Judged {
  const predicted = predictTrial(trial)
  return {
    ...compareSight(trial, predicted),
    isKnown: predicted !== undefined,
    refused: listRefused(trial.ended ?? ''),
    expectsRefused: predicted?.refused,
    exceptions: (predicted?.exceptions ?? []).map(({ name, why }) => ({ name, why })),
    byQemu: [],
    unread: [],
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
  'differences' | 'changes' | 'goesOn' | 'masksIgnored' | 'wordCount' | 'predicted'
>

function verdictOf(trial: Trial, seen: Compared, isKnown: boolean): GuestProof['verdict'] {
  if (trial.ended !== undefined || !trial.before || !trial.after) return 'refused'
  if (seen.differences.length > 0 || seen.changes.length > 0 || !seen.goesOn) return 'differs'
  return isKnown ? 'proven' : 'unknown'
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

/** QEMU says a line for each feature, and in the last one what it does about them; or all in one, and then what to try. */
const shorten = (words: string): string => {
  const lines = words
    .trim()
    .split('\n')
    .filter(line => !/^\s*(?:Consider |$)/.test(line))
  return (lines.at(-1) ?? '')
    .replace(/^[\dT:.-]+Z (?:\S*qemu\S*: )?/, '')
    .replace(/(not available in [^:]*):.*/, '$1')
}

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
    wordCount: [...seen.words()].length,
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

/** Why registers, or what guests are told without them, are not predicted: by the driver. */
const NOT_PREDICTED: Readonly<Partial<Record<string, GuestProof['exceptions'][number]>>> = {
  arm: {
    name: 'id-registers',
    why: "what a core of QEMU's has in them is in no source; MIDR_EL1 names the core",
  },
  ppc64: { name: 'device-tree', why: 'which facilities a system finds there is not read' },
  riscv64: { name: 'device-tree', why: 'which extensions a system finds there is not read: QEMU tells them' },
  s390: { name: 'functions', why: 'which functions instructions have is not read: QEMU tells them' },
  loongarch64: { name: 'sizes', why: 'clocks and caches are in no source' },
}

/** Of profiles more may be there than they ask for. */
const HAVE_MORE: readonly string[] = ['riscv64']

/** What Linux tells programs, which no register of the CPU has. */
const isOfLinux = ({ place }: Feature): boolean => place.kind === 'named' && /^AT_/.test(place.name)

/**
 * What a definition of an architecture other than x86 says of features: of each by name, whether guests have it. A model
 * that is not known says nothing.
 */
export function claimsOf({ db, architecture }: Driver, { model = '', features }: Cpu): Map<string, boolean> {
  const single = (db?.features.list ?? []).filter(one => one.bits.size === 1 && !isOfLinux(one))
  const own = db?.model(model)?.features
  const claims = new Map<string, boolean>()
  for (const { name, bits } of own ? single : []) {
    const has = bits.leq(own ?? bits)
    if (has || !HAVE_MORE.includes(architecture.name)) claims.set(name, has)
  }
  for (const { name, policy } of features) {
    const group = db?.features.get(name)?.bits ?? FeatureSet.empty
    const parts =
      group.size > 1 ? single.filter(({ bits }) => bits.leq(group)).map(part => part.name) : [name]
    for (const part of parts) claims.set(part, policy !== 'disable' && policy !== 'forbid')
  }
  return claims
}

function judgeRegisters(trial: Trial): Judged {
  const [map, arch] = [CpuMap.builtIn(), archOf(trial)]
  const driver = requireDriver(map, arch)
  const cpu = readCpu(trial.cpu, 'guest', 'cpu')
  const registers = registersIn(trial.before)
  const claims = claimsOf(driver, cpu)
  const { differences, byQemu, unread, read } = compareClaims(driver, claims, registers, trial)
  const other = trial.before && findOtherModel(driver, arch, cpu, registers)
  const isKnown = cpu.model !== undefined && hasModel(map, arch, cpu.model) && unread.length === 0
  const why = NOT_PREDICTED[driver.architecture.name]
  const refused = listUnavailable(driver, trial.ended ?? '')
  const offered = new Set(trial.offered)
  const beyond = [...claims].flatMap(([name, on]) => (on && !offered.has(name) ? name : []))
  return {
    differences: [...(other ? [other] : []), ...differences],
    changes: trial.after ? compareRegisters(registers, registersIn(trial.after)) : [],
    goesOn: (trial.after?.pass ?? 0) > (trial.last ?? trial.before?.pass ?? 0),
    masksIgnored: false,
    wordCount: registers.size,
    predicted: new Set([...read, ...IDENTITIES.filter(name => isKnown && registers.has(name))]).size,
    isKnown,
    refused,
    expectsRefused: refused.length > 0 ? beyond : undefined,
    exceptions: why && trial.before ? [why] : [],
    byQemu,
    unread: trial.before ? unread : [],
  }
}

const registersIn = (seen: Trial['before']): NamedRegisters =>
  new Map(Object.entries(seen?.registers ?? {}).map(([name, value]) => [name, BigInt(value)]))

function compareClaims(
  { db }: Driver,
  claims: ReadonlyMap<string, boolean>,
  registers: NamedRegisters,
  { properties = {} }: Trial,
) {
  const has = db?.features.setOfRegisters(registers) ?? FeatureSet.empty
  const differences: GuestProof['differences'][number][] = []
  const byQemu: string[] = []
  const unread: string[] = []
  const read = new Set<string>()
  for (const [name, on] of claims) {
    const feature = db?.features.get(name)
    const register = feature?.place.kind === 'named' ? feature.place.name : ''
    const seen = feature && registers.has(register) ? feature.bits.leq(has) : properties[name]
    if (registers.has(register)) read.add(register)
    else if (seen === on) byQemu.push(name)
    if (seen === undefined && on) unread.push(name)
    if (seen === undefined || seen === on) continue
    const place = feature ? placeOf(feature) : 'QEMU'
    differences.push({ place, name, expected: on ? '1' : '0', seen: seen ? '1' : '0' })
  }
  return { differences, byQemu, unread, read }
}

/** Registers that name the model. */
const IDENTITIES = ['MIDR_EL1', 'PVR', 'MACHINE']

const ALL_FACILITIES = [['STFLE', -1n]] as const

/** A machine of IBM Z has its name of whatever general availability it is. */
const plainModel = (model: string): string => model.replace(/(?:\.\d)?(?:-base)?$/, '').toLowerCase()

/** That registers name another model than the definition; undefined where they do not, or name none. */
function findOtherModel(driver: Driver, arch: string, { model = '' }: Cpu, registers: NamedRegisters) {
  const place = IDENTITIES.find(name => registers.has(name))
  const detect = driver.bestDetect ?? driver.detect
  if (place === undefined || !detect || !hasModel(CpuMap.builtIn(), arch, model)) return undefined
  // Whatever facilities are switched off, the machine of IBM Z is the same.
  const named = new Map([[place, registers.get(place) ?? 0n], ...ALL_FACILITIES])
  const seen = attempt(() => detect(arch, named).model) ?? 'unknown'
  const isSame = plainModel(seen) === plainModel(model)
  return isSame ? undefined : { place, name: 'model', expected: model, seen }
}

function attempt<T>(ask: () => T): T | undefined {
  try {
    return ask()
  } catch (error) {
    if (error instanceof LibvirtError) return undefined
    throw error
  }
}

/** `… not available in the current configuration: vxpd vxeh msa5-base`. */
function listUnavailable({ db }: Driver, words: string): Feature[] {
  const [, list = ''] = /not available in [^:\n]*: (.*)/.exec(words) ?? []
  const named = db?.features.setOfNames(list.split(' ')) ?? FeatureSet.empty
  return (db?.features.list ?? []).filter(({ bits }) => bits.size === 1 && bits.leq(named))
}

const compareRegisters = (before: NamedRegisters, after: NamedRegisters): GuestProof['changes'] =>
  [...before].flatMap(([place, value]) => {
    const seen = after.get(place)
    return seen === value
      ? []
      : [{ place, name: null, expected: value.toString(16), seen: seen?.toString(16) ?? 'unread' }]
  })
