/** The function that calls `make` when it is first called, and returns the same value ever after. */
export function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}

/** The same of each of its arguments; a value is forgotten with what it was made of. */
export function oncePer<K extends object, T extends object>(make: (of: K) => T): (of: K) => T {
  const made = new WeakMap<K, T>()
  return of => {
    const known = made.get(of)
    if (known) return known
    const value = make(of)
    made.set(of, value)
    return value
  }
}

/**
 * The one string of that text: names that come from data and from documents are then the same string, and
 * compare and hash at once. It is no slice, so it keeps no file in memory. Beyond a few thousand texts no more
 * are remembered, and each text is a string of its own.
 */
export function intern(text: string): string {
  return strings.get(text) ?? remember(` ${text}`.slice(1))
}

/** The same of a text that is no slice of another one, such as a string of parsed JSON. */
export const internWhole = (text: string): string => strings.get(text) ?? remember(text)

function remember(own: string): string {
  if (strings.size < MOST) strings.set(own, own)
  return own
}

const strings = new Map<string, string>()
const MOST = 4096

/** What was made of a text that may come again. */
interface Remembered<T> {
  readonly text: string
  readonly value: T
  /** What came after it last time: files repeat each other in order. */
  next: Remembered<T> | undefined
}

/** Texts that are looked at for one key: those that come again are few. */
const OF_A_KEY = 8
/** After so many new texts, to few of which equal ones came, none is remembered for so many. */
const [NEW, REST] = [1024, 2 ** 16]

/**
 * What was made of texts, of any of which an equal one may come: it is found again by all of its characters, which
 * takes a twentieth of what reading it does. Where the texts do not come again it soon rests, and keeps little.
 */
export class TextMemo<T> {
  readonly #byKey = new Map<string, Remembered<T>[]>()
  readonly #most: number
  #last: Remembered<T> | undefined
  #size = 0
  #found = 0
  #new = 0
  /** How many texts are not remembered, since those before them did not come again. */
  #resting = 0

  /** @param most how many characters are kept */
  constructor(most: number) {
    this.#most = most
  }

  /** The one of the texts with which `text` goes on at `at` that came after the last one, if it does again. */
  findNext(text: string, at: number): Remembered<T> | undefined {
    const next = this.#last?.next
    return next && text.slice(at, at + next.text.length) === next.text ? this.#take(next) : undefined
  }

  /** The text of that key that is equal to `text` from `at` to `end`. */
  find(key: string, text: string, at: number, end: number): Remembered<T> | undefined {
    if (this.#byKey.size === 0) return undefined
    const whole = text.slice(at, end)
    const found = this.#byKey.get(key)?.find(one => one.text === whole)
    return found && this.#take(found)
  }

  /** Remembers what was made of `text` from `at` to `end`. */
  add(key: string, text: string, at: number, end: number, value: T): void {
    if (this.#resting > 0) {
      this.#resting--
      return
    }
    const isFull = this.#size > this.#most
    if ((isFull || this.#new >= NEW) && this.#found < this.#new) {
      this.#rest()
      return
    }
    if (isFull) this.#clear()
    this.#new++
    const alike = this.#byKey.get(key)
    if (alike && alike.length >= OF_A_KEY) return
    // Slices would keep the text that they are of.
    const one = { text: ` ${text.slice(at, end)}`.slice(1), value, next: undefined }
    if (alike) alike.push(one)
    else this.#byKey.set(` ${key}`.slice(1), [one])
    this.#size += key.length + one.text.length
    this.#follow(one)
  }

  #take(one: Remembered<T>): Remembered<T> {
    this.#found++
    this.#follow(one)
    return one
  }

  #follow(one: Remembered<T>): void {
    if (this.#last) this.#last.next = one
    this.#last = one
  }

  #rest(): void {
    this.#resting = REST
    this.#clear()
  }

  #clear(): void {
    this.#byKey.clear()
    this.#last = undefined
    this.#size = this.#found = this.#new = 0
  }
}
