import * as v from 'valibot'
import type { FleetHost } from '../../fleet/host.ts'
import type { Context } from '../context.ts'
import { BadRequest } from '../context.ts'
import { hostNamed, hostsNamed } from '../input/fleet/named.ts'
import { fleetInput, type OpenedFleet, openFleet, viewsOf } from '../input/fleet/open-fleet.ts'
import type { FleetView } from '../input/fleet/view.ts'
import { type Outcome, question } from '../question.ts'
import { described, flag, names } from '../schema.ts'
import { answerEach, reportSections, type Sections, withSections } from '../sections.ts'
import type { Note } from '../words/note.ts'
import { EffectsAnswer, ProductsAnswer, WhatIfAnswer } from './answer.ts'
import { changesOf, effects, products, productText, whatIfAnswer } from './compute.ts'

const product = described(
  v.string('must be text'),
  'The name of a product of the catalogue, in place of a text.',
)
const replacement = v.union(
  [
    v.strictObject({ host: v.string('must be text'), text: v.string('must be text') }),
    v.strictObject({ host: v.string('must be text'), product }),
  ],
  'must be {host, text} or {host, product}',
)
const addition = v.union(
  [
    v.strictObject({
      pool: v.optional(v.string('must be text')),
      path: v.string('must be text'),
      text: v.string('must be text'),
    }),
    v.strictObject({ pool: v.optional(v.string('must be text')), product }),
  ],
  'must be {pool, path, text} or {pool, product}',
)

const movement = v.strictObject(
  { host: v.string('must be text'), pool: v.string('must be text') },
  'must be {host, pool}',
)

const input = v.strictObject({
  documents: v.optional(fleetInput.documents),
  fleet: fleetInput.fleet,
  noSkip: fleetInput.noSkip,
  remove: v.optional(names('Hosts that go; * stands for any characters.')),
  replace: v.optional(
    described(v.array(replacement, 'must be a list'), 'Hosts, each with the text of what takes its place.'),
  ),
  add: v.optional(described(v.array(addition, 'must be a list'), 'Hosts that join a pool.')),
  move: v.optional(
    described(
      v.array(movement, 'must be a list'),
      'Hosts that go to another pool, with their guests; * stands for any characters.',
    ),
  ),
  drop: v.optional(names('Effects that end: EFFECT or EFFECT@HOST.')),
  apply: v.optional(
    names('Effects that come: EFFECT or EFFECT@HOST, or features with signs: +md-clear,-hle.'),
  ),
  upgrade: v.optional(
    names('Programs that come: qemu=11.1,libvirt=12.8, or of some hosts or pools: qemu=11.1@HOST,POOL.'),
  ),
  kernel: v.optional(names('Kernels that come: 6.18 or 6.18@HOST,POOL.')),
  machine: v.optional(names('Machine types that guests get at their next start: TYPE or TYPE@GUEST,GUEST.')),
  effects: flag('Return the effects that there are; nothing else is looked at.'),
  products: flag('Return the products of the catalogue; nothing else is looked at.'),
})

export const whatIfQuestion = question({
  name: 'what-if',
  summary: 'Compute what a change does to pools and guests, before it is made',
  input,
  answer: v.union([withSections(WhatIfAnswer), EffectsAnswer, ProductsAnswer]),
  report: async () => reportSections((await import('./report.ts')).reportWhatIf),
  run(context, { effects: isOfEffects, products: isOfProducts, ...change }): Outcome<Answer, never> {
    if (isOfEffects) return { answer: { effects: effects(context) } }
    return isOfProducts ? { answer: { products: products() } } : computeChange(context, change)
  },
})

type Answer = WhatIfAnswer | Sections<WhatIfAnswer> | EffectsAnswer | ProductsAnswer

