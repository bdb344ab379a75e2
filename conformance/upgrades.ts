import type { FleetHost } from '../src/fleet/host.ts'
import { findMoveVerdict } from '../src/fleet/obstacles.ts'
import type { Context } from '../src/questions/context.ts'
import { openFleet } from '../src/questions/input/fleet/open-fleet.ts'
import { FleetView } from '../src/questions/input/fleet/view.ts'
import { preflightAnswer, upgradeHosts } from '../src/questions/what-if/preflight.ts'
import type { DataFolder } from './data.ts'
import { HOST_OF_REPLIES, readInferredVersions } from './kvm-offers.ts'
import { Family } from './report.ts'

/** A machine as one of its QEMUs described it. */
interface Recorded {
  readonly name: string
  readonly qemu: string
  readonly kernel: string
  readonly view: FleetView
  readonly host: FleetHost
  /** The machine types that it lists. */
  readonly machines: ReadonlySet<string>
}

/**
 * What an upgrade from each recorded QEMU to each other, on one CPU, is foretold to do, against what the other one says:
 * features, models and machine types, and where guests go. What is foretold as unknown is at most 1 cell in 50.
 */
export function upgrades(context: Context, data: DataFolder): Family {
  const family = new Family('upgrades foretold')
  const recorded = readRecorded(context, data)
  const pairs = recorded.flatMap(from => recorded.flatMap(to => (from === to ? [] : [[from, to] as const])))
  const counts = pairs.map(([from, to]) => holdUpgrade(context, family, from, to))
  const sum = (key: 'open' | 'all') => counts.reduce((total, one) => total + one[key], 0)
  family.check('most that may be unknown', String(sum('open') * 50 <= sum('all')), 'true')
  return family
}

function readRecorded(context: Context, data: DataFolder): Recorded[] {
  const versions = readInferredVersions()
  const cpu = data.text('cputestdata', `x86_64-cpuid-${HOST_OF_REPLIES}.xml`)
  const replies = data.folder('qemucapabilitiesdata')
  return replies.names().flatMap(name => {
    const [, qemu, kernel] = /qemu (\S+) +kernel (\S+)/.exec(versions.get(name) ?? '') ?? []
    if (!/^caps_.*_x86_64\.replies$/.test(name) || !qemu || !kernel) return []
    const text = replies.text(name)
    const documents = [
      { path: 'n1.xml', text: cpu },
      { path: 'n1.qmp.json', text },
      ...context.db.models.map(model => ({ path: `n1/${model.name}.xml`, text: domainOf(model.name) })),
    ]
    const { view } = openFleet(context, { documents, fleet: { hosts: [{ files: 'n1.*', kernel }] } })
    const [host] = view.fleet.hosts
    const listed = [...text.matchAll(/"name": "(pc-(?:i440fx|q35)-[\d.]+)"/g)]
    return host
      ? [{ name, qemu, kernel, view, host, machines: new Set(listed.map(([, type = '']) => type)) }]
      : []
  })
}

const MACHINES = ['pc-i440fx-2.4', 'pc-q35-4.2', 'pc-q35-6.2', 'pc-q35-8.2', 'pc-i440fx-10.0']

/** A guest of each model, on one machine type or another. */
const domainOf = (model: string): string =>
  `<domain><name>${model}</name><os><type machine='${MACHINES[model.length % MACHINES.length]}'>hvm</type></os>
<cpu mode='custom' match='exact'><model>${model}</model></cpu></domain>`

function holdUpgrade(
  context: Context,
  family: Family,
  from: Recorded,
  to: Recorded,
): { open: number; all: number } {
  const { db } = context
  const { hosts } = upgradeHosts(from.view, { upgrade: [`qemu=${to.qemu},kernel=${to.kernel}`] })
  const [foretold] = hosts
  const [told, is] = [foretold?.evidence, to.host.evidence]
  if (!foretold || !told || !is) throw new RangeError('a host whose QEMU was recorded')
  const label = `${from.qemu} to ${to.qemu}`
  const namesOf = (set: typeof told.present) =>
    db.features
      .in(set)
      .map(({ name }) => name)
      .join(' ')
  family.check(`${label}: is given after all`, namesOf(told.absent.meet(is.present)), '')
  family.check(`${label}: is not given after all`, namesOf(told.possible.meet(is.absent)), '')
  family.check(`${label}: models`, compareModels(context, foretold, to.host).join('\n'), '')
  const wrong = [...new Set([...from.machines, ...to.machines])].filter(
    type => foretold.machines?.has(type) !== to.machines.has(type),
  )
  family.check(`${label}: machine types`, wrong.join(' '), '')
  family.check(`${label}: guests`, compareGuests(from, to, hosts).join('\n'), '')
  const open = db.features.count(is.recorded.minus(told.recorded).minus(told.assumed))
  return { open, all: db.features.count(is.recorded) }
}

/** Models of libvirt's that are foretold to be there, or usable, and are not, or the other way. */
function compareModels({ db }: Context, foretold: FleetHost, recorded: FleetHost): string[] {
  const fate = ({ models }: FleetHost, name: string) => {
    const blockers = models?.get(name)
    return blockers === undefined
      ? 'absent'
      : blockers === 'unknown'
        ? 'open'
        : blockers.length > 0
          ? 'blocked'
          : 'usable'
  }
  return db.models.flatMap(({ name }) => {
    const [told, is] = [fate(foretold, name), fate(recorded, name)]
    return told === is || told === 'open' ? [] : `${name}: ${is}, foretold as ${told}`
  })
}

/** Guests that are foretold to move there and do not, or the other way. */
function compareGuests(from: Recorded, to: Recorded, hosts: readonly FleetHost[]): string[] {
  const after = new FleetView(from.view.context, { ...from.view.fleet, hosts })
  const { guests } = preflightAnswer(from.view, after, new Map())
  return guests.flatMap(({ guest: name, machine, move: { verdict } }) => {
    const guest = from.view.fleet.guests.find(one => one.name === name)
    const runs = guest && findMoveVerdict(guest, from.host) !== 'no'
    if (!guest || !runs || !from.machines.has(machine ?? '')) return []
    const is = findMoveVerdict(guest, to.host) === 'no' || !to.machines.has(machine ?? '') ? 'no' : 'assumed'
    return verdict === is || verdict === 'unknown' ? [] : `${name} on ${machine}: ${is}, foretold ${verdict}`
  })
}
