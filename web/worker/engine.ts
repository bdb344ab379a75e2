import { bytewise, count, groupBy } from '../../src/core/text.ts'
import { decodeBytes } from '../../src/formats/decode-bytes.ts'
import { type Context, contextOf } from '../../src/questions/context.ts'
import { folderOf } from '../../src/questions/input/fleet/members.ts'
import type { PageState } from '../shared/displays.ts'
import type {
  AddedFile,
  EmbeddedFleet,
  HostMove,
  PageActions,
  PageQuestions,
  StoredHosts,
} from '../shared/protocol.ts'
import { type Progress, type Text, TextAdder } from './add-texts.ts'
import { Analysis } from './analysis.ts'
import { displayBaseline } from './displays/baseline.ts'
import { displayComparison, listComparedCpus } from './displays/compare.ts'
import { displayCost } from './displays/cost.ts'
import { displayChange, displayDrift } from './displays/drift.ts'
import { find } from './displays/find.ts'
import { displayFleet } from './displays/fleet.ts'
import { commonFolder, writeFleetFile } from './displays/fleet-file.ts'
import { displayLadder } from './displays/ladder.ts'
import { displayMatrix } from './displays/matrix.ts'
import { displayMigration, displayMove } from './displays/migration.ts'
import { displayPlan, displayPools } from './displays/pools.ts'
import { tableOf } from './displays/table.ts'
import { displayTree } from './displays/tree.ts'
import { Documents } from './documents.ts'
import { hashText } from './hash.ts'
import { applyEdits, EMPTY, History, type Snapshot } from './history.ts'
import { findFleet, forgetFleet, keepFleet, listFleets } from './kept-fleets.ts'
import { layOutGraph } from './layout.ts'
import { openStoredHosts } from './stored-hosts.ts'

/** How many files are read as one, and how many such readings wait for the browser at the same time. */
const BATCH = 50
const AT_ONCE = 8

/** The fleet, the second recording, and the fleet before the last step. */
const KEPT = 3

/** The page's data, the actions that change it, and the answers about it. It runs in the worker. */
export class Engine implements PageActions, PageQuestions {
  readonly #context: Context = contextOf()
  readonly #documents = new Documents(this.#context)
  readonly #history = new History()
  readonly #sample: EmbeddedFleet
  readonly #progress: Progress
  readonly #adder: TextAdder
  /** Of the last snapshots that were asked about, the latest last. */
  #analyses: { readonly of: Snapshot; readonly is: Analysis }[] = []

  constructor(sample: EmbeddedFleet, progress: Progress = () => {}) {
    this.#sample = sample
    this.#progress = progress
    this.#adder = new TextAdder(this.#context, this.#documents, progress)
  }

  async add(files: readonly AddedFile[], label: string): Promise<PageState> {
    return this.#add(await this.#textsOf(files), label)
  }

