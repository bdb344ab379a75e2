import { builtin } from '../../src/database/builtin.ts'
import { bytewise } from '../../src/fleet/bytewise.ts'
import { decodeText } from '../../src/formats/decode-text.ts'
import { count } from '../../src/verbs/say.ts'
import type { FaultAnswer, StateAnswer } from '../shared/answers.ts'
import type { Given, Move, Questions } from '../shared/protocol.ts'
import { Analysis } from './analysis.ts'
import { Documents, messageOf } from './document.ts'
import { poolsOfPaths } from './names.ts'
import { History, type PageHost, type Snapshot } from './state.ts'
import { baselineView } from './views/baseline.ts'
import { compareView, subjectsView } from './views/compare.ts'
import { costView } from './views/cost.ts'
import { fleetView } from './views/fleet.ts'
import { matrixView } from './views/matrix.ts'
import { migrationView, moveView } from './views/migration.ts'
import { planView, poolsView } from './views/pools.ts'
import { treeView } from './views/tree.ts'

/** Files that are read together: waiting for each costs more than reading it. */
const AT_ONCE = 100

/** Each text once, and the files that have it. */
interface Baked {
  readonly texts: readonly string[]
  readonly files: readonly (readonly [path: string, text: number])[]
}

/** Everything that the page knows and asks; the face of the verbs that runs in the worker. */
export class Engine implements Questions {
  readonly #db = builtin()
  readonly #documents = new Documents(this.#db)
  readonly #history = new History()
  readonly #sample: readonly Given[]
  readonly #progress: (done: number, of: number) => void
  #analysis: { readonly of: Snapshot; readonly is: Analysis } | undefined

  constructor(sample: readonly Given[], progress: (done: number, of: number) => void = () => {}) {
    this.#sample = sample
    this.#progress = progress
  }

  async add(files: readonly Given[], label: string): Promise<StateAnswer> {
    const texts: (readonly [string, string | Error])[] = []
    for (let at = 0; at < files.length; at += AT_ONCE) {
      const some = files.slice(at, at + AT_ONCE)
      texts.push(...(await Promise.all(some.map(async file => [file.path, await textOf(file)] as const))))
      this.#progress(texts.length, files.length)
    }
    return this.#join(texts, label)
  }

  bake(json: string): StateAnswer {
    const { texts, files } = JSON.parse(json) as Baked
    return this.#join(
      files.map(([path, text]) => [path, texts[text] ?? '']),
      'the hosts of this file',
    )
  }

  sample(): StateAnswer {
    const texts = this.#sample.map(({ path, text = '' }) => [path, text] as const)
    return this.#join(texts, 'the sample fleet')
  }

  clear(): StateAnswer {
    return this.#do('clearing', { hosts: [], faults: [] })
  }

  undo(): StateAnswer {
    this.#history.go(-1)
    return this.#state()
  }

  redo(): StateAnswer {
    this.#history.go(1)
    return this.#state()
  }

  remove(id: number): StateAnswer {
    const group = this.#now.groups[id]
    if (!group) return this.#state()
    const names = new Set(group.hosts.map(({ name }) => name))
    const { hosts, faults } = this.#history.now
    const left = hosts.filter(({ name }) => !names.has(name))
    return this.#do(`taking out ${this.#now.title(group)}`, { hosts: left, faults })
  }

  assign(moves: readonly Move[], label: string): StateAnswer {
    const places = new Map<string, string>()
    for (const { group, from, to } of moves) {
      for (const { name, pool = '' } of this.#now.groups[group]?.hosts ?? []) {
        if (from === undefined || from === pool) places.set(name, to)
      }
    }
    const { hosts, faults } = this.#history.now
    return this.#do(label, {
      hosts: hosts.map(host => ({ ...host, pool: places.get(host.name) ?? host.pool })),
      faults,
    })
  }

  documents = () => [...new Map(this.#history.now.hosts.map(({ path, text }) => [path, text]))]

  hosts: Questions['hosts'] = id => this.#now.groups[id]?.hosts.map(this.#now.host) ?? []
  fleet: Questions['fleet'] = scope => fleetView(this.#now, scope)
  matrix: Questions['matrix'] = (scope, all) => matrixView(this.#now, scope, all)
  baseline: Questions['baseline'] = (scope, options) => baselineView(this.#now, scope, options)
  cost: Questions['cost'] = scope => costView(this.#now, scope)
  pools: Questions['pools'] = () => poolsView(this.#now)
  plan: Questions['plan'] = most => planView(this.#now, most)
  migration: Questions['migration'] = scope => migrationView(this.#now, scope)
  move: Questions['move'] = (from, to) => moveView(this.#now, from, to)
  tree: Questions['tree'] = scope => treeView(this.#now, scope)
  subjects: Questions['subjects'] = scope => subjectsView(this.#now, scope)
  compare: Questions['compare'] = (a, b, scope) => compareView(this.#now, a, b, scope)

  get #now(): Analysis {
    const { now } = this.#history
    if (this.#analysis?.of !== now) this.#analysis = { of: now, is: new Analysis(this.#db, now) }
    return this.#analysis.is
  }

  /** Adds what the texts hold; a host of the same name is replaced, and a bad text is named while the rest goes on. */
  #join(texts: readonly (readonly [path: string, text: string | Error])[], label: string): StateAnswer {
    const pools = poolsOfPaths(texts.map(([path]) => path))
    const hosts = new Map(this.#history.now.hosts.map(host => [host.name, host]))
    const faults: FaultAnswer[] = []
    texts.forEach(([path, text], i) => {
      if (i % 200 === 199) this.#progress(i + 1, texts.length)
      for (const host of this.#read(path, text, pools[i] ?? '', faults)) hosts.set(host.name, host)
    })
    const sorted = [...hosts.values()].sort((a, b) => bytewise(a.path, b.path) || a.index - b.index)
    return this.#do(`adding ${label || count(texts.length, 'file')}`, { hosts: sorted, faults })
  }

  #read(path: string, text: string | Error, pool: string, faults: FaultAnswer[]): PageHost[] {
    try {
      if (text instanceof Error) throw text
      const found = this.#documents.read(text, path)
      if (found.length === 0) faults.push({ source: path, text: 'passed over: holds no CPU', kind: 'note' })
      return found.map((one, n) => {
        const name = found.length === 1 ? path : `${path}#${n + 1}`
        if (one.fault) faults.push({ source: name, text: one.fault, kind: 'fault' })
        for (const note of one.notes) faults.push({ source: name, text: note, kind: 'note' })
        return { name, path, index: n, pool, found: one, text }
      })
    } catch (error) {
      faults.push({ source: path, text: messageOf(error), kind: 'fault' })
      return []
    }
  }

  #do(label: string, snapshot: Snapshot): StateAnswer {
    this.#history.push(label, snapshot)
    return this.#state()
  }

  #state(): StateAnswer {
    const { now, undoes, redoes, version } = this.#history
    return { hosts: now.hosts.length, faults: now.faults, undo: undoes, redo: redoes, version }
  }
}

async function textOf({ file, text }: Given): Promise<string | Error> {
  if (text !== undefined) return text
  try {
    return file ? decodeText(new Uint8Array(await file.arrayBuffer())) : ''
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}
