import type { FleetChange } from '../../fleet/what-if.ts'
import { readFleet } from '../../node/fleet.ts'
import { hostNamed, hostsNamed } from '../../verbs/fleet/host-named.ts'
import { effectNamed, effects, whatIfAnswer } from '../../verbs/fleet/what-if.ts'
import type { Arguments } from '../arguments.ts'
import type { Command } from '../command.ts'
import { databaseOf } from '../database.ts'
import { FLEET, type GivenFleet, givenFleet, printAnswer } from '../fleet/given.ts'
import { reportEffects, reportWhatIf } from '../fleet/what-if.ts'
import { FORMS } from '../look.ts'
import { UsageError } from '../spec.ts'

export const command: Command = {
  spec: {
    name: 'what-if',
    description:
      'Tell what a change would do to every pool (features, level, model, value) and to guests. Changes are made in ' +
      'this order: hosts are removed, replaced and added, then effects dropped and applied. An effect is one that ' +
      '--effects lists, or features with signs: +md-clear,-hle.',
    options: [
      { ...FLEET, required: false },
      { name: 'remove', value: 'host', repeats: true, help: 'a host that goes; * stands for any characters' },
      {
        name: 'replace',
        value: 'host=file',
        repeats: true,
        help: 'a host, and the file whose CPU takes its place',
      },
      {
        name: 'add',
        value: 'pool=path',
        repeats: true,
        help: 'a pool, and the file or directory of hosts that join it',
      },
      { name: 'drop', value: 'effect', repeats: true, help: 'an effect that ends: EFFECT or EFFECT@HOST' },
      { name: 'apply', value: 'effect', repeats: true, help: 'an effect that comes: EFFECT or EFFECT@HOST' },
      { name: 'effects', help: 'list the effects there are' },
      ...FORMS,
    ],
    example: 'virt-cpu what-if examples/fleet --apply tsx-off --remove examples/fleet/sky-03.xml',
    style: 'own',
  },

  async run(args, session) {
    if (args.has('effects')) {
      const list = effects({ db: await databaseOf(session) })
      await printAnswer(session, args, { effects: list }, report => reportEffects(report, list), [])
      return 0
    }
    const paths = args.all('fleet')
    if (paths.length === 0) throw new UsageError("command 'what-if' requires <fleet> option")
    const given = await givenFleet(session, paths)
    const changes = await changesOf(args, given)
    if (changes.length === 0)
      throw new UsageError('say what to change: --remove, --replace, --add, --drop or --apply')
    const answer = whatIfAnswer(given.context, given.view, changes)
    await printAnswer(session, args, answer, report => reportWhatIf(report, answer), given.notes)
    return 0
  },
}

async function changesOf(args: Arguments, given: GivenFleet): Promise<FleetChange[]> {
  const { hosts } = given.view.fleet
  const removed = args.all('remove').flatMap(pattern => hostsNamed(hosts, pattern))
  return [
    ...removed.map(name => ({ kind: 'remove', name }) as const),
    ...(await each(args.all('replace'), text => replacement(given, text))),
    ...(await each(args.all('add'), text => additions(given, text))),
    ...args.all('drop').map(text => effectChange('drop', given, text)),
    ...args.all('apply').map(text => effectChange('apply', given, text)),
  ]
}

async function each<T>(texts: readonly string[], read: (text: string) => Promise<T[]>): Promise<T[]> {
  const all: T[] = []
  for (const text of texts) all.push(...(await read(text)))
  return all
}

async function replacement({ context, view }: GivenFleet, text: string): Promise<FleetChange[]> {
  const [name, file] = halves(text, '--replace takes HOST=FILE')
  const { fleet } = await readFleet(context, [file])
  const [by, ...more] = fleet.hosts
  if (!by || more.length > 0)
    throw new UsageError(`--replace takes one host; ${file} has ${fleet.hosts.length}`)
  return [{ kind: 'replace', name: hostNamed(view.fleet.hosts, name).name, by }]
}

async function additions({ context, view }: GivenFleet, text: string): Promise<FleetChange[]> {
  const [pool, path] = text.includes('=') ? halves(text, '--add takes POOL=PATH') : ['', text]
  const { fleet } = await readFleet(context, [path])
  const taken = new Set(view.fleet.hosts.map(({ name }) => name))
  return fleet.hosts.map(host => ({
    kind: 'add',
    host: { ...host, name: freeName(taken, host.name), pool: pool || undefined },
  }))
}

/** A host of a name that is taken is another one all the same. */
function freeName(taken: Set<string>, name: string): string {
  let free = name
  for (let n = 2; taken.has(free); n++) free = `${name} (${n})`
  taken.add(free)
  return free
}

function effectChange(kind: 'apply' | 'drop', { context, view }: GivenFleet, text: string): FleetChange {
  const at = text.indexOf('@')
  if (at < 0) return { kind, effect: effectNamed(context, text) }
  const hosts = new Set(hostsNamed(view.fleet.hosts, text.slice(at + 1)))
  return { kind, effect: effectNamed(context, text.slice(0, at)), hosts }
}

function halves(text: string, usage: string): [string, string] {
  const at = text.indexOf('=')
  if (at <= 0 || at === text.length - 1) throw new UsageError(`${usage}, not '${text}'`)
  return [text.slice(0, at), text.slice(at + 1)]
}
