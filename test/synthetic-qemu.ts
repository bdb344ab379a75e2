import { featuresOf } from '../src/arch/x86/definition.ts'
import { predictByKvmRules } from '../src/arch/x86/offered.ts'
import { type Cpu, signatureIn } from '../src/core/cpu.ts'
import { FeatureSet } from '../src/core/feature-set.ts'
import { toQemuName } from '../src/formats/qemu/names.ts'
import type { Database } from '../src/map/database.ts'
import { withDependents } from '../src/map/effects.ts'
import { chooseQemu } from '../src/qemu/choice.ts'
import { parseRecording } from '../src/qemu/qmp/conversation.ts'
import { readQemuCapabilities } from '../src/qemu/qmp/read-capabilities.ts'
import type { Hypervisor } from '../src/questions/input/hypervisor.ts'
import { builtin } from './built-in.ts'

/** A host that does not exist, and what QEMU on KVM would answer there. */
export interface SyntheticHost {
  readonly cpu: Cpu
  /** The models that this QEMU has; absent: those of no vendor and of the host's. */
  readonly models?: readonly string[]
  /** Whether it has the model `max` too, and a default. */
  readonly hasMax?: boolean
}

/** What it runs, and as modules are by default: guests may run guests. */
const VERSIONS = { kernel: '6.12', qemu: '10.0' }
const BY_DEFAULT = ['vmx', 'svm']
const UNMIGRATABLE = ['invtsc']

/** The conversation as a recording has it: enough of it for everything that is asked of CPUs. */
export function synthesize({ cpu, models, hasMax }: SyntheticHost, db = builtin()): string {
  const offered = predictByKvmRules(db, { has: featuresOf(db, cpu) }, cpu.vendor, VERSIONS)
  const nested = withDependents(db, setOf(db, BY_DEFAULT)).meet(offered.onRequest)
  const set = offered.has.join(nested)
  const expansion = (more: FeatureSet) => ({
    model: { name: 'base', props: properties(db, cpu, set.join(more)) },
  })
  const chosen =
    models ?? db.models.filter(({ vendor }) => !vendor || vendor.name === cpu.vendor).map(m => m.name)
  const whole = hasMax ? ['max'] : []
  const definitions = [...chosen, ...whole].map(name => definition(db, name, set))
  const host = (props?: object) => ({
    type: 'static',
    model: { name: 'host', ...(props && { props }) },
  })
  const exchanges: [string, object | undefined, unknown][] = [
    ['qmp_capabilities', undefined, {}],
    ['query-version', undefined, { qemu: { micro: 2, minor: 0, major: 10 }, package: 'synthetic' }],
    ['query-target', undefined, { arch: 'x86_64' }],
    ['query-kvm', undefined, { enabled: true, present: true }],
    [
      'query-machines',
      undefined,
      [hasMax ? { ...MACHINE, 'default-cpu-type': 'qemu64-x86_64-cpu' } : MACHINE],
    ],
    ['query-cpu-definitions', undefined, definitions],
    ['query-cpu-model-expansion', host(), expansion(FeatureSet.empty)],
    [
      'query-cpu-model-expansion',
      host({ migratable: false }),
      expansion(setOf(db, UNMIGRATABLE).meet(offered.onRequest)),
    ],
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

const setOf = (db: Database, names: readonly string[]): FeatureSet =>
  db.features.setOf(names.flatMap(name => db.features.get(name) ?? []))

function properties(db: Database, cpu: Cpu, has: FeatureSet) {
  const features = db.features.list.map(({ name, bits }) => [toQemuName(name), bits.leq(has)])
  const id = db.vendor(cpu.vendor ?? '')?.id ?? ''
  const { family = 0, model = 0, stepping = 0 } = signatureIn(cpu) ?? {}
  return { ...Object.fromEntries(features), vendor: id, family, model, stepping }
}

/** QEMU's model has not what libvirt's has for old guests' sake, nor details of what it lacks. */
function definition(db: Database, name: string, has: FeatureSet) {
  const model = db.model(name)
  const own = model?.features.minus(db.features.setOf(model.removed)) ?? FeatureSet.empty
  const absent = setOf(db, BY_DEFAULT).minus(own)
  const missing = db.features.in(own.minus(withDependents(db, absent)).minus(has))
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

/** Some of what QEMU 10.0 has. */
const MODELS =
  `486 Nehalem Nehalem-IBRS Westmere SandyBridge SandyBridge-IBRS IvyBridge IvyBridge-IBRS Haswell-noTSX
  Haswell-noTSX-IBRS Broadwell-noTSX Broadwell-noTSX-IBRS Skylake-Server Skylake-Server-IBRS
  Skylake-Server-noTSX-IBRS Cascadelake-Server Cascadelake-Server-noTSX Icelake-Server Icelake-Server-noTSX qemu64
  kvm64`.split(/\s+/)

/** The QEMUs of `examples/hypervisors`, each on the host of `examples/fleet` of its name, by the models that it has. */
export const EXAMPLES: ReadonlyMap<string, readonly string[]> = new Map(
  ['cas-01', 'ice-01', 'sky-03'].map(name => [
    name,
    MODELS.filter(model => name !== 'sky-03' || !model.startsWith('Icelake')),
  ]),
)
