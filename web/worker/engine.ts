import { bytewise, count } from '../../src/core/text.ts'
import { decodeBytes } from '../../src/formats/decode-bytes.ts'
import { type Context, contextOf } from '../../src/questions/context.ts'
import type { FaultAnswer, StateAnswer } from '../shared/answers.ts'
import type { Given, Move, Questions } from '../shared/protocol.ts'
import { Analysis } from './analysis.ts'
import { Documents, messageOf } from './document.ts'
import { assemble, edited, isFleetFile } from './fleet.ts'
import { EMPTY, History, type PageFile, type Snapshot } from './state.ts'
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

/** A fleet as data: each text once, and the files that have it. */
export interface Baked {
  readonly texts: readonly string[]
  readonly files: readonly (readonly [path: string, text: number])[]
}

type Text = readonly [path: string, text: string | Error]

/** Everything that the page knows and asks; the face of the verbs that runs in the worker. */
export class Engine implements Questions {
  readonly #context: Context = contextOf()
  readonly #documents = new Documents(this.#context)
  readonly #history = new History()
  readonly #sample: Baked
  readonly #progress: (done: number, of: number) => void
  #analysis: { readonly of: Snapshot; readonly is: Analysis } | undefined

  constructor(sample: Baked, progress: (done: number, of: number) => void = () => {}) {
    this.#sample = sample
    this.#progress = progress
  }

  async add(files: readonly Given[], label: string): Promise<StateAnswer> {
    const texts: Text[] = []
    for (let at = 0; at < files.length; at += AT_ONCE) {
      const some = files.slice(at, at + AT_ONCE)
      texts.push(...(await Promise.all(some.map(async file => [file.path, await textOf(file)] as const))))
      this.#progress(texts.length, files.length)
    }
    return this.#join(texts, label)
  }

  bake(json: string): StateAnswer {
    return this.#bake(JSON.parse(json) as Baked, 'the hosts of this file')
  }

  sample(): StateAnswer {
    return this.#bake(this.#sample, 'the sample fleet')
  }