function computeChange(
  context: Context,
  {
    remove,
    replace = [],
    add = [],
    move = [],
    drop,
    apply,
    documents,
    fleet,
    noSkip,
    ...upgrades
  }: Omit<v.InferOutput<typeof input>, 'effects' | 'products'>,
): Outcome<Answer, never> {
  if (documents === undefined) throw new BadRequest('what-if: the input documents is missing')
  const opened = openFleet(context, { documents, fleet, noSkip })
  const views = viewsOf(opened)
  const all = views.flatMap(({ fleet: { hosts } }) => hosts)
  const gone = remove?.flatMap(pattern => hostsNamed(all, pattern))
  const replaced = replace.map(one => ({
    host: hostNamed(all, one.host).name,
    by: onlyHost(context, one.host, 'product' in one ? productText(one.product) : one.text),
  }))
  const moved = move.map(({ host, pool }) => ({ hosts: hostsNamed(all, host), pool }))
  const { hosts: added, notes } = readAdded(context, add, noSkip)
  const arches = views.map(view => view.context.arch)
  for (const { arch, host } of [...replaced.map(({ by }) => by), ...added])
    if (!arches.includes(arch))
      throw new BadRequest(`${host.name} is of ${arch}, and the fleet of ${arches.join(', ')}`)
  const answer = answerEach(views, view => {
    const { hosts } = view.fleet
    const isOwn = (name: string) => hosts.some(host => host.name === name)
    const changes = changesOf(view.context, hosts, {
      remove: gone?.filter(isOwn),
      replace: replaced.flatMap(({ host, by }) => (isOwn(host) ? { host, by: ofArch(view, by) } : [])),
      move: moved.flatMap(({ hosts: list, pool }) => {
        const own = list.filter(isOwn)
        return own.length > 0 ? { hosts: own, pool } : []
      }),
      add: added.filter(({ arch }) => arch === view.context.arch),
      drop,
      apply,
    })
    const isUpgraded = Object.values(upgrades).some(list => list !== undefined)
    if (changes.length === 0 && views.length > 1 && !isUpgraded) throw new BadRequest('nothing changes')
    return whatIfAnswer(context, view, changes, upgrades)
  })
  return { answer, notes: [...opened.notes, ...notes] }
}

/** @throws BadRequest for a host that cannot take the other's place */
function ofArch(view: FleetView, { arch, host }: HostOfArch): FleetHost {
  if (arch === view.context.arch) return host
  throw new BadRequest(`replace: ${host.name} is of ${arch}, not of ${view.context.arch}`)
}

interface HostOfArch {
  readonly arch: string
  readonly host: FleetHost
}

/** The hosts that join, pool by pool: those of one pool are read together, as a fleet's are. @throws ParseError, LibvirtError */
function readAdded(
  context: Context,
  add: readonly v.InferOutput<typeof addition>[],
  noSkip: boolean | undefined,
): { readonly hosts: (HostOfArch & { pool: string | undefined })[]; readonly notes: readonly Note[] } {
  const pools = [...new Set(add.map(({ pool }) => pool))]
  const read = pools.map(pool => {
    const documents = add
      .filter(one => one.pool === pool)
      .map(one =>
        'product' in one
          ? { path: one.product, text: productText(one.product) }
          : { path: one.path, text: one.text },
      )
    const opened = openFleet(context, { documents, noSkip })
    return { hosts: hostsOf(opened).map(host => ({ ...host, pool })), notes: opened.notes }
  })
  return { hosts: read.flatMap(({ hosts }) => hosts), notes: read.flatMap(({ notes }) => notes) }
}

const readHosts = (context: Context, path: string, text: string): readonly HostOfArch[] =>
  hostsOf(openFleet(context, { documents: [{ path, text }] }))

const hostsOf = (opened: OpenedFleet): readonly HostOfArch[] =>
  viewsOf(opened).flatMap(({ fleet }) => fleet.hosts.map(host => ({ arch: fleet.arch, host })))

function onlyHost(context: Context, name: string, text: string): HostOfArch {
  const [host, ...more] = readHosts(context, name, text)
  if (host && more.length === 0) return host
  throw new BadRequest(`replace: one host must take the place of ${name}, not ${host ? more.length + 1 : 0}`)
}
