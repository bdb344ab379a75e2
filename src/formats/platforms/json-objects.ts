import { isObject, type JsonObject } from '../json/json-value.ts'

/** An object somewhere in a JSON value, and where it stands. */
export interface ObjectAround {
  readonly object: JsonObject
  /** The objects around it, the nearest first. */
  readonly around: readonly JsonObject[]
  /** The member that it is, or is an entry of; empty at the top. */
  readonly key: string
}

/** Every object of a JSON value: an object before those in it. */
export function* objectsIn(
  value: unknown,
  around: readonly JsonObject[] = [],
  key = '',
): Generator<ObjectAround> {
  if (Array.isArray(value)) for (const item of value) yield* objectsIn(item, around, key)
  if (!isObject(value)) return
  yield { object: value, around, key }
  for (const [name, member] of Object.entries(value)) yield* objectsIn(member, [value, ...around], name)
}

/** A member whatever the case of its name: some tools write `Name`, some `name`. */
export function anyCase(object: JsonObject | undefined, name: string): unknown {
  const key = Object.keys(object ?? {}).find(key => key.toLowerCase() === name.toLowerCase())
  return key === undefined ? undefined : object?.[key]
}

/** The nearest text of that name, in an object or around it. */
export function nearestText(
  { object, around }: Pick<ObjectAround, 'object' | 'around'>,
  name: string,
): string | undefined {
  const found = [object, ...around].map(one => anyCase(one, name)).find(value => typeof value === 'string')
  return typeof found === 'string' ? found : undefined
}
