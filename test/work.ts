/** Methods of arrays that look at one item after the other and call a function for each. */
const CALLING = [
  'every',
  'filter',
  'find',
  'findIndex',
  'findLast',
  'flatMap',
  'forEach',
  'map',
  'reduce',
  'some',
] as const

/** Methods of arrays that compare their items with one. */
const COMPARING = ['includes', 'indexOf'] as const

/**
 * How many items of arrays are looked at during an action, by methods, loops and copies: a measure of work that is
 * the same on every machine and in every run.
 */
export function workOf(action: () => void): number {
  let items = 0
  const kept = [...CALLING, ...COMPARING, Symbol.iterator].map(name => ({ name, own: methodOf(name) }))
  const replace = (name: PropertyKey, value: unknown) =>
    Object.defineProperty(Array.prototype, name, { value, configurable: true, writable: true })
  const callEach = (method: Method) =>
    function (this: unknown, each: (...given: unknown[]) => unknown, ...rest: unknown[]) {
      const counted = (...given: unknown[]) => {
        items++
        return each(...given)
      }
      return method.call(this, counted, ...rest)
    }
  const compareEach = (method: Method, indexOf: Method) =>
    function (this: readonly unknown[], ...args: unknown[]) {
      const at = Number(indexOf.apply(this, args))
      items += at < 0 ? this.length : at + 1
      return method.apply(this, args)
    }
  const indexOf = methodOf('indexOf')
  for (const name of CALLING) replace(name, callEach(methodOf(name)))
  for (const name of COMPARING) replace(name, compareEach(methodOf(name), indexOf))
  replace(Symbol.iterator, function* (this: readonly unknown[]) {
    for (let i = 0; i < this.length; i++) {
      items++
      yield this[i]
    }
  })
  try {
    action()
  } finally {
    for (const { name, own } of kept) replace(name, own)
  }
  return items
}

type Method = (...args: unknown[]) => unknown

const methodOf = (name: PropertyKey): Method => Reflect.get(Array.prototype, name)
