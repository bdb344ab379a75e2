import { archOfModel, requireDriver } from '../../arch/registry.ts'
import type { GuestCpu } from '../../core/cpu.ts'
import { ParseError } from '../../core/parse-error.ts'
import { loadYamlFor } from '../../formats/dialects.ts'
import { isObject, member } from '../../formats/json/json.ts'
import { parseCpu } from '../../formats/libvirt/parse-cpu.ts'
import { printCpu } from '../../formats/libvirt/print-cpu.ts'
import { printQemuCpu } from '../../formats/qemu/cpu-argument.ts'
import { toLibvirtName } from '../../formats/qemu/names.ts'
import { parseSshHost, sshArguments } from '../../host/collect/targets.ts'
import { readWholeText } from '../../host/files/files.ts'
import { readFleet } from '../../host/files/fleet.ts'
import { findEmulator } from '../../host/qemu/emulator.ts'
import { REGISTER_GUESTS, readerOfRegisters, readerOfWords } from '../../host/qemu/firmware.ts'
import type { Site } from '../../host/qemu/site.ts'
import { runTrial } from '../../host/qemu/trial.ts'
import { settingsAt } from '../../qemu/guest/check-settings.ts'
import { type GuestRequest, requestOfGuest } from '../../qemu/guest/parse-request.ts'
import { placesToRead } from '../../qemu/guest/predict-words.ts'
import { turnOffBeyond } from '../../qemu/guest/wanted-features.ts'
import type { Context } from '../../questions/context.ts'
import { definitionsIn } from '../../questions/convert/question.ts'
import { type GuestStart, prepareGuest, startPlaceOf } from '../../questions/guest-check/compute.ts'
import { viewOf } from '../../questions/input/fleet/view.ts'
import type { Hypervisor } from '../../questions/input/hypervisor.ts'
import { type GivenGuest, listGuests } from '../../questions/input/read.ts'
import { guestOfExpression, poolCpuOf } from '../../questions/pools/choice.ts'
import type { Trial } from '../../questions/verify/answer.ts'
import { claimsOf } from '../../questions/verify/compute.ts'
import { verifyQuestion } from '../../questions/verify/question.ts'
import type { Note } from '../../questions/words/note.ts'
import { parseXml } from '../../xml/reader.ts'
import type { Arguments } from '../arguments.ts'
import { openHypervisor } from '../hypervisor.ts'
import { ownCommand } from '../own.ts'
import { CommandError, UsageError } from '../spec.ts'
import { thisHost } from '../virsh/hosts.ts'

const ACCELERATORS = ['kvm', 'tcg']

export const command = ownCommand({
  question: verifyQuestion,
  description:
    'Prove that a CPU for guests is what it is said to be: start QEMU with it and `enforce`, with a guest of a few hundred ' +
    'bytes that reads every word of its CPUID, compare the words with those predicted, migrate the guest to a second QEMU, ' +
    'and compare again. Needs QEMU; no root, no network and no disk image. Status 0: proven; 1: refused, or something ' +
    'differs.',
  example: 'virt-cpu verify examples/guests/web.xml --accel tcg',
  inputs: {
    placeholders: { trials: undefined },
    arguments: [
      {
        name: 'guest',
        value: 'string',
        positional: 'one',
        help: 'guests, or hosts for whose guests a CPU is chosen, in any format; an answer of virt-cpu; - for standard input',
      },
      {
        name: 'fleet',
        value: 'path',
        repeats: true,
        help: 'the CPU of each pool of a fleet: files and directories of hosts, or a fleet.yaml',
      },
      {
        name: 'accel',
        value: 'name',
        words: ACCELERATORS,
        help: 'what runs the guest; absent: KVM where it can be used, or what the domain says',
      },
      { name: 'machine', value: 'string', help: "machine type; absent: the domain's, or QEMU's default" },
      { name: 'emulator', value: 'string', help: 'path of QEMU; absent: qemu-system-x86_64 on the PATH' },
      {
        name: 'peer',
        value: 'host',
        repeats: true,
        help: 'migrate to this host over ssh: user@host, or a name that ssh knows; it needs QEMU and a shell',
      },
      {
        name: 'all',
        help: 'from each host to each other: of this one and the peers; without peers, of the hosts of each pool',
      },
      { name: 'ssh-config', value: 'file', help: "ssh's configuration instead of the user's own" },
    ],
    open: openTrials,
  },
  options: [{ name: 'strict', help: 'status 1 also where nothing is known of the model' }],
  check(args) {
    if (!args.has('guest') && !args.has('fleet')) throw new UsageError('give a GUEST, - or --fleet')
    const accel = args.get('accel')
    if (accel !== undefined && !ACCELERATORS.includes(accel))
      throw new UsageError(`--accel must be one of ${ACCELERATORS.join(', ')}, not '${accel}'`)
    if (args.has('all') && !args.has('peer') && (args.has('guest') || !args.has('fleet')))
      throw new UsageError('--all is of several hosts: give --peer, or --fleet alone')
  },
  status: ({ verdict }, args) =>
    verdict === 'proven' || (verdict === 'unknown' && !args.has('strict')) ? 0 : 1,
})

