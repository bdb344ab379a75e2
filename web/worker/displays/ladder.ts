import { fewNames } from '../../../src/core/text.ts'
import { countHosts } from '../../../src/fleet/groups.ts'
import { viewOf } from '../../../src/questions/input/fleet/view.ts'
import type { ModelVerdict, ModelVerdicts } from '../../../src/questions/models/answer.ts'
import { modelVerdicts } from '../../../src/questions/models/compute.ts'
import type { LadderDisplay, Rung } from '../../shared/displays.ts'
import type { HostScope } from '../../shared/protocol.ts'
import type { Analysis } from '../analysis.ts'

/** The named models as the rungs of a ladder: how many hosts stand on each, and why others fall out. As `models` answers. */
export function displayLadder(analysis: Analysis, scope: HostScope): LadderDisplay {
  const { view } = analysis
  const groups = analysis.in(scope)
  const hosts = countHosts(groups)
  if (hosts === 0) return { title: 'No hosts', hosts, rungs: [] }
  const own = new Set(groups.flatMap(group => group.hosts.map(({ name }) => name)))
  const inScope = {
    ...view.fleet,
    hosts: groups.flatMap(group => group.hosts),
    guests: view.fleet.guests.filter(({ host = '' }) => own.has(host)),
  }
  const answer = modelVerdicts(scope === null ? view : viewOf(view.context, inScope))
  const models = [...answer.models].sort((a, b) => b.worth - a.worth)
  const rungs = models.map(model => rungOf(answer, model, hosts))
  const vendors = [...new Set(groups.flatMap(({ vendor }) => vendor ?? []))].sort()
  const title =
    rungs.length === 0
      ? `Guests have no named models on ${all(hosts)}`
      : vendors.length > 1
        ? describeMixed(rungs, hosts, vendors.join(' and '))
        : describeBest(rungs, hosts)
  return { title, hosts, rungs }
}

/** What hosts of several vendors can all give makes them no pool. */
function describeMixed(rungs: readonly Rung[], hosts: number, vendors: string): string {
  const common = rungs.find(({ runs }) => runs === hosts)
  const rest = `uests do not move between ${vendors}: select a pool of one of them`
  return common ? `All ${hosts} hosts can give ${common.model}, but g${rest}` : `G${rest}`
}

function describeBest(rungs: readonly Rung[], hosts: number): string {
  const best = rungs.find(({ runs }) => runs === hosts)
  return best ? `${best.model} is the best model for ${all(hosts)}` : `No named model is for ${all(hosts)}`
}

const all = (hosts: number): string => (hosts === 1 ? 'the one host' : `all ${hosts} hosts`)

function rungOf({ groups, guestGroups: guests }: ModelVerdicts, model: ModelVerdict, hosts: number): Rung {
  const { name, vendor, level, qemu, libvirt, missing, unknown, absentInGroups, unexplainedInGroups } = model
  const lacking = new Map<number, string[]>()
  for (const { feature, inGroups } of missing)
    for (const place of inGroups) lacking.set(place, [...(lacking.get(place) ?? []), feature])
  for (const place of absentInGroups) lacking.set(place, ['their hypervisor does not have this model'])
  for (const place of unexplainedInGroups)
    if (!lacking.has(place)) lacking.set(place, ['their hypervisor does not say why'])
  const sizeOf = (places: Iterable<number>) =>
    [...places].reduce((sum, place) => sum + (groups[place]?.hosts.length ?? 0), 0)
  const unsure = new Set(unknown.flatMap(({ inGroups }) => inGroups).filter(place => !lacking.has(place)))
  const out = [...lacking].map(([place, reasons]) => {
    const names = groups[place]?.hosts ?? []
    return { hosts: names.length, names: fewNames(names), features: reasons }
  })
  return {
    model: name,
    vendor,
    level: level ?? '',
    needs: `QEMU ${qemu}, libvirt ${libvirt}`,
    runs: hosts - sizeOf(lacking.keys()) - sizeOf(unsure),
    unsure: sizeOf(unsure),
    restarts: model.restartsInGuestGroups.flatMap(place => guests[place] ?? []),
    raises: model.raisesInGuestGroups.flatMap(place =>
      model.restartsInGuestGroups.includes(place) ? [] : (guests[place] ?? []),
    ),
    out: out.sort((a, b) => a.features.length - b.features.length),
  }
}
