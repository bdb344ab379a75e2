import { wordsOf } from '../src/arch/x86/cpuid.ts'
import {
  asGuest,
  type Check,
  type Cpu,
  type CpuFeature,
  type GuestCpu,
  type HostCpu,
  MATCHES,
  MODES,
  POLICIES,
  type Policy,
  signatureIn,
} from '../src/core/cpu.ts'
import { Cpuid, type CpuidRegisters, type CpuidRow, type MsrRow } from '../src/core/cpuid.ts'
import type { FeatureSet } from '../src/core/feature-set.ts'
import { LibvirtError } from '../src/core/libvirt-error.ts'
import { type Model, signatureWord } from '../src/core/model.ts'
import { ParseError } from '../src/core/parse-error.ts'
import { parseCpu } from '../src/formats/libvirt/parse-cpu.ts'
import type { Database } from '../src/map/database.ts'
import { parseXml } from '../src/xml/reader.ts'
import { builtin } from './built-in.ts'

/**
 * CPUs as words, so that a test case is a line.
 *
 * | host  | `MODEL [VENDOR] {+FEATURE} [arch:ARCH]` | `Penryn Intel +vmx +dca` |
 * | guest | `MATCH or MODE [MODEL] [VENDOR] {POLICY:FEATURE} [fallback:forbid] [check:full]` | `exact Penryn require:avx` |
 * | CPUID | `vendor=ID, sig=F.M.S, LEAF[.SUBLEAF].REGISTER=HEX, msr.INDEX=HEX` | `sig=6.60.3, 7.0.ebx=219c97a9` |
 */
export const host = (text: string): HostCpu => {
  const { bare, named, features } = words(text)
  const [model, vendor] = bare
  return { type: 'host', detected: true, arch: named.arch ?? 'x86_64', model, vendor, features }
}

export const guest = (text: string): GuestCpu => {
  const { bare, named, features } = words(text)
  const [how, model, vendor] = bare
  const mode = MODES.find(m => m === how) ?? 'custom'
  const match = MATCHES.find(m => m === how) ?? 'exact'
  if (how !== match && how !== mode) throw new RangeError(`a guest starts with its match or mode: ${text}`)
  const fallback = named.fallback === 'forbid' ? 'forbid' : 'allow'
  const check = named.check as Check | undefined
  return {
    type: 'guest',
    mode,
    match,
    check,
    model,
    vendor,
    vendorId: named.vendor_id,
    fallback,
    features,
  }
}

/** The inverse of `host` and `guest`; of a decoded host also the signature. */
export function show(cpu: Cpu): string {
  const { model, vendor } = cpu
  const s = signatureIn(cpu)
  const guest = asGuest(cpu)
  const how = guest?.mode === 'custom' ? guest.match : guest?.mode
  return [
    how,
    model,
    vendor,
    s && `sig:${s.family}.${s.model}.${s.stepping}`,
    guest?.check && `check:${guest.check}`,
    guest?.fallback === 'forbid' && 'fallback:forbid',
    guest?.vendorId && `vendor_id:${guest.vendorId}`,
    ...cpu.features.map(({ name, policy }) => (policy ? `${policy}:${name}` : `+${name}`)),
  ]
    .filter(Boolean)
    .join(' ')
}

/** The model of that name. */
export function modelOf(name: string, db: Database = builtin()): Model {
  const found = db.model(name)
  if (!found) throw new RangeError(`no model ${name}`)
  return found
}

/** The features of those names, separated by blanks. */
export const fs = (names: string, db: Database = builtin()): FeatureSet =>
  db.features.setOf(
    split(names).map(name => {
      const feature = db.features.get(name)
      if (!feature) throw new RangeError(`no feature ${name}`)
      return feature
    }),
  )

/** The names of the features in a set. */
export const names = (set: FeatureSet, db: Database = builtin()): string =>
  db.features
    .in(set)
    .map(({ name }) => name)
    .join(' ')

