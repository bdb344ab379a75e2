import { randomUUID } from 'node:crypto'
import { rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { member } from '../../formats/json/json.ts'
import type { Accelerator } from '../../qemu/capabilities.ts'
import type { QmpCommand } from '../../qemu/qmp/reply.ts'
import type { Trial } from '../../questions/verify/answer.ts'
import { ProbeError } from '../files/file-error.ts'
import type { AskQemu, GuestReader, Sight } from './firmware.ts'
import { Guard, type GuestMachine, type Qemu, QemuEnded } from './qemu.ts'
import { FROM_STATE, type Site, TO_STATE, Workplace } from './site.ts'

/** A guest that is to be tried. */
export interface TrialSetup {
  readonly binary: string
  readonly accelerator: Accelerator
  readonly guest: GuestMachine
  /** What it executes, and how what it reads is had. */
  readonly reader: GuestReader
  /** Where it starts. Absent: on this host. */
  readonly from?: Site
  /** Where it is migrated to. Absent: it stays on this host. */
  readonly to?: Site
}

/** What a trial adds to what is known of the guest before. */
export type TrialResult = Pick<
  Trial,
  | 'qemu'
  | 'toQemu'
  | 'ended'
  | 'endedAt'
  | 'given'
  | 'properties'
  | 'before'
  | 'last'
  | 'after'
  | 'milliseconds'
>

const INCOMING = 'unix:migration'

const HERE: Site = { name: 'this host' }

/** How long a guest may write nothing, and a migration take, in milliseconds. A busy host takes its time. */
const PATIENCE = 120_000
const SOON = 5

/**
 * Starts a guest, reads what it sees, migrates it to a second QEMU, and reads what it sees there. Its files are in a
 * folder that only this user can see, and gone when it returns, or when this process ends. Between two hosts its
 * state is carried over ssh.
 * @throws LibvirtError where QEMU cannot be started at all; ProbeError where a guest is silent, or a host is not reached
 */
export async function runTrial(setup: TrialSetup): Promise<TrialResult> {
  const folder = join(tmpdir(), `virt-cpu-${randomUUID()}`)
  const guard = new Guard(folder)
  try {
    return await new TrialRun(setup, folder, guard).run()
  } finally {
    rmSync(folder, { recursive: true, force: true })
    guard.release()
  }
}

type Timed = 'start' | 'read' | 'migrate' | 'resume' | 'total'

class TrialRun {
  readonly #setup: TrialSetup
  readonly #from: Workplace
  readonly #to: Workplace
  /** QEMU's own way, or undefined where the guest's state is carried to another host. */
  readonly #direct: string | undefined
  readonly #versions = new Map<'qemu' | 'toQemu', string>()
  readonly #started = performance.now()
  readonly #times = new Map<Timed, number>()
  #last = this.#started

  constructor(setup: TrialSetup, folder: string, guard: Guard) {
    const { from = HERE, to = HERE } = setup
    this.#setup = setup
    this.#from = new Workplace(from, folder, guard)
    this.#to = new Workplace(to, folder, guard)
    this.#direct = from.ssh || to.ssh ? undefined : INCOMING
  }

  async run(): Promise<TrialResult> {
    const [source, target] = await Promise.allSettled([
      this.#start(this.#from, 'qemu'),
      this.#start(this.#to, 'toQemu', this.#direct ?? 'defer'),
    ])
    try {
      if (source.status === 'rejected') return this.#ended(source.reason, 'start')
      if (target.status === 'rejected') return this.#ended(target.reason, 'target')
      this.#time('start')
      return await this.#migrate(source.value, target.value)
    } finally {
      for (const qemu of [source, target]) if (qemu.status === 'fulfilled') qemu.value.end()
    }
  }

  async #start(place: Workplace, as: 'qemu' | 'toQemu', incoming?: string): Promise<Qemu> {
    const { binary, accelerator: of, guest, reader } = this.#setup
    const accelerator = of === 'kvm' ? 'kvm' : 'tcg'
    const { firmware, load } = reader
    const qemu = await place.start({ binary, accelerator, guest, firmware, load, incoming })
    await ask(qemu, { execute: 'qmp_capabilities' })
    const version = member(await ask(qemu, { execute: 'query-version' }), 'qemu')
    this.#versions.set(as, ['major', 'minor', 'micro'].map(part => member(version, part)).join('.'))
    return qemu
  }

  async #migrate(source: Qemu, target: Qemu): Promise<TrialResult> {
    const { reader } = this.#setup
    const [left, right] = [new Console(source, reader), new Console(target, reader)]
    const said = await reader.askCpu(askOf(source))
    const before = await left.next(0)
    const seen = { ...said, before }
    this.#time('read')
    const refusal = await migrateAway(source, this.#direct ?? TO_STATE)
    if (refusal !== undefined) return { ...seen, ended: refusal, endedAt: 'migration', ...this.#all() }
    const last = await left.last(before.pass)
    try {
      if (this.#direct === undefined) await this.#carry(target)
      this.#time('migrate')
      const after = await right.next(reader.keeps ? last + 2 : 0)
      this.#time('resume')
      return { ...seen, last, after, ...this.#all() }
    } catch (reason) {
      return { ...seen, last, ...this.#ended(reason, 'migration') }
    }
  }

  async #carry(target: Qemu): Promise<void> {
    await this.#from.carryTo(this.#to)
    await ask(target, { execute: 'migrate-incoming', arguments: { uri: FROM_STATE } })
  }

  /** @throws what is no word of a QEMU that ended */
  #ended(reason: unknown, endedAt: Trial['endedAt'] & string): TrialResult {
    if (!(reason instanceof QemuEnded)) throw reason
    return { ended: reason.message, endedAt, ...this.#all() }
  }

  #time(name: Timed): void {
    const now = performance.now()
    this.#times.set(name, now - this.#last)
    this.#last = now
  }

  #all(): Pick<TrialResult, 'milliseconds' | 'qemu' | 'toQemu'> {
    this.#times.set('total', performance.now() - this.#started)
    const { qemu, toQemu }: Partial<Record<string, string>> = Object.fromEntries(this.#versions)
    return {
      ...(qemu === undefined ? {} : { qemu }),
      ...(toQemu === undefined || toQemu === qemu ? {} : { toQemu }),
      milliseconds: Object.fromEntries([...this.#times].map(([name, time]) => [name, Math.round(time)])),
    }
  }
}

/** What a guest has read, as it comes. */
class Console {
  readonly #read: () => Promise<readonly Sight[]>

  constructor(qemu: Qemu, reader: GuestReader) {
    this.#read = reader.watch(askOf(qemu))
  }

  /** The first complete pass from a number on. @throws ProbeError where none comes */
  async next(from: number): Promise<Sight> {
    const end = performance.now() + PATIENCE
    while (performance.now() < end) {
      const found = (await this.#read()).find(({ pass }) => pass >= from)
      if (found) return found
      await pause(SOON)
    }
    throw new ProbeError(`the guest reads nothing within ${PATIENCE / 1000} s`)
  }

  /** The number of the last complete pass of a guest that is gone; at least `known`. */
  async last(known: number): Promise<number> {
    return Math.max(known, ...(await this.#read()).map(({ pass }) => pass))
  }
}

const askOf =
  (qemu: Qemu): AskQemu =>
  command =>
    ask(qemu, command)

/** @throws ProbeError where QEMU answers with an error */
async function ask(qemu: Qemu, command: QmpCommand): Promise<unknown> {
  const reply = await qemu.ask(command)
  const error = member(reply, 'error')
  if (error !== undefined) throw new ProbeError(`${command.execute}: ${String(member(error, 'desc'))}`)
  return member(reply, 'return')
}

/** Migrates a guest to the QEMU that waits for it; returns why not, or undefined. */
async function migrateAway(source: Qemu, uri: string): Promise<string | undefined> {
  const begun = await source.ask({ execute: 'migrate', arguments: { uri } })
  const refusal = member(member(begun, 'error'), 'desc')
  if (refusal !== undefined) return String(refusal)
  const end = performance.now() + PATIENCE
  while (performance.now() < end) {
    const info = await ask(source, { execute: 'query-migrate' })
    const status = member(info, 'status')
    if (status === 'completed') return undefined
    if (status === 'failed' || status === 'cancelled')
      return String(member(info, 'error-desc') ?? `migration ${status}`)
    await pause(SOON)
  }
  return `the migration is not complete after ${PATIENCE / 1000} s`
}