  async #textsOf(files: readonly AddedFile[]): Promise<Text[]> {
    const texts: Text[] = []
    const read = (at: number) => readTexts(files.slice(at, at + BATCH))
    const reading = Array.from({ length: AT_ONCE }, (_, i) => read(i * BATCH))
    for (let at = 0; at < files.length; at += BATCH) {
      const some = (await reading.shift()) ?? []
      reading.push(read(at + AT_ONCE * BATCH))
      texts.push(...some)
      // While the browser reads the next: whoever adds them finds them read.
      for (const [path, text] of some) this.#adder.prepare(path, text)
      await this.#progress(texts.length, files.length)
    }
    return texts
  }

  async compareWith(files: readonly AddedFile[]): Promise<PageState> {
    const second = await this.#adder.add(EMPTY, await this.#textsOf(files))
    return this.#compare(second)
  }

  async compareWithKept(id: string): Promise<PageState> {
    const fleet = await findFleet(id)
    if (!fleet) throw new RangeError('the browser keeps this fleet no more')
    return this.#compare(await this.#withEmbedded(EMPTY, fleet))
  }

  /** @throws RangeError for what has no host */
  #compare(second: Snapshot): PageState {
    if (second.fleet.hosts.length === 0)
      throw new RangeError(
        `the second recording has no host: ${second.problems.map(({ source, text }) => `${source}: ${text}`).join('; ')}`,
      )
    return this.#push('comparing', { ...this.#history.current, second })
  }

  embed(json: string): Promise<PageState> {
    return this.#addEmbedded(JSON.parse(json) as EmbeddedFleet, 'the hosts of this file')
  }

  sample(): Promise<PageState> {
    return this.#addEmbedded(this.#sample, 'the sample fleet')
  }

  async restore(id: string): Promise<PageState> {
    const fleet = await findFleet(id).catch(() => undefined)
    return fleet ? this.#addEmbedded(fleet, 'the fleet of this link') : this.#state()
  }

  async keep(): Promise<string> {
    const fleet = this.save()
    const id = hashText(JSON.stringify(fleet)).toString(36)
    try {
      await keepFleet(id, fleet)
      return id
    } catch {
      return ''
    }
  }

  async forget(id: string): Promise<void> {
    await forgetFleet(id).catch(() => undefined)
  }

  async #addEmbedded(fleet: EmbeddedFleet, label: string): Promise<PageState> {
    return this.#push(`adding ${label}`, await this.#withEmbedded(this.#ofFiles, fleet))
  }

  async #withEmbedded(
    to: Snapshot,
    {
      texts,
      files,
      pools = [],
      removed = [],
      locked = [],
      smallest,
      sites = [],
      second,
      stored,
    }: EmbeddedFleet,
  ): Promise<Snapshot> {
    const added: Text[] = files.map(([path, text]) => [path, texts[text] ?? ''])
    const snapshot = await (stored ? this.#openHosts(stored) : this.#adder.add(to, added))
    const changed = {
      ...snapshot,
      poolByHost: new Map([...snapshot.poolByHost, ...pools]),
      removed: new Set([...snapshot.removed, ...removed]),
      locked: new Set([...snapshot.locked, ...locked]),
      smallest: smallest ?? snapshot.smallest,
      sites: new Map([...snapshot.sites, ...sites]),
      second: second ? await this.#withEmbedded(EMPTY, second) : to.second,
    }
    return { ...changed, fleet: applyEdits(changed) }
  }

  async #add(texts: readonly Text[], label: string): Promise<PageState> {
    const snapshot = await this.#adder.add(this.#ofFiles, texts)
    return this.#push(`adding ${label || count(texts.length, 'file')}`, snapshot)
  }

  async open(stored: Blob, name: string): Promise<PageState> {
    const text = await stored.text()
    this.#history.restart(await this.#openHosts({ text, name }))
    return this.#state()
  }

  async refresh(stored: Blob, name: string): Promise<PageState> {
    const text = await stored.text()
    const { files, read, problems, stored: opened } = await this.#openHosts({ text, name })
    this.#history.rebase(step => {
      const next = step.stored ? { ...step, files, read, problems, stored: opened } : step
      return { ...next, fleet: applyEdits(next) }
    })
    return this.#state()
  }

  async compareWithStored(stored: Blob, name: string): Promise<PageState> {
    return this.#compare(await this.#openHosts({ text: await stored.text(), name }))
  }

  #openHosts = (hosts: StoredHosts): Promise<Snapshot> =>
    openStoredHosts(this.#context, this.#documents, hosts)

  clear(): PageState {
    return this.#push('clearing', EMPTY)
  }

  undo(): PageState {
    this.#history.go(-1)
    return this.#state()
  }

  redo(): PageState {
    this.#history.go(1)
    return this.#state()
  }

  remove(id: number): PageState {
    const group = this.#now.groupOf(id)
    if (!group) return this.#state()
    const { removed } = this.#history.current
    return this.#edit(`removing ${this.#now.title(group)}`, {
      removed: new Set([...removed, ...group.hosts.map(({ path = '' }) => path)]),
    })
  }

  assign(moves: readonly HostMove[], label: string): PageState {
    const poolByHost = new Map(this.#history.current.poolByHost)
    for (const { group, from, to } of moves) {
      for (const { path = '', pool = '' } of this.#now.groupOf(group)?.hosts ?? []) {
        if (from === undefined || from === pool) poolByHost.set(path, to)
      }
    }
    return this.#edit(label, { poolByHost })
  }

  rename(pool: string, name: string): PageState {
    const { poolByHost, locked, sites, fleet } = this.#history.current
    const own = fleet.hosts.filter(host => (host.pool ?? '') === pool)
    return this.#edit(`naming pool ${name}`, {
      poolByHost: new Map([...poolByHost, ...own.map(({ path = '' }) => [path, name] as const)]),
      locked: new Set([...locked].map(label => (label === pool ? name : label))),
      sites: new Map(sites).set(name, fleet.sites?.get(pool) || fleet.sites?.get(name) || ''),
    })
  }

  site(pool: string, site: string): PageState {
    const sites = new Map(this.#history.current.sites).set(pool, site)
    return this.#edit(`the site of pool ${pool}`, { sites })
  }

  lock(pool: string, isLocked: boolean): PageState {
    const locked = new Set(this.#history.current.locked)
    if (isLocked) locked.add(pool)
    else locked.delete(pool)
    return this.#edit(`${isLocked ? 'locking' : 'unlocking'} pool ${pool}`, { locked })
  }

  limit(smallest: number): PageState {
    return this.#edit(`pools of at least ${count(smallest, 'host')}`, { smallest })
  }

  fleetFile = (): string => writeFleetFile(this.#context, this.#now, this.#history.current)
  ask: PageQuestions['ask'] = (question, input) => this.#now.ask(question, input)
  save = (): EmbeddedFleet => this.#embedded(this.#history.current)

  #embedded({
    files,
    fleetFile,
    poolByHost,
    removed,
    locked,
    smallest,
    sites,
    second,
    stored,
  }: Snapshot): EmbeddedFleet {
    const own = files.map(({ path, document }) => ({ path, text: this.#documents.textOf(document) }))
    const all = fleetFile ? [...own, fleetFile] : own
    const texts = [...new Set(all.map(({ text }) => text))]
    const places = new Map(texts.map((text, i) => [text, i]))
    return {
      texts,
      files: all.map(({ path, text }) => [path, places.get(text) ?? 0]),
      pools: [...poolByHost],
      removed: [...removed],
      locked: [...locked],
      sites: [...sites],
      ...(smallest === undefined ? {} : { smallest }),
      ...(second ? { second: this.#embedded(second) } : {}),
      ...(stored ? { stored: { text: stored.text, name: stored.name } } : {}),
    }
  }

  table = (): string => tableOf(this.#now)
  hosts: PageQuestions['hosts'] = id =>
    this.#now.groupOf(id)?.hosts.map(({ name, path = name, pool = '' }) => ({ name, path, pool })) ?? []
  find: PageQuestions['find'] = text => find(this.#now, text)
  fleet: PageQuestions['fleet'] = scope => displayFleet(this.#now, scope)
  matrix: PageQuestions['matrix'] = (scope, all) => displayMatrix(this.#now, scope, all)
  baseline: PageQuestions['baseline'] = (scope, options) => displayBaseline(this.#now, scope, options)
  cost: PageQuestions['cost'] = scope => displayCost(this.#now, scope)
  pools: PageQuestions['pools'] = () => displayPools(this.#now, this.#history.current.locked)
  plan: PageQuestions['plan'] = () => displayPlan(this.#now)
  drift: PageQuestions['drift'] = secondIsOlder => {
    const { second } = this.#history.current
    if (!second) return null
    const other = this.#analyse(second)
    return secondIsOlder ? displayDrift(other, this.#now) : displayDrift(this.#now, other)
  }

  change: PageQuestions['change'] = () => {
    const { previous } = this.#history
    return previous ? displayChange(this.#analyse(previous), this.#now) : null
  }

  kept = listFleets
  migration: PageQuestions['migration'] = scope => displayMigration(this.#now, scope)
  layout: PageQuestions['layout'] = layOutGraph
  move: PageQuestions['move'] = (from, to) => displayMove(this.#now, from, to)
  ladder: PageQuestions['ladder'] = scope => displayLadder(this.#now, scope)
  tree: PageQuestions['tree'] = scope => displayTree(this.#now, scope)
  comparedCpus: PageQuestions['comparedCpus'] = scope => listComparedCpus(this.#now, scope)
  compare: PageQuestions['compare'] = (a, b, scope) => displayComparison(this.#now, a, b, scope)

  /** What files are added to: hosts of an inventory make room for them. */
  get #ofFiles(): Snapshot {
    const { current } = this.#history
    return current.stored ? EMPTY : current
  }

  /** The analysis of the current snapshot. */
  get #now(): Analysis {
    return this.#analyse(this.#history.current)
  }

  #analyse(of: Snapshot): Analysis {
    const is = this.#analyses.find(one => one.of === of)?.is ?? new Analysis(this.#context, of)
    this.#analyses = [...this.#analyses.filter(one => one.of !== of), { of, is }].slice(-KEPT)
    return is
  }

  #edit(
    label: string,
    change: Partial<Pick<Snapshot, 'poolByHost' | 'removed' | 'locked' | 'smallest' | 'sites'>>,
  ): PageState {
    const next = { ...this.#history.current, ...change }
    return this.#push(label, { ...next, fleet: applyEdits(next) })
  }

  #push(label: string, snapshot: Snapshot): PageState {
    if (this.#history.current.stored && !snapshot.stored) this.#history.restart(snapshot)
    else this.#history.push(label, snapshot)
    return this.#state()
  }

  #state(): PageState {
    const { current, undoLabel, redoLabel, version } = this.#history
    const { fleet, problems, files, fleetFile, second, stored } = current
    const definitions = files.flatMap(({ document }) => document.definitions)
    const pools = groupBy(fleet.hosts, ({ pool = '' }) => pool)
    return {
      hosts: fleet.hosts.length,
      pools: [...pools]
        .map(([label, hosts]) => [label, hosts.length] as const)
        .sort(([a], [b]) => bytewise(a, b)),
      guests: fleet.guests.length,
      unplaced: definitions.filter(({ member }) => member === undefined).length,
      problems,
      isStored: stored !== undefined,
      name: stored?.name ?? (folderOf(fleetFile?.path ?? '') || commonFolder(files.map(({ path }) => path))),
      second: second?.fleet.hosts.length,
      undo: undoLabel,
      redo: redoLabel,
      version,
    }
  }
}

/** Reads files as one, as each reading costs the browser more than the few kilobytes of a host; if that fails, singly. */
async function readTexts(batch: readonly AddedFile[]): Promise<Text[]> {
  const sizes = batch.map(({ file }) => file?.size ?? 0)
  const all = await new Blob(batch.flatMap(({ file = [] }) => file)).arrayBuffer().catch(() => undefined)
  const isWhole = all?.byteLength === sizes.reduce((sum, size) => sum + size, 0)
  let end = 0
  return Promise.all(
    batch.map(async (one, i): Promise<Text> => {
      const [start, size = 0] = [end, sizes[i]]
      end += size
      return [one.path, await textOf(one, isWhole ? all.slice(start, end) : undefined)]
    }),
  )
}

async function textOf({ file, text }: AddedFile, bytes?: ArrayBuffer): Promise<string | Error> {
  if (text !== undefined) return text
  try {
    return file ? decodeBytes(new Uint8Array(bytes ?? (await file.arrayBuffer()))) : ''
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}
