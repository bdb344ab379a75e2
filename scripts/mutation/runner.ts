import { openSync, writeSync } from 'node:fs'
import { relative } from 'node:path'
import fc from 'fast-check'
import { type RunnerTestCase, type RunnerTestFile, TestRunner } from 'vitest'
import { FOLDER, readEvents, tell } from './campaign.ts'
import { computeAgain, Endless, forgetAll, now, reached, switchOn } from './switch.ts'

/** A test that takes longer, in milliseconds, is not asked about mutants. */
const LONG = 1000
/** How long a mutant's runs take altogether, in milliseconds, before it counts as survived. */
const PATIENCE = 3000

// Random cases are the same in each run, and a failure need not be made small.
fc.configureGlobal({ seed: 1, endOnFailure: true })

const killed = new Set(readEvents().flatMap(event => ('killed' in event ? [event.killed] : [])))
const spent = new Map<number, number>()
const beat = openSync(`${FOLDER}/beat`, 'r+')
let runs = 0

/** The mutants that a test came by without one, and the turns of loops that it took. */
interface Reach {
  readonly always: ReadonlySet<number>
  /** The first time only: the value is kept afterwards. */
  readonly once: ReadonlySet<number>
  readonly turns: number
}

/** Runs each test without a mutant first, and then with each that it came by and that no test killed yet. */
export default class MutationRunner extends TestRunner {
  #begun = 0
  #all = new Set<number>()

  override onCollectStart(file: RunnerTestFile): void {
    this.#begun = cpuTime()
    this.#all = new Set()
    reached.clear()
    forgetAll()
    seed()
    super.onCollectStart(file)
  }

  async runTask(test: RunnerTestCase): Promise<void> {
    this.#taken() // by code between tests
    await this.#succeed(test)
    const once = this.#taken()
    const { turns } = now
    const begun = cpuTime()
    const failure = await this.#without(test)
    const always = this.#taken()
    if (failure !== undefined) return tell({ unfit: nameOf(test), why: String(failure).slice(0, 200) })
    if (cpuTime() - begun > LONG) return
    await this.#withEach(test, { always, once, turns: Math.max(turns, now.turns) })
  }

  async #withEach(test: RunnerTestCase, reach: Reach): Promise<void> {
    const by = nameOf(test)
    for (const mutant of new Set([...reach.always, ...reach.once])) {
      if (killed.has(mutant) || (spent.get(mutant) ?? 0) > PATIENCE) continue
      let failure = await this.#with(test, mutant, reach)
      if (failure === undefined) continue
      if ((await this.#without(test)) !== undefined) {
        // An earlier mutant left something behind: this one is tried anew.
        forgetAll()
        if ((await this.#without(test)) !== undefined) return tell({ unfit: by, why: `spoilt by ${mutant}` })
        failure = await this.#with(test, mutant, reach)
        if (failure === undefined) continue
      }
      killed.add(mutant)
      tell({ killed: mutant, by, ...(failure instanceof Endless && { endless: true }) })
    }
    this.#taken()
  }

  override async onAfterRunSuite(suite: Parameters<TestRunner['onAfterRunSuite']>[0]): Promise<void> {
    if ('filepath' in suite) {
      this.#taken()
      const seconds = Math.round(cpuTime() - this.#begun) / 1000
      tell({ file: relative(process.cwd(), String(suite.filepath)), seconds, reached: [...this.#all] })
    }
    await super.onAfterRunSuite(suite)
  }

  /** The mutants that were come by since the last time. */
  #taken(): Set<number> {
    const found = new Set(reached)
    reached.clear()
    for (const mutant of found) this.#all.add(mutant)
    return found
  }

  /** Why a test fails without a mutant; undefined: it does not. */
  async #without(test: RunnerTestCase): Promise<unknown> {
    switchOn(0)
    return this.#failure(test)
  }

  /** Why it fails with one. */
  async #with(test: RunnerTestCase, mutant: number, reach: Reach): Promise<unknown> {
    const begun = cpuTime()
    writeSync(beat, `${mutant} ${++runs}`.padEnd(30), 0)
    switchOn(mutant, 10 * reach.turns + 20_000, !reach.always.has(mutant))
    const failure = await this.#failure(test, () => computeAgain(mutant))
    const isEndless = now.turns > now.most
    switchOn(0)
    computeAgain(mutant)
    spent.set(mutant, (spent.get(mutant) ?? 0) + cpuTime() - begun)
    return isEndless ? new Endless() : failure
  }

  async #failure(test: RunnerTestCase, prepare?: () => void): Promise<unknown> {
    try {
      await this.#succeed(test, prepare)
      return undefined
    } catch (error) {
      return error ?? 'failed'
    }
  }

  async #succeed(test: RunnerTestCase, prepare?: () => void): Promise<void> {
    this.onBeforeTryTask(test)
    seed()
    prepare?.()
    await TestRunner.getTestFn(test)()
    this.onAfterTryTask(test)
  }
}

/** Makes `Math.random` begin anew. */
function seed(): void {
  let state = 1
  Math.random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

const nameOf = (test: RunnerTestCase): string =>
  `${relative(process.cwd(), test.file.filepath)} > ${test.name}`

/** Milliseconds of processor time: a busy machine makes no test longer. */
function cpuTime(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}
