import { fewNames } from '../../../src/core/text.ts'
import { countHosts } from '../../../src/fleet/groups.ts'
import { viewOf } from '../../../src/questions/input/fleet/view.ts'
import type { LevelVerdict, ModelVerdict, ModelVerdicts } from '../../../src/questions/models/answer.ts'
import { modelVerdicts } from '../../../src/questions/models/compute.ts'
import type { LadderDisplay, Rung, RungKind } from '../../shared/displays.ts'
import type { HostScope } from '../../shared/protocol.ts'
import type { Analysis } from '../analysis.ts'

/**
 * Named models, modes of EVC and levels of x86-64 as the rungs of a ladder: how many hosts stand on each, and why others
 * fall out. As `models` answers.
 */
export function displayLadder(analysis: Analysis, scope: HostScope): LadderDisplay {
  const { view } = analysis
  const groups = analysis.in(scope)
  const hosts = countHosts(groups)
  if (hosts === 0) return { titles: titlesBy(() => 'No hosts'), hosts, rungs: [] }
  const own = new Set(groups.flatMap(group => group.hosts.map(({ name }) => name)))
  const inScope = {
    ...view.fleet,
    hosts: groups.flatMap(group => group.hosts),
    guests: view.fleet.guests.filter(({ host = '' }) => own.has(host)),
  }
  const answer = modelVerdicts(scope === null ? view : viewOf(view.context, inScope))
  const best = <T extends { readonly worth: number }>(list: readonly T[]) =>
    list.toSorted((a, b) => b.worth - a.worth)
  const rungs = [
    ...best(answer.models).map(model => rungOfModel(answer, model, hosts)),
    ...best(answer.rungs ?? []).map(level => rungOfLevel(answer, level, hosts)),
  ]
  const vendors = [...new Set(groups.flatMap(({ vendor }) => vendor ?? []))].sort()
  const titles = titlesBy(kind => {
    const own = rungs.filter(one => one.kind === kind)
    if (own.length === 0) return `Guests have no named models on ${all(hosts)}`
    // A level is the same of every vendor.
    return vendors.length > 1 && kind !== 'level'
      ? describeMixed(own, hosts, vendors.join(' and '))
      : describeBest(own, hosts, kind)
  })
  return { titles, hosts, rungs }
}

const titlesBy = (titleOf: (kind: RungKind) => string): LadderDisplay['titles'] => ({
  model: titleOf('model'),
  evc: titleOf('evc'),
  level: titleOf('level'),
})

const WORDS: Readonly<Record<RungKind, readonly [best: string, any: string]>> = {
  model: ['best model', 'named model'],
  evc: ['highest mode of EVC', 'mode of EVC'],
  level: ['highest level', 'level of x86-64'],
}

/** What hosts of several vendors can all give makes them no pool. */
function describeMixed(rungs: readonly Rung[], hosts: number, vendors: string): string {
  const common = rungs.find(({ runs }) => runs === hosts)
  const rest = `uests do not move between ${vendors}: select a pool of one of them`
  return common ? `All ${hosts} hosts can give ${common.model}, but g${rest}` : `G${rest}`
}

function describeBest(rungs: readonly Rung[], hosts: number, kind: RungKind): string {
  const best = rungs.find(({ runs }) => runs === hosts)
  const [most, any] = WORDS[kind]
  return best ? `${best.model} is the ${most} for ${all(hosts)}` : `No ${any} is for ${all(hosts)}`
}

const all = (hosts: number): string => (hosts === 1 ? 'the one host' : `all ${hosts} hosts`)

function rungOfModel(answer: ModelVerdicts, model: ModelVerdict, hosts: number): Rung {
  const { absentInGroups: absent, unexplainedInGroups: unexplained } = model
  return {
    kind: 'model',
    needs: `Since QEMU ${model.qemu}, libvirt ${model.libvirt}.`,
    ...rungOf(answer, model, hosts, [
      ['their hypervisor does not have this model', absent],
      ['their hypervisor does not say why', unexplained],
    ]),
  }
}

const rungOfLevel = (answer: ModelVerdicts, level: LevelVerdict, hosts: number): Rung => ({
  kind: level.kind,
  needs: NEEDS[level.kind],
  ...rungOf(answer, level, hosts, [['they are of another vendor', level.otherVendorInGroups]]),
})

const NEEDS: Readonly<Record<LevelVerdict['kind'], string>> = {
  level: 'The least that guests have: what they have besides is not taken away.',
  evc: 'By what VMware’s words name: what vCenter lists in supportedEVCMode decides. Modes say nothing of IBRS, STIBP, SSBD, md-clear and flush-l1d, which guests have where all hosts have them.',
}

/** @param others further reasons why hosts fall out, where they lack nothing that is known */
function rungOf(
  { groups, guestGroups: guests }: ModelVerdicts,
  rung: Omit<LevelVerdict, 'kind' | 'otherVendorInGroups'>,
  hosts: number,
  others: readonly (readonly [string, readonly number[]])[],
): Omit<Rung, 'kind' | 'needs'> {
  const lacking = new Map<number, string[]>()
  for (const { feature, inGroups } of rung.missing)
    for (const place of inGroups) lacking.set(place, [...(lacking.get(place) ?? []), feature])
  for (const [reason, places] of others)
    for (const place of places) if (!lacking.has(place)) lacking.set(place, [reason])
  const sizeOf = (places: Iterable<number>) =>
    [...places].reduce((sum, place) => sum + (groups[place]?.hosts.length ?? 0), 0)
  const unsure = new Set(
    rung.unknown.flatMap(({ inGroups }) => inGroups).filter(place => !lacking.has(place)),
  )
  const out = [...lacking].map(([place, reasons]) => {
    const names = groups[place]?.hosts ?? []
    return { hosts: names.length, names: fewNames(names), features: reasons }
  })
  return {
    model: rung.name,
    vendor: rung.vendor,
    level: rung.level ?? '',
    runs: hosts - sizeOf(lacking.keys()) - sizeOf(unsure),
    unsure: sizeOf(unsure),
    restarts: rung.restartsInGuestGroups.flatMap(place => guests[place] ?? []),
    raises: rung.raisesInGuestGroups.flatMap(place =>
      rung.restartsInGuestGroups.includes(place) ? [] : (guests[place] ?? []),
    ),
    out: out.sort((a, b) => a.features.length - b.features.length),
  }
}
