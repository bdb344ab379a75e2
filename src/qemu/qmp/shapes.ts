import { isObject, member } from '../../formats/json/json-value.ts'
import type { QmpCommand, QmpExchange } from './exchange.ts'

/** The members by which a reply, or the first entry of a list, is known. */
const SHAPES: readonly (readonly [execute: string, ...members: readonly string[]])[] = [
  ['query-version', 'qemu'],
  ['query-target', 'arch'],
  ['query-kvm', 'enabled', 'present'],
  ['query-sev-capabilities', 'reduced-phys-bits'],
  ['query-sgx-capabilities', 'sgx'],
]

const LIST_SHAPES: readonly (readonly [execute: string, ...members: readonly string[]])[] = [
  ['query-qmp-schema', 'name', 'meta-type'],
  ['query-machines', 'name', 'cpu-max'],
  ['query-cpu-definitions', 'name', 'static'],
  ['query-cpu-definitions', 'name', 'typename'],
  ['query-command-line-options', 'option', 'parameters'],
  ['query-migrate-capabilities', 'capability', 'state'],
  ['query-gic-capabilities', 'emulated', 'kernel'],
  ['qom-list-types', 'name', 'parent'],
]

/**
 * What a reply whose command was not recorded answers, told from what it looks like; undefined where that does not
 * tell: errors, lists of properties, empty lists.
 * @param earlier the exchanges of the same run
 * @param later whether another run came before
 */
export function guessCommand(
  value: unknown,
  earlier: readonly QmpExchange[],
  later: boolean,
): QmpCommand | undefined {
  if (Array.isArray(value)) {
    const [first] = value
    if (typeof first === 'string' && first.startsWith('tpm-')) return { execute: 'query-tpm-models' }
    const found = LIST_SHAPES.find(([, ...members]) => hasAll(first, members))
    return found && { execute: found[0] }
  }
  if (!isObject(value)) return undefined
  if (Object.keys(value).length === 0) return { execute: 'qmp_capabilities' }
  if ('model' in value) return guessExpansion(value.model, earlier, later)
  const found = SHAPES.find(([, ...members]) => hasAll(value, members))
  return found && { execute: found[0] }
}

const hasAll = (value: unknown, members: readonly string[]): boolean =>
  isObject(value) && members.every(name => name in value)

/** Of two static expansions the second is the one without regard to migration, as libvirt asks. */
function guessExpansion(model: unknown, earlier: readonly QmpExchange[], later: boolean): QmpCommand {
  const type = /(^|-)base$/.test(String(member(model, 'name'))) ? 'static' : 'full'
  const isHyperv = member(member(model, 'props'), 'hv-passthrough') === true
  const isSecond = earlier.some(({ command }) => command.arguments?.type === type)
  const props = isHyperv ? { migratable: false, 'hv-passthrough': true } : isSecond && { migratable: false }
  const asked = { name: later ? 'max' : 'host', ...(props && { props }) }
  return { execute: 'query-cpu-model-expansion', arguments: { type, model: asked } }
}
