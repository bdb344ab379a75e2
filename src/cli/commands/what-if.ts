import { readFleet } from '../../host/files/fleet.ts'
import type { Context } from '../../questions/context.ts'
import { changesOf, effects, type WantedChanges, whatIfAnswer } from '../../questions/what-if/compute.ts'
import { reportEffects, reportWhatIf } from '../../questions/what-if/report.ts'
import type { Arguments } from '../arguments.ts'
import { FLEET, type GivenFleet, givenFleet, printAnswer } from '../fleet-input.ts'
import { FORMS } from '../print-report.ts'
import type { Command } from '../run.ts'
import { openContext } from '../session.ts'
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
      const list = effects(await openContext(session))
      await printAnswer(session, args, { effects: list }, report => reportEffects(report, list), [])
      return 0
    }
    const paths = args.all('fleet')
    if (paths.length === 0) throw new UsageError("command 'what-if' requires <fleet> option")
    const given = await givenFleet(session, paths)
    const changes = changesOf(given.context, given.view.fleet.hosts, await wantedChanges(args, given))
    if (changes.length === 0)
      throw new UsageError('say what to change: --remove, --replace, --add, --drop or --apply')
    const answer = whatIfAnswer(given.context, given.view, changes)
    await printAnswer(session, args, answer, report => reportWhatIf(report, answer), given.notes)
    return 0
  },
}

async function wantedChanges(args: Arguments, { context }: GivenFleet): Promise<WantedChanges> {
  return {
    remove: args.all('remove'),
    replace: await each(args.all('replace'), text => replacement(context, text)),
    add: await each(args.all('add'), text => additions(context, text)),
    drop: args.all('drop'),
    apply: args.all('apply'),
  }
}

async function each<T>(texts: readonly string[], read: (text: string) => Promise<T[]>): Promise<T[]> {
  const all: T[] = []
  for (const text of texts) all.push(...(await read(text)))
  return all
}

async function replacement(context: Context, text: string) {
  const [host, file] = halves(text, '--replace takes HOST=FILE')
  const { fleet } = await readFleet(context, [file])
  const [by, ...more] = fleet.hosts
  if (!by || more.length > 0)
    throw new UsageError(`--replace takes one host; ${file} has ${fleet.hosts.length}`)
  return [{ host, by }]
}

async function additions(context: Context, text: string) {
  const [pool, path] = text.includes('=') ? halves(text, '--add takes POOL=PATH') : [undefined, text]
  const { fleet } = await readFleet(context, [path])
  return fleet.hosts.map(host => ({ pool, host }))
}

function halves(text: string, usage: string): [string, string] {
  const at = text.indexOf('=')
  if (at <= 0 || at === text.length - 1) throw new UsageError(`${usage}, not '${text}'`)
  return [text.slice(0, at), text.slice(at + 1)]
}