async function openTrials(args: Arguments, context: Context) {
  const path = args.get('guest')
  const notes: Note[] = []
  const guests: VerifiedGuest[] = path === undefined ? [] : await readGuestsOf(context, path)
  if (args.has('fleet')) {
    const read = await readPools(context, args.all('fleet'))
    guests.push(...read.guests)
    notes.push(...read.notes)
  }
  const trials: Trial[] = []
  for (const guest of guests) trials.push(...(await tryGuest(context, guest, args)))
  return { input: { trials }, notes }
}

/** A guest, and for one of a pool the pool's hosts. */
interface VerifiedGuest extends GivenGuest {
  readonly hosts?: readonly string[]
}

const HERE: Site = { name: 'this host' }

/** Between which hosts a guest is migrated. @throws ParseError for what is no host */
function pairsFor({ hosts = [] }: VerifiedGuest, args: Arguments): (readonly [from: Site, to: Site])[] {
  const config = args.get('ssh-config')
  const reach = (name: string): Site => ({ name, ssh: sshArguments(parseSshHost(name), config) })
  const peers = [...new Set(args.all('peer'))].map(reach)
  if (!args.has('all')) return (peers.length > 0 ? peers : [HERE]).map(to => [HERE, to])
  const sites = peers.length > 0 ? [HERE, ...peers] : hosts.map(reach)
  if (sites.length < 2) return [[sites[0] ?? HERE, sites[0] ?? HERE]]
  return sites.flatMap(from => sites.filter(to => to !== from).map(to => [from, to] as const))
}

/** @throws FileError, ParseError, LibvirtError for a text of which no CPU for guests can be had */
async function readGuestsOf(context: Context, path: string): Promise<GivenGuest[]> {
  const text = readWholeText(path)
  await loadYamlFor(text)
  const answered = readAnswer(text)
  if (answered.length > 0) return answered
  const found = listGuests(text, path, context.libvirt)
  if (found.length > 0) return found
  return definitionsIn(context, text, undefined, path).definitions.map(({ name, cpu }) => givenCpu(name, cpu))
}

const givenCpu = (name: string | undefined, cpu: GuestCpu): GivenGuest => ({
  name,
  request: () => requestOfGuest({ kind: 'guest', layer: 'defined', name, cpu, vcpus: vcpusOf(cpu) }),
})

/** As many as a topology has room for. */
function vcpusOf({ topology }: GuestCpu): number {
  if (!topology) return 1
  const { sockets, dies, clusters, cores, threads } = topology
  return sockets * dies * clusters * cores * threads
}