/** What the CPU of a `<cpu>` document is; `<cpu>` may be left out around its children. */
export const cpu = (xml: string, expected: 'auto' | 'host' | 'guest' = 'auto'): Cpu =>
  parseCpu(parseXml(xml.startsWith('<cpu') ? xml : `<cpu>${xml}</cpu>`), expected)

export function cpuid(text: string): Cpuid {
  const rows: CpuidRow[] = []
  const msrs: MsrRow[] = []
  for (const part of text.split(',').filter(part => part.trim() !== '')) {
    const [key = '', value = ''] = part.trim().split('=')
    const [first = '', ...rest] = key.split('.')
    if (first === 'vendor') rows.push(vendorRow(value))
    else if (first === 'sig') rows.push([1, 0, signatureRow(value), 0, 0, 0])
    else if (first === 'msr') msrs.push(msrRow(hex(rest[0] ?? ''), BigInt(`0x${value}`)))
    else rows.push(registerRow(hex(first), rest, hex(value)))
  }
  return Cpuid.of(rows, msrs)
}

/** The words that have exactly these features of the database. */
export const cpuidOf = (set: FeatureSet, db: Database = builtin()): Cpuid => wordsOf(db, set)

/** Several CPUs' rows as one CPU's. */
export const together = (...all: readonly Cpuid[]): Cpuid =>
  Cpuid.of(
    all.flatMap(cpu => cpu.rows()),
    all.flatMap(cpu => cpu.msrs()),
  )

/** What CPUID returns; a register that is not given is 0. */
export const registersOf = (eax = 0, ebx = 0, ecx = 0, edx = 0): CpuidRegisters => ({ eax, ebx, ecx, edx })

/** The message of the error that is thrown, which must be libvirt's or about the input; else a word for that. */
export function refusal(ask: () => unknown): string {
  try {
    ask()
  } catch (error) {
    if (error instanceof LibvirtError || error instanceof ParseError) return error.message
    throw error
  }
  return 'no refusal'
}

const split = (text: string): string[] => text.split(/\s+/).filter(word => word !== '')
const hex = (text: string): number => Number.parseInt(text, 16)

interface Words {
  readonly bare: string[]
  readonly named: Record<string, string>
  readonly features: CpuFeature[]
}

function words(text: string): Words {
  const found: Words = { bare: [], named: {}, features: [] }
  for (const word of split(text)) {
    const [key = '', value] = word.split(':')
    if (word.startsWith('+')) found.features.push({ name: word.slice(1) })
    else if (value === undefined) found.bare.push(word)
    else if ((POLICIES as readonly string[]).includes(key))
      found.features.push({ name: value, policy: key as Policy })
    else found.named[key] = value
  }
  return found
}

function vendorRow(id: string): CpuidRow {
  const word = (from: number) => new DataView(new TextEncoder().encode(id).buffer).getUint32(from, true)
  return [0, 0, 0, word(0), word(8), word(4)]
}

function signatureRow(text: string): number {
  const [family = 0, model = 0, stepping = 0] = text.split('.').map(Number)
  return signatureWord({ family, model, stepping })
}

const msrRow = (index: number, value: bigint): MsrRow => [
  index,
  Number(value & 0xffff_ffffn),
  Number(value >> 32n),
]

function registerRow(leaf: number, rest: readonly string[], value: number): CpuidRow {
  const register = rest.at(-1)
  const subleaf = rest.length > 1 ? hex(rest[0] ?? '') : 0
  const at = (name: string) => (name === register ? value : 0)
  return [leaf, subleaf, at('eax'), at('ebx'), at('ecx'), at('edx')]
}

/** The answer about a fleet of one architecture. */
export function single<Answer extends object>(answer: Answer): Exclude<Answer, { readonly fleets: unknown }> {
  if ('fleets' in answer) throw new RangeError('the hosts are of several architectures')
  return answer as Exclude<Answer, { readonly fleets: unknown }>
}
