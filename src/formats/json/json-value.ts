/** A JSON object. */
export type JsonObject = Readonly<Record<string, unknown>>

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** An object's own member; undefined where there is none, and of anything else. */
export const member = (value: unknown, name: string): unknown =>
  isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined

/** What a path of names leads to in JSON; undefined where it leads nowhere. */
export const at = (value: unknown, ...path: readonly string[]): unknown => path.reduce(member, value)

/** The text at the end of a path; undefined for everything else and for an empty one. */
export function textAt(value: unknown, ...path: readonly string[]): string | undefined {
  const found = at(value, ...path)
  return typeof found === 'string' && found !== '' ? found : undefined
}

/** The number at the end of a path, also one written as text. */
export function numberAt(value: unknown, ...path: readonly string[]): number | undefined {
  const found = at(value, ...path)
  if (typeof found !== 'number' && (typeof found !== 'string' || found.trim() === '')) return undefined
  const number = Number(found)
  return Number.isFinite(number) ? number : undefined
}

/** The list at the end of a path; empty where there is none. */
export function listAt(value: unknown, ...path: readonly string[]): readonly unknown[] {
  const found = at(value, ...path)
  return Array.isArray(found) ? found : []
}

/** The texts of the list at the end of a path. */
export const textsAt = (value: unknown, ...path: readonly string[]): string[] =>
  listAt(value, ...path).filter(one => typeof one === 'string')

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
