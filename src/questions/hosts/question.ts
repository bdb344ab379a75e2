import * as v from 'valibot'
import { type Model, matches } from '../../core/model.ts'
import type { Group } from '../../fleet/groups.ts'
import type { FleetHost } from '../../fleet/host.ts'
import { levelOf } from '../../map/levels.ts'
import { fleetInput, openFleet, viewsOf } from '../input/fleet/open-fleet.ts'
import type { FleetView } from '../input/fleet/view.ts'
import { keptCpusOf } from '../pools/compute.ts'
import { question } from '../question.ts'
import { reasonOf } from '../words/note.ts'
import { type HostLine, HostsAnswer } from './answer.ts'
import { guestsAlone } from './guests.ts'

export const hostsQuestion = question({
  name: 'hosts',
  summary: 'List the hosts of a fleet with what is known of each, and from which documents',
  input: v.strictObject(fleetInput),
  answer: HostsAnswer,
  report: async () => (await import('./report.ts')).reportHosts,
  run(context, input) {
    const opened = openFleet(context, input)
    const views = viewsOf(opened)
    const hosts = views.flatMap(view => {
      const tell = tellOfCpus(view)
      return view.fleet.hosts.map(host => lineOf(view, host, tell(host)))
    })
    const keptCpus = views.flatMap(view => keptCpusOf(view).keptCpus ?? [])
    const kept = keptCpus.length > 0 ? { keptCpus } : {}
    return {
      answer: { hosts, ...kept, ...(hosts.length === 0 ? guestsAlone(...views) : {}) },
      notes: opened.notes,
    }
  },
})

/** What a line says of the CPU, which hosts of a group with one model and product share. */
type AboutCpu = Pick<HostLine, 'heldBack' | 'silicon' | 'level' | 'higher' | 'featureCount'>

function tellOfCpus(view: FleetView): (host: FleetHost) => AboutCpu {
  const told = new Map<string, AboutCpu>()
  const numbers = new Map(view.groups.map((group, i) => [group, i]))
  return host => {
    const { name, model, brand, features } = host
    const group = view.groupOf.get(name)
    const key = JSON.stringify([group && numbers.get(group), model, brand])
    const about = told.get(key) ?? {
      ...heldBack(view, host, group),
      silicon: view.siliconOf(host) ?? null,
      ...reachedLevel(view, host),
      featureCount: features.size,
    }
    told.set(key, about)
    return about
  }
}

function lineOf(view: FleetView, host: FleetHost, about: AboutCpu): HostLine {
  const { name, pool = '', signature, readFrom = [] } = host
  return {
    host: name,
    pool,
    arch: view.context.arch,
    model: host.model ?? null,
    ...(about.heldBack && { heldBack: about.heldBack }),
    silicon: about.silicon,
    signature: signature ?? null,
    vendor: host.vendor ?? null,
    level: about.level,
    higher: about.higher,
    microcode: host.microcode ?? null,
    featureCount: about.featureCount,
    physBits: host.physBits ?? null,
    cpus: host.cpus ?? null,
    kernel: host.kernel ?? null,
    hypervisor: host.hypervisor ?? null,
    uuid: host.uuid ?? null,
    readFrom: readFrom.map(({ layer, document }) => ({ layer, document })),
  }
}

/** What a host lacks of the model of its silicon that it comes closest to, where the model that it is named as is none of these. */
function heldBack(
  view: FleetView,
  { model = '', vendor, signature, features, evidence }: FleetHost,
  group: Group | undefined,
): Pick<HostLine, 'heldBack'> {
  const { db, finder } = view
  const isOwn = (one: Model) =>
    signature !== undefined && one.vendor?.name === vendor && matches(one.signatures, signature)
  const named = db.model(model)
  if (!named || !group || isOwn(named)) return {}
  const lackOf = (one: Model) =>
    db.features.in(evidence ? one.features.meet(evidence.absent) : one.features.minus(features))
  const [closest] = db.models
    .filter(isOwn)
    .map(one => ({ model: one.name, lacks: lackOf(one) }))
    .sort((a, b) => a.lacks.length - b.lacks.length)
  if (!closest || closest.lacks.length === 0) return {}
  const missing = closest.lacks.map(feature => {
    const { cause, remedy } = finder.forGroup(group)(feature)
    return { ...reasonOf(feature), cause, remedy }
  })
  return { heldBack: { model: closest.model, missing } }
}

/** A feature that nothing is known of, or that is only assumed, proves no level and rules none out. */
function reachedLevel({ levels }: FleetView, { features, evidence }: FleetHost) {
  const level = levelOf(levels, features)
  const next = levels[level ? levels.indexOf(level) + 1 : 0]
  const lacks = !next || next.unknown.length > 0 || !evidence || evidence.absent.meets(next.needs)
  return { level: level?.name ?? null, higher: !lacks }
}
