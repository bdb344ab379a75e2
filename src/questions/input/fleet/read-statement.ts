import { fleetArchOf } from '../../../arch/registry.ts'
import { Evidence } from '../../../core/evidence.ts'
import type { Statement } from '../../../formats/found.ts'
import { type Context, contextFor } from '../../context.ts'
import { featuresOfStatement, vendorOfStatement } from '../stated.ts'
import type { Member } from './members.ts'

/** A host as a platform describes it: of its CPU or its kernel, or of what its hypervisor offers. */
export function memberOfStatement(given: Context, statement: Statement): Member {
  const context = contextFor(given, fleetArchOf(given.map, statement.arch))
  const { arch } = context
  const { name, layer, models } = statement
  const { features, known, notes } = featuresOfStatement(context, statement)
  const about = { features, ...pick(statement), vendor: vendorOfStatement(context, statement) }
  if (layer !== 'offered') return { kind: 'host', arch, facts: { ...about, known }, notes, called: name }
  const offered = Evidence.recorded(features, known)
  const usable = new Map([...(models ?? [])].map(([model, blockers]) => [model, blockers ?? []]))
  return { kind: 'hypervisor', arch, facts: { ...about, models: usable, offered }, notes, called: name }
}

/** What a host keeps of a statement beside its features. */
const pick = ({
  uuid,
  emulatorModels,
  labels,
  model,
  signature,
  brand,
  microcode,
  cpus,
  physBits,
  kernel,
  hypervisor,
  vulnerabilities,
  mitigations,
}: Statement) => ({
  uuid,
  emulatorModels,
  labels,
  model,
  signature,
  brand,
  microcode,
  cpus,
  physBits,
  kernel,
  hypervisor,
  vulnerabilities,
  mitigations,
})
