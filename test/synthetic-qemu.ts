import { featuresOf } from '../src/arch/x86/definition.ts'
import { type Cpu, signatureIn } from '../src/core/cpu.ts'
import type { FeatureSet } from '../src/core/feature-set.ts'
import { NEVER_OFFERED, toQemuName } from '../src/formats/qemu/names.ts'
import type { Database } from '../src/map/database.ts'
import { chooseQemu } from '../src/qemu/choice.ts'
import { parseRecording } from '../src/qemu/qmp/conversation.ts'
import { readQemuCapabilities } from '../src/qemu/qmp/read-capabilities.ts'
import type { Hypervisor } from '../src/questions/input/hypervisor.ts'
import { builtin } from './built-in.ts'

/** A host that does not exist, and what its QEMU would answer. */
export interface SyntheticHost {
  readonly cpu: Cpu
  /** What cannot migrate, of what the host has. */
  readonly unmigratable?: readonly string[]
  /** The models that this QEMU has; absent: those of no vendor and of the host's. */
  readonly models?: readonly string[]
}

/** The conversation as a recording has it: enough of it for everything that is asked of CPUs. */
function synthesize({ cpu, unmigratable = ['invtsc'], models }: SyntheticHost, db = builtin()): string {
  const has = db.features.in(featuresOf(db, cpu)).filter(({ name }) => !NEVER_OFFERED.has(name))
  const set = db.features.setOf(has)
  const expansion = (without: readonly string[]) => ({
    model: { name: 'base', props: properties(db, cpu, set, without) },
  })
  const chosen =
    models ?? db.models.filter(({ vendor }) => !vendor || vendor.name === cpu.vendor).map(m => m.name)
  const definitions = chosen.map(name => definition(db, name, set))
  const host = (props?: object) => ({
    type: 'static',
    model: { name: 'host', ...(props && { props }) },
  })
  const exchanges: [string, object | undefined, unknown][] = [
    ['qmp_capabilities', undefined, {}],
    ['query-version', undefined, { qemu: { micro: 2, minor: 0, major: 10 }, package: 'synthetic' }],
    ['query-target', undefined, { arch: 'x86_64' }],
    ['query-kvm', undefined, { enabled: true, present: true }],
    ['query-machines', undefined, [MACHINE]],
    ['query-cpu-definitions', undefined, definitions],
    ['query-cpu-model-expansion', host(), expansion(unmigratable)],
    ['query-cpu-model-expansion', host({ migratable: false }), expansion([])],
  ]
  return exchanges
    .map(([execute, args, answer], i) => told(execute, args, answer, `synthetic-${i + 1}`))
    .join('\n')
}

const MACHINE = {
  'hotpluggable-cpus': true,
  name: 'pc-q35-10.0',
  'cpu-max': 4096,
  alias: 'q35',
  'is-default': true,
  deprecated: false,
}

const told = (execute: string, args: object | undefined, answer: unknown, id: string): string =>
  `${JSON.stringify({ execute, ...(args && { arguments: args }), id })}\n\n${JSON.stringify({ return: answer, id })}\n`

function properties(db: Database, cpu: Cpu, has: FeatureSet, without: readonly string[]) {
  const features = db.features.list.map(({ name, bits }) => [
    toQemuName(name),
    bits.leq(has) && !without.includes(name),
  ])
  const id = db.vendor(cpu.vendor ?? '')?.id ?? ''
  const { family = 0, model = 0, stepping = 0 } = signatureIn(cpu) ?? {}
  return { ...Object.fromEntries(features), vendor: id, family, model, stepping }
}

function definition(db: Database, name: string, has: FeatureSet) {
  const model = db.model(name)
  const missing = model ? db.features.in(model.features.minus(has)) : []
  return {
    name,
    typename: `${name}-x86_64-cpu`,
    'unavailable-features': missing.map(feature => toQemuName(feature.name)),
    static: false,
    'migration-safe': true,
    deprecated: false,
  }
}

/** The same, read. */
export function syntheticHypervisor(host: SyntheticHost, db = builtin()): Hypervisor {
  const capabilities = readQemuCapabilities(parseRecording(synthesize(host, db), 'synthetic'))
  const place = { binary: '/usr/bin/qemu-system-x86_64', host: 'x86_64' }
  return { capabilities, choice: chooseQemu(capabilities, place, {}) }
}
