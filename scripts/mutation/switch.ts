// The mutants' switch, in the process that runs tests. Planted code asks `__m` and `__t`.

/** Thrown by a loop that runs far longer than without the mutant. */
export class Endless extends Error {}

/** The mutant that is on, or 0; the turns of loops so far, and the most that a run may take. */
export const now = { on: 0, turns: 0, most: Number.POSITIVE_INFINITY }

/** The mutants that code without a mutant came by, or whose values it used. */
export let reached = new Set<number>()

function isOn(mutant: number): boolean {
  if (now.on === 0) reached.add(mutant)
  return now.on === mutant
}

interface Kept {
  readonly make: () => unknown
  readonly set: (value: unknown) => void
  readonly value: unknown
}

/** What modules computed as they were loaded: by mutant how to compute it again, and by name the mutants in it. */
const keptBy = new Map<number, Kept[]>()
const mutantsIn = new Map<string, Set<number>>()

function kept<T>(name: string, make: () => T, set: (value: unknown) => void): T {
  const outer = reached
  reached = new Set()
  const value = make()
  for (const mutant of reached) {
    outer.add(mutant)
    keptBy.set(mutant, [...(keptBy.get(mutant) ?? []), { make, set, value }])
  }
  mutantsIn.set(name, new Set([...(mutantsIn.get(name) ?? []), ...reached]))
  reached = outer
  return value
}

function isUsed(name: string): void {
  if (now.on === 0) for (const mutant of mutantsIn.get(name) ?? []) reached.add(mutant)
}

/** Computes what the mutant is in again, with the mutant or without it. */
export function computeAgain(mutant: number): void {
  for (const { make, set, value } of keptBy.get(mutant) ?? []) set(now.on === mutant ? make() : value)
}

function turn(): void {
  if (++now.turns > now.most) throw new Endless(`more than ${now.most} turns of loops`)
}

/**
 * The run that values are made in and kept for. What a run with a mutant makes is forgotten with it, and it may use
 * what was made without a mutant, unless `isForgetful`.
 */
const memory = { run: 0, plainRun: 0, isForgetful: false }

const caches = new Set<Map<unknown, unknown>>()

function cache<T extends Map<unknown, unknown>>(map: T): T {
  caches.add(map)
  return map
}

/** Switches a mutant on, with the most turns of loops that it may take, or all off where it is 0. */
export function switchOn(mutant: number, most = Number.POSITIVE_INFINITY, isForgetful = false): void {
  for (const map of caches) map.clear()
  Object.assign(now, { on: mutant, turns: 0, most })
  Object.assign(memory, { run: mutant === 0 ? memory.plainRun : ++runs, isForgetful })
}

/** Forgets what was made without a mutant too. */
export function forgetAll(): void {
  memory.plainRun = ++runs
  memory.run = runs
}

let runs = 0

interface Made<T> {
  readonly value: T
  readonly run: number
}

/** `once` and `oncePer` of `src/core/memo.ts` for a process in which the code changes. */
function remembered<T>(kept: { plain?: Made<T>; own?: Made<T> }, make: () => T): T {
  const { run, plainRun, isForgetful } = memory
  if (kept.own?.run === run) return kept.own.value
  if (kept.plain?.run === plainRun && !(isForgetful && run !== plainRun)) return kept.plain.value
  const made = { value: make(), run }
  kept[run === plainRun ? 'plain' : 'own'] = made
  return made.value
}

function once<T>(make: () => T): () => T {
  const kept = {}
  return () => remembered(kept, make)
}

function oncePer<K extends object, T>(make: (of: K) => T): (of: K) => T {
  const all = new WeakMap<K, object>()
  return of => {
    const kept = all.get(of) ?? {}
    all.set(of, kept)
    return remembered(kept, () => make(of))
  }
}

Object.assign(globalThis, {
  __m: isOn,
  __u: isUsed,
  __kept: kept,
  __t: turn,
  __cache: cache,
  __once: once,
  __oncePer: oncePer,
})