  #bake({ texts, files }: Baked, label: string): StateAnswer {
    return this.#join(
      files.map(([path, text]) => [path, texts[text] ?? '']),
      label,
    )
  }

  clear(): StateAnswer {
    return this.#do('clearing', EMPTY)
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
    const group = this.#now.view.groups[id]
    if (!group) return this.#state()
    const { out } = this.#history.now
    return this.#edit(`taking out ${this.#now.title(group)}`, {
      out: new Set([...out, ...group.hosts.map(({ path = '' }) => path)]),
    })
  }

  assign(moves: readonly Move[], label: string): StateAnswer {
    const moved = new Map(this.#history.now.moved)
    for (const { group, from, to } of moves) {
      for (const { path = '', pool = '' } of this.#now.view.groups[group]?.hosts ?? []) {
        if (from === undefined || from === pool) moved.set(path, to)
      }
    }
    return this.#edit(label, { moved })
  }

  hosts: Questions['hosts'] = id =>
    this.#now.view.groups[id]?.hosts.map(({ name, path = name, pool = '' }) => ({ name, path, pool })) ?? []
  fleet: Questions['fleet'] = scope => fleetView(this.#now, scope)
  matrix: Questions['matrix'] = (scope, all) => matrixView(this.#now, scope, all)
  baseline: Questions['baseline'] = (scope, options) => baselineView(this.#now, scope, options)
  cost: Questions['cost'] = scope => costView(this.#now, scope)
  pools: Questions['pools'] = () => poolsView(this.#now)
  plan: Questions['plan'] = () => planView(this.#now)
  migration: Questions['migration'] = scope => migrationView(this.#now, scope)
  move: Questions['move'] = (from, to) => moveView(this.#now, from, to)
  tree: Questions['tree'] = scope => treeView(this.#now, scope)
  subjects: Questions['subjects'] = scope => subjectsView(this.#now, scope)
  compare: Questions['compare'] = (a, b, scope) => compareView(this.#now, a, b, scope)

  get #now(): Analysis {
    const { now } = this.#history
    if (this.#analysis?.of !== now) this.#analysis = { of: now, is: new Analysis(this.#context, now) }
    return this.#analysis.is
  }

  /** Adds what the texts hold; a file of the same path is replaced, and a bad one is named while the rest goes on. */
  #join(texts: readonly Text[], label: string): StateAnswer {
    const { now } = this.#history
    const files = new Map(now.files.map(file => [file.path, file as PageFile]))
    const faults: FaultAnswer[] = []
    let { fleetFile } = now
    texts.forEach(([path, text], i) => {
      if (i % 200 === 199) this.#progress(i + 1, texts.length)
      if (isFleetFile(path) && typeof text === 'string') {
        fleetFile = this.#fleetFile(fleetFile, { path, text }, faults)
        return
      }
      const document = this.#read(path, text, faults)
      if (document) files.set(path, { path, document })
    })
    const sorted = [...files.values()].sort((a, b) => bytewise(a.path, b.path))
    const found = assemble(this.#context, sorted, fleetFile)
    const again = new Set(texts.map(([path]) => path))
    const out = new Set([...now.out].filter(path => !again.has(path.replace(/#\d+$/, ''))))
    return this.#do(`adding ${label || count(texts.length, 'file')}`, {
      files: found.files,
      fleetFile,
      read: found.fleet,
      moved: now.moved,
      out,
      fleet: edited({ read: found.fleet, moved: now.moved, out }),
      faults: [...faults, ...found.faults],
    })
  }

  /** One file speaks of the fleet: the one of the same path as before, or called `fleet.yaml`; the other is named. */
  #fleetFile(
    old: Snapshot['fleetFile'],
    given: NonNullable<Snapshot['fleetFile']>,
    faults: FaultAnswer[],
  ): Snapshot['fleetFile'] {
    if (!old || old.path === given.path) return given
    const [used, other] = /(?:^|\/)fleet\.ya?ml$/.test(old.path) ? [old, given] : [given, old]
    const text = `a second fleet file, ${other.path}: there is ${used.path} already`
    faults.push({ source: other.path, text, kind: 'fault' })
    return used
  }

  #read(path: string, text: string | Error, faults: FaultAnswer[]): PageFile['document'] | undefined {
    try {
      if (text instanceof Error) throw text
      const document = this.#documents.read(text, path)
      const { members, definitions, fault, elsewhere, notes } = document
      if (fault) faults.push({ source: path, text: fault, kind: elsewhere ? 'note' : 'fault' })
      for (const note of notes) faults.push({ source: path, text: note, kind: 'note' })
      if (members.length + definitions.length > 0) return document
      faults.push({ source: path, text: 'passed over: holds no CPU', kind: 'note' })
    } catch (error) {
      faults.push({ source: path, text: messageOf(error), kind: 'fault' })
    }
    return undefined
  }

  #edit(label: string, change: Partial<Pick<Snapshot, 'moved' | 'out'>>): StateAnswer {
    const next = { ...this.#history.now, ...change }
    return this.#do(label, { ...next, fleet: edited(next) })
  }

  #do(label: string, snapshot: Snapshot): StateAnswer {
    this.#history.push(label, snapshot)
    return this.#state()
  }

  #state(): StateAnswer {
    const { now, undoes, redoes, version } = this.#history
    const { fleet, faults, files } = now
    const defined = files.flatMap(({ document: { definitions } }) => definitions)
    return {
      hosts: fleet.hosts.length,
      guests: fleet.guests.length,
      others: defined.filter(({ member }) => member === undefined).length,
      faults,
      undo: undoes,
      redo: redoes,
      version,
    }
  }
}

async function textOf({ file, text }: Given): Promise<string | Error> {
  if (text !== undefined) return text
  try {
    return file ? decodeBytes(new Uint8Array(await file.arrayBuffer())) : ''
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}