/** The CPUs in an answer of ours: what stands in it under `xml`, each by the name of the pool that it is of. */
function readAnswer(text: string): GivenGuest[] {
  if (!/^\s*\{/.test(text)) return []
  try {
    const answer: unknown = JSON.parse(text)
    return member(answer, 'schema') === undefined ? [] : cpusIn(answer, undefined)
  } catch (error) {
    if (error instanceof SyntaxError) return []
    throw error
  }
}

function cpusIn(value: unknown, name: string | undefined): GivenGuest[] {
  if (Array.isArray(value)) return value.flatMap(one => cpusIn(one, name))
  if (!isObject(value)) return []
  const own = [value.pool, value.name, value.label].find(one => typeof one === 'string') ?? name
  const { xml } = value
  if (typeof xml === 'string' && xml.startsWith('<cpu')) {
    const cpu = parseCpu(parseXml(xml, 'xml'), 'guest')
    return [
      givenCpu(
        typeof own === 'string' ? own : undefined,
        cpu.type === 'guest' ? cpu : { ...cpu, type: 'guest' },
      ),
    ]
  }
  return Object.values(value).flatMap(one => cpusIn(one, typeof own === 'string' ? own : undefined))
}

/** What of a host's label is where its file was found. */
const PATH = /^.*\/|\.(?:xml|txt|json|ya?ml)$/g

/** @throws CommandError for a fleet no pool of which has a CPU */
async function readPools(context: Context, paths: readonly string[]) {
  const { fleet, notes } = await readFleet(context, paths)
  const view = viewOf(context, fleet)
  const guests = view.pools.flatMap(({ label, groups }) => {
    const { definition } = poolCpuOf(view, groups)
    const hosts = groups.flatMap(group => group.hosts.map(({ name }) => name.replace(PATH, '')))
    return definition ? [{ ...givenCpu(label || undefined, guestOfExpression(definition)), hosts }] : []
  })
  if (guests.length === 0) throw new CommandError([`no pool of ${paths.join(' ')} has a CPU for guests`])
  return { guests, notes }
}

/** The architectures of guests that read words of CPUID; others read registers. */
const X86: readonly string[] = ['x86_64', 'i686']

/** Starts a guest and migrates it, between each two hosts anew. */
async function tryGuest(context: Context, given: VerifiedGuest, args: Arguments): Promise<Trial[]> {
  const pairs = pairsFor(given, args)
  const { setup, known } = await prepareTrial(context, given, args)
  const trials: Trial[] = []
  for (const [from, to] of pairs) {
    const { offered, qemu, ...own } = known
    // What another host offers is not known here; which QEMU it has, itself says.
    const ofHost = from.ssh ? {} : { ...(qemu ? { qemu } : {}), ...(offered ? { offered } : {}) }
    const result = await runTrial({ ...setup, from, to })
    trials.push({ ...own, ...ofHost, from: from.name, to: to.name, ...result })
  }
  return trials
}

async function prepareTrial(context: Context, { name, request }: VerifiedGuest, args: Arguments) {
  const asked = request()
  const { arch = archOfModel(context.map, asked.cpu?.model) } = asked
  const isX86 = X86.includes(arch)
  const reads = REGISTER_GUESTS[arch]?.()
  if (!isX86 && !reads) {
    const known = [...X86, ...Object.keys(REGISTER_GUESTS)].join(', ')
    throw new CommandError([`${name ?? 'the guest'} is of ${arch}: verify has guests of ${known} alone`])
  }
  const hypervisor = await openFor(asked, arch, args)
  const { accelerator } = hypervisor.choice
  const own = accelerator === 'tcg' ? undefined : (await thisHost(context)).value
  const start = prepareGuest(context, requestFor(asked, hypervisor), startPlaceOf(context, hypervisor, own))
  const { capabilities, choice } = hypervisor
  const { machine: { name: machine } = {} } = choice
  if (machine === undefined) throw new ParseError('QEMU has no machine type', choice.binary)
  if (reads && !reads.machine.test(machine))
    throw new CommandError([
      `${name ?? 'the guest'} is of machine ${machine}: on it verify's guest of ${arch} does not run`,
    ])
  const { major, minor, micro } = capabilities.version ?? {}
  const offered = offeredBy(hypervisor)
  const { vcpus, vcpusAtStart } = asked
  const version = major === undefined ? undefined : `${major}.${minor}`
  const known = offered && new Set(offered)
  const cpu = isX86
    ? turnOffBeyond({ cpu: start.cpu, vcpus, accelerator, machine, qemu: version, offered: known })
    : start.cpu
  const argument = isX86 ? printEnforced(start, cpu) : start.argument
  const setup = {
    binary: choice.binary,
    accelerator,
    guest: { name, machine, cpu: argument, vcpus, vcpusAtStart, topology: cpu.topology },
    reader: reads
      ? readerOfRegisters(reads, [...claimsOf(requireDriver(context.map, arch), cpu).keys()])
      : readerOfWords(placesToRead()),
  }
  const qemu = major === undefined ? undefined : `${major}.${minor}.${micro}`
  const about = {
    guest: name ?? null,
    cpu: printCpu(cpu),
    ...(isX86 ? {} : { arch }),
    vcpus,
    argument,
    accelerator,
    machine,
  }
  return { setup, known: { ...about, qemu, offered } }
}

async function openFor(asked: GuestRequest, arch: string, args: Arguments): Promise<Hypervisor> {
  const accel = args.get('accel')
  const own = asked.virttype === 'qemu' ? 'qemu' : undefined
  const virttype = accel === undefined ? own : accel === 'tcg' ? 'qemu' : 'kvm'
  const emulator = args.get('emulator') ?? findEmulator(arch)
  if (emulator === undefined)
    throw new CommandError([`there is no qemu-system-${arch} on the PATH: verify needs QEMU to run guests`])
  return openHypervisor({ arch, virttype, emulator, machine: args.get('machine') ?? asked.machine })
}

/** The guest as it is asked of the hypervisor that was chosen. */
const requestFor = (asked: GuestRequest, { choice }: Hypervisor): GuestRequest => ({
  ...asked,
  virttype: choice.virttype,
  machine: choice.machine?.name,
})

/** What libvirt tells QEMU of the domain, with another CPU, and `enforce`. */
function printEnforced({ place, request }: GuestStart, cpu: GuestCpu): string {
  const known = place.capabilities.accelerators.get(place.choice.accelerator)?.host?.properties
  return printQemuCpu(cpu, known, [...settingsAt(place, request.settings), ['enforce', 'on']])
}

/** What the accelerator can give guests; undefined where QEMU does not tell. */
function offeredBy({ capabilities, choice }: Hypervisor): string[] | undefined {
  const host = capabilities.accelerators.get(choice.accelerator)?.host
  const all = host && [...host.properties, ...(host.unmigratable ?? [])]
  return all && [...new Set(all.flatMap(([name, value]) => (value === true ? [toLibvirtName(name)] : [])))]
}
