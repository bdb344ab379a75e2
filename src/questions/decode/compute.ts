import type { AllowedModels, CpuBits } from '../../arch/driver.ts'
import { requireDecoder } from '../../arch/registry.ts'
import { bit } from '../../core/bits.ts'
import type { Cpu } from '../../core/cpu.ts'
import type { Cpuid } from '../../core/cpuid.ts'
import { matches, type Signature } from '../../core/model.ts'
import { printCpu } from '../../formats/libvirt/print-cpu.ts'
import type { DecodeAnswer, DecodeReasons } from '../answer-parts.ts'
import type { Context } from '../context.ts'
import { type Note, reasonOf } from '../words/note.ts'

/** Why an answer from this dump may be poor: what the dump could not see. Empty: nothing found. */
export function findDumpWarnings(data: Cpuid, source?: string): Note[] {
  const found: Note['kind'][] = []
  const extended = data.word(0x8000_0001, 0, 'edx')
  if (bit(extended, 29) && !bit(extended, 11) && data.word(0, 0, 'ebx') === GENU) found.push('syscall-lost')
  const basic = data.word(1, 0, 'ecx')
  if (bit(basic, 26) && data.has(0xd, 0) && !data.has(0xd, 1)) found.push('no-xsave-subleaf')
  if (bit(basic, 31)) found.push('hypervisor-present')
  const toldByMsrs = data.bit(7, 0, 'edx', 29) || bit(basic, 5)
  if (data.msrs().length === 0 && toldByMsrs) found.push('no-msrs')
  return found.map(kind => ({ kind, ...(source ? { source } : {}) }) as Note)
}

/** `Genu` of GenuineIntel: AMD reports SYSCALL to 32-bit programs too. */
const GENU = 0x756e_6547

export interface DecodeOptions {
  /** A host's definition names a model wholly present; a guest's may disable some of it. */
  readonly as?: 'host' | 'guest' | undefined
  /** The only models that may be chosen; absent: all. */
  readonly models?: readonly string[] | undefined
  /** By model, what the hypervisor cannot give it. Without `models`, those named here are the only ones. */
  readonly blockers?: Readonly<Record<string, readonly string[]>> | undefined
  /** Beyond libvirt: a host's model may lack bits, and its signature counts first; what it lacks is noted. */
  readonly best?: boolean | undefined
  /** The CPU's name, for notes. */
  readonly source?: string | undefined
}

/** A decoded CPU, with what to know about it. */
export interface DecodedCpu extends DecodeAnswer {
  readonly notes: readonly Note[]
}

/**
 * The named CPU that a dump is.
 * @throws LibvirtError where no model fits
 */
export function answerDecode(context: Context, data: Cpuid, options: DecodeOptions = {}): DecodedCpu {
  const read = requireDecoder(context.map).read(data)
  const cpu = decodeBits(context, read, options)
  return answer(cpu, read, [...findDumpWarnings(data, options.source), ...lacks(context, read, cpu, options)])
}

/** As `decode`, of data already read or met. */
export function decodeBits({ map }: Context, data: CpuBits, options: DecodeOptions = {}): Cpu {
  const models = allowed(options)
  return requireDecoder(map).decode(data, {
    as: options.as ?? 'host',
    fallback: 'forbid',
    models,
    best: options.best,
  })
}

/** What a host lacks of the model that `best` gave it: a definition of a host cannot say so itself. */
export function lacks({ db }: Context, data: CpuBits, cpu: Cpu, { as, best, source }: DecodeOptions): Note[] {
  const model = cpu.model === undefined ? undefined : db.model(cpu.model)
  if (!best || as === 'guest' || !model) return []
  const told = data.unknown ? data.features.join(data.unknown) : data.features
  const features = db.features.in(model.features.minus(told)).map(reasonOf)
  if (features.length === 0) return []
  return [{ kind: 'model-lacks', model: model.name, features, ...(source ? { source } : {}) }]
}

export const answer = (cpu: Cpu, data: CpuBits, notes: readonly Note[]): DecodedCpu =>
  definitionAnswer(cpu, notes, data.signature)

/** The answer that a definition is. */
export const definitionAnswer = (cpu: Cpu, notes: readonly Note[], signature?: Signature): DecodedCpu => ({
  xml: printCpu(cpu),
  model: cpu.model ?? '',
  vendor: cpu.vendor ?? null,
  signature: signature ?? null,
  notes,
})

function allowed({ models, blockers }: DecodeOptions): AllowedModels | undefined {
  if (!models && !blockers) return undefined
  const names = models ?? Object.keys(blockers ?? {})
  return new Map(names.map(name => [name, blockers?.[name] ?? []]))
}

/** What all of several CPUs have; vendor and signature only where they agree. */
export function meetData(all: readonly CpuBits[]): CpuBits | undefined {
  const [first, ...rest] = all
  if (!first) return undefined
  const same = <T>(value: (data: CpuBits) => T | undefined): T | undefined =>
    rest.every(data => JSON.stringify(value(data)) === JSON.stringify(value(first)))
      ? value(first)
      : undefined
  return {
    features: rest.reduce((set, data) => set.meet(data.features), first.features),
    vendor: same(data => data.vendor),
    signature: same(data => data.signature),
  }
}

/** @param cpu what `data` was decoded to */
export function decodeReasons({ db }: Context, data: CpuBits, cpu: Cpu): DecodeReasons {
  const { signature, vendor } = data
  // Vendors number their families each for itself.
  const own = db.models.filter(
    model =>
      signature &&
      matches(model.signatures, signature) &&
      (model.vendor ?? vendor)?.name === (vendor ?? model.vendor)?.name,
  )
  const out = own.filter(model => model.decode[cpu.type] && !model.features.leq(data.features))
  const rejected = out
    .filter(model => model.name !== cpu.model)
    .map(model => ({
      model: model.name,
      missing: db.features.in(model.features.minus(data.features)).map(reasonOf),
    }))
  return {
    model: cpu.model ?? '',
    matches: own.some(model => model.name === cpu.model),
    addedCount: cpu.features.filter(({ policy }) => policy !== 'disable').length,
    disabledCount: cpu.features.filter(({ policy }) => policy === 'disable').length,
    rejected,
  }
}
