import { ParseError } from '../../core/parse-error.ts'
import { mapAll } from '../../host/files/file-error.ts'
import { filesOf, type InputFile, readWhole, readWholeText } from '../../host/files/files.ts'
import { adviseQuestion } from '../../questions/advise/question.ts'
import { drainQuestion } from '../../questions/drain/question.ts'
import type { WrittenPool } from '../../questions/input/fleet/fleet-yaml.ts'
import type { PoolAnswer, PoolsAnswer } from '../../questions/pools/answer.ts'
import { poolsQuestion } from '../../questions/pools/question.ts'
import { whatIfQuestion } from '../../questions/what-if/question.ts'
import { hostsAt } from '../../questions/words/cells.ts'
import type { Arguments } from '../arguments.ts'
import { FLEET, ownCommand } from '../own.ts'
import { PLAN_FIELDS, WRITE_FIELDS } from '../question-options.ts'
import { UsageError } from '../spec.ts'
import { SAVE_CPU, saveCpus, WRITE_FLEET, writeFleet } from '../write-fleet.ts'

export const poolsCommand = ownCommand({
  question: poolsQuestion,
  description:
    'Find the best pools for a fleet: for each number of pools up to k the best partition, what one more pool gains, and ' +
    'whether that is proved; then the members for k. Value is the sum of hosts’ weights times the worth of what their ' +
    'pool’s guests get (docs/fleet-theory.md). Exit status 1: no partition keeps the constraints.',
  example: 'virt-cpu pools examples/fleet examples/fleet-amd --pools 4',
  fields: { ...PLAN_FIELDS, ...WRITE_FIELDS },
  options: [WRITE_FLEET, SAVE_CPU],
  async write(args, answers, given, session) {
    await writeFleet(
      args,
      answers.flatMap(answer => writtenPools(answer, answer.pools)),
      given,
    )
    await saveCpus(args, given, session)
  },
  status: ({ pools }) => (pools.length > 0 ? 0 : 1),
})

export const adviseCommand = ownCommand({
  question: adviseQuestion,
  description:
    'Recommend a strategy for a fleet: passthrough (all of each host’s CPU), generic (one of QEMU’s models or an x86-64 ' +
    'level for all), groups (a handful of pools, one baseline each), common (one baseline). Each with what it gives and ' +
    'loses on this fleet.',
  example: 'virt-cpu advise examples/fleet',
  fields: { ...PLAN_FIELDS, ...WRITE_FIELDS },
  options: [WRITE_FLEET],
  write: (args, answers, given) =>
    writeFleet(
      args,
      answers.flatMap(answer => {
        const { pools = [] } = answer.strategies.find(({ strategy }) => strategy === answer.take) ?? {}
        return writtenPools(answer, pools)
      }),
      given,
    ),
})

/** Pools of an answer as a fleet file has them. */
const writtenPools = (
  { groups, definitions }: Pick<PoolsAnswer, 'groups' | 'definitions'>,
  pools: readonly Pick<PoolAnswer, 'name' | 'inGroups' | 'definition'>[],
): WrittenPool[] =>
  pools.map(({ name, inGroups, definition }) => ({
    name,
    hosts: hostsAt(groups, inGroups),
    cpu: definition === null ? undefined : definitions[definition]?.xml,
  }))

const CHANGES = ['remove', 'replace', 'add', 'move', 'drop', 'apply', 'upgrade', 'kernel', 'machine']

export const whatIfCommand = ownCommand({
  question: whatIfQuestion,
  description:
    'Compute what a change does to every pool (features, level, model, value) and to guests. Changes are made in ' +
    'this order: hosts are removed, replaced, added and moved, effects dropped and applied, programs upgraded. An effect is ' +
    'one that --effects lists, or features with signs: +md-clear,-hle. catalogue:PRODUCT stands for a server CPU that ' +
    '--products lists, in place of a file: --add prod=catalogue:EPYC-9655. Of upgrades the answer says which guests ' +
    'survive the move there and back as they run, and what changes at their next start.',
  example: 'virt-cpu what-if examples/forty --upgrade qemu=11.1,libvirt=12.8@intel --remove kvm-a09',
  fleets: { documents: { ...FLEET, required: false } },
  fields: {
    remove: { value: 'host' },
    replace: { value: 'host=file', read: texts => mapAll(texts, readReplacement) },
    add: { value: 'pool=path', read: texts => mapAll(texts, readAdditions).flat() },
    move: { value: 'host=pool', read: texts => texts.map(readMove) },
    drop: { value: 'effect' },
    apply: { value: 'effect' },
    upgrade: { value: 'qemu=version,…' },
    kernel: { value: 'version' },
    machine: { value: 'type' },
  },
  check: checkChanges,
})

/** @throws UsageError where no fleet or no change was given */
function checkChanges(args: Arguments): void {
  if (args.has('effects') || args.has('products')) return
  if (!args.has('fleet')) throw new UsageError("command 'what-if' requires <fleet> option")
  if (!CHANGES.some(name => args.has(name)))
    throw new UsageError(
      'say what to change: --remove, --replace, --add, --move, --drop, --apply, --upgrade, --kernel or --machine',
    )
}

/** What names a product of the catalogue where a file could stand: `catalogue:EPYC-9655`. */
const PRODUCT = 'catalogue:'

function readReplacement(text: string) {
  const [host, file] = splitAtEquals(text, '--replace takes HOST=FILE')
  if (file.startsWith(PRODUCT)) return { host, product: file.slice(PRODUCT.length) }
  return { host, text: readWholeText(file) }
}

function readAdditions(text: string) {
  const [pool, path] = text.includes('=') ? splitAtEquals(text, '--add takes POOL=PATH') : [undefined, text]
  if (path.startsWith(PRODUCT)) return [{ pool, product: path.slice(PRODUCT.length) }]
  return mapAll([...filesOf([path])], file => ({ pool, path: file.path, text: textOf(file) }))
}

function readMove(text: string) {
  const [host, pool] = splitAtEquals(text, '--move takes HOST=POOL')
  return { host, pool }
}

/** Of a directory's file that cannot be read as text, what the question can tell what it seems to be by. @throws FileError, ParseError */
function textOf({ path, named }: InputFile): string {
  try {
    return readWholeText(path)
  } catch (error) {
    if (named || !(error instanceof ParseError)) throw error
    return readWhole(path, HEAD)?.toString('latin1') ?? '\0'
  }
}

const HEAD = 4096

function splitAtEquals(text: string, usage: string): [string, string] {
  const at = text.indexOf('=')
  if (at <= 0 || at === text.length - 1) throw new UsageError(`${usage}, not '${text}'`)
  return [text.slice(0, at), text.slice(at + 1)]
}

export const drainCommand = ownCommand({
  question: drainQuestion,
  description:
    'Plan a rolling upgrade: in which order to empty hosts and where each guest goes, which guests have nowhere to go if ' +
    'their host dies, and which run with another CPU than their pool offers. Status 1 where a guest must be powered off.',
  example: 'virt-cpu drain examples/fleet --apply tsx-off',
  fields: { hosts: { name: 'only', value: 'host' }, apply: { value: 'effect' } },
  status: ({ steps }) => (steps.some(({ powerOffs: stuck }) => stuck.length > 0) ? 1 : 0),
})
