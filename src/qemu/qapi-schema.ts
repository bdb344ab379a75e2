/** An entity of QEMU's description of its own protocol: a command, an event or a type. */
export interface QapiEntity {
  readonly name: string
  /** `command`, `event`, `object`, `enum`, `array`, `alternate`, `builtin` */
  readonly kind: string
  /** Of a command: the type of its arguments, and of what it returns. */
  readonly argument?: string
  readonly result?: string
  /** The types of an object's members and of the cases of its variants, by name; an enumeration's values. */
  readonly members: ReadonlyMap<string, string>
  /** Of an array. */
  readonly element?: string
}

/** What a QEMU understands: its `query-qmp-schema`. */
export class QapiSchema {
  readonly #entities: ReadonlyMap<string, QapiEntity>

  constructor(entities: readonly QapiEntity[]) {
    this.#entities = new Map(entities.map(entity => [entity.name, entity]))
  }

  hasCommand(name: string): boolean {
    return this.#entities.get(name)?.kind === 'command'
  }

  /**
   * Whether a command takes this. A step of the path is a member of an object, a case of its variants, or the value
   * of an enumeration: `takes('netdev_add', 'type', 'vhost-vdpa')`.
   */
  takes(command: string, ...path: readonly [string, ...string[]]): boolean {
    return this.#has(this.#entities.get(command)?.argument, path)
  }

  /** Whether a command returns this. */
  returns(command: string, ...path: readonly [string, ...string[]]): boolean {
    return this.#has(this.#entities.get(command)?.result, path)
  }

  #has(start: string | undefined, path: readonly string[]): boolean {
    let type = start
    for (const step of path) {
      const entity = type === undefined ? undefined : this.#entities.get(type)
      const inner = entity?.element === undefined ? entity : this.#entities.get(entity.element)
      if (!inner?.members.has(step)) return false
      type = inner.members.get(step)
    }
    return true
  }
}
