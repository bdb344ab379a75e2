import { isObject, member } from '../../src/formats/json/json.ts'
import { printCpu } from '../../src/formats/libvirt/print-cpu.ts'
import { parseCpuArgument } from '../../src/formats/platforms/qemu-command.ts'
import { toLibvirtName } from '../../src/formats/qemu/names.ts'
import { findEmulator } from '../../src/host/qemu/emulator.ts'
import { readerOfWords } from '../../src/host/qemu/firmware.ts'
import { probeQemu } from '../../src/host/qemu/probe.ts'
import { Qemu } from '../../src/host/qemu/qemu.ts'
import { runTrial } from '../../src/host/qemu/trial.ts'
import { placesToRead } from '../../src/qemu/guest/predict-words.ts'
import {
  FEATURES,
  listWanted,
  resolveModel,
  type WordsRequest,
} from '../../src/qemu/guest/wanted-features.ts'
import { readQemuCapabilities } from '../../src/qemu/qmp/read-capabilities.ts'
import { verify } from '../../src/questions/library.ts'
import type { Draw } from '../random.ts'

/** What the two say to one question, as text. */
export interface QemuAnswer {
  readonly question: string
  readonly ours: string
  readonly theirs: string
}

/** How many questions one QEMU is asked. */
const AT_ONCE = 100

/** One question in so many is asked of a guest that starts, reads its CPUID and migrates. */
const GUEST_IN = 12

/** `Haswell-v2`, `+avx,aes=off` and the machine type that it is asked on. */
interface Asked {
  readonly model: string
  readonly switches: readonly (readonly [property: string, isOn: boolean])[]
}

/** Asks the installed QEMU's emulation and us about random `-cpu` arguments. */
export async function* askQemu(count: number, draw: Draw, folder: string): AsyncGenerator<QemuAnswer> {
  const emulation = await openEmulation(folder)
  for (let left = count; left > 0; left -= AT_ONCE) {
    const machine = draw.pick(emulation.machines)
    const qemu = await Qemu.start(emulation.binary, {
      accelerator: 'tcg',
      guest: { machine, cpu: 'max', vcpus: 1 },
    })
    try {
      await qemu.ask({ execute: 'qmp_capabilities' })
      for (let i = Math.min(left, AT_ONCE); i > 0; i--) {
        const asked = makeAsked(emulation, draw)
        yield draw.number(GUEST_IN) === 0
          ? await askGuest(emulation, machine, asked, draw)
          : await askExpansion(emulation, machine, asked, qemu)
      }
    } finally {
      qemu.end()
    }
  }
}

interface Emulation {
  readonly binary: string
  /** `10.0` */
  readonly version: string
  readonly machines: readonly string[]
  readonly models: readonly string[]
  /** The properties that switch a feature. */
  readonly properties: readonly string[]
  /** Features that the emulation gives, in libvirt's names. */
  readonly offered: ReadonlySet<string>
}

/** @throws Error where no QEMU is installed */
async function openEmulation(folder: string): Promise<Emulation> {
  const binary = findEmulator('x86_64')
  if (binary === undefined) throw new Error('no QEMU for x86 is installed')
  const capabilities = readQemuCapabilities(await probeQemu({ binary, cache: folder }))
  const { major = 0, minor = 0 } = capabilities.version ?? {}
  const { host, models = [] } = capabilities.accelerators.get('tcg') ?? {}
  const given = [...(host?.properties ?? []), ...(host?.unmigratable ?? [])]
  const qemu = await Qemu.start(binary, { accelerator: 'tcg' })
  await qemu.ask({ execute: 'qmp_capabilities' })
  const properties = await expand(qemu, 'max', {})
  qemu.end()
  return {
    binary,
    version: `${major}.${minor}`,
    machines: (capabilities.accelerators.get('tcg')?.machines ?? []).flatMap(({ name }) =>
      MACHINE.test(name) ? name : [],
    ),
    models: models.flatMap(({ name }) => (/^(?:base|max|host)$/.test(name) ? [] : name)),
    properties: [...switchesIn(properties).values()],
    offered: new Set(given.flatMap(([name, value]) => (value === true ? toLibvirtName(name) : []))),
  }
}

/** One property for each feature: some have two, as `cmp_legacy` and `cmp-legacy`. */
const switchesIn = (properties: ReadonlyMap<string, unknown>): Map<string, string> =>
  new Map(
    [...properties].flatMap(([name, value]) => {
      const feature = toLibvirtName(name)
      return typeof value === 'boolean' && FEATURES().has(feature) ? [[feature, name] as const] : []
    }),
  )

/** Machine types of which all is predicted: older ones have switches of their own, as `intel-pt=off` up to 3.1. */
const MACHINE = /^(?:pc-q35|pc-i440fx)-(?:[4-9]|\d\d)\.\d+$/

function makeAsked({ models, properties }: Emulation, draw: Draw): Asked {
  const names = draw.some(properties, draw.pick([0, 3, 8, 25]))
  return { model: draw.pick(models), switches: names.map(name => [name, draw.chance(0.6)] as const) }
}

/** In one of the ways in which QEMU reads it. */
const argumentOf = ({ model, switches }: Asked, draw?: Draw): string =>
  [
    model,
    ...switches.map(([name, isOn]) =>
      draw?.chance(0.5) ? `${isOn ? '+' : '-'}${name}` : `${name}=${isOn ? 'on' : 'off'}`,
    ),
  ].join(',')

const requestOf = ({ version }: Emulation, machine: string, argument: string): WordsRequest => ({
  cpu: parseCpuArgument(argument),
  ...{ vcpus: 1, accelerator: 'tcg', machine, qemu: version },
})

/** What the model comes to, as QEMU expands it: before anything is taken out that the emulation cannot give. */
async function askExpansion(
  emulation: Emulation,
  machine: string,
  asked: Asked,
  qemu: Qemu,
): Promise<QemuAnswer> {
  const argument = argumentOf(asked)
  const request = requestOf(emulation, machine, argument)
  const model = resolveModel(request)
  const wanted = model ? [...listWanted(request, model).wanted] : []
  const expanded = await expand(qemu, asked.model, Object.fromEntries(asked.switches))
  const asksVmx = asked.switches.some(([name, isOn]) => name === 'vmx' && isOn)
  const on = [...expanded].flatMap(([name, value]) => (value === true ? toLibvirtName(name) : []))
  // Known: of a model without vmx of its own our data lack the details that QEMU adds with it.
  const isKnown = (name: string) => FEATURES().has(name) && !(asksVmx && name.startsWith('vmx-'))
  const { family, model: number, stepping } = model?.facts.signature ?? {}
  const facts = ['vendor', 'family', 'model', 'stepping', 'model-id']
  return {
    question: `expansion of ${argument} on ${machine}`,
    ours: printed(wanted.filter(isKnown), [model?.vendorId, family, number, stepping, model?.facts.brand]),
    theirs: printed(
      on.filter(isKnown),
      facts.map(name => expanded.get(name)),
    ),
  }
}

/** @returns properties by name; one, `error`, where QEMU refuses */
async function expand(qemu: Qemu, name: string, props: object): Promise<Map<string, unknown>> {
  const reply = await qemu.ask({
    execute: 'query-cpu-model-expansion',
    arguments: { type: 'full', model: { name, props } },
  })
  const found = member(member(member(reply, 'return'), 'model'), 'props')
  return new Map(isObject(found) ? Object.entries(found) : [['error', member(reply, 'error')]])
}

function printed(features: readonly string[], facts: readonly unknown[]): string {
  const known = [...new Set(features)].sort()
  return [...known, ...facts.map(fact => JSON.stringify(fact) ?? 'nothing')].join('\n')
}

/** What a guest sees, here and after a migration, beside what was predicted. */
async function askGuest(
  emulation: Emulation,
  machine: string,
  asked: Asked,
  draw: Draw,
): Promise<QemuAnswer> {
  const argument = argumentOf(asked, draw)
  const guest = { machine, cpu: argument, vcpus: 1 }
  const reader = readerOfWords(placesToRead())
  const seen = await runTrial({ binary: emulation.binary, accelerator: 'tcg', guest, reader })
  const { guests } = verify({
    trials: [
      {
        ...{
          guest: argument,
          cpu: printCpu(parseCpuArgument(argument)),
          vcpus: 1,
          argument,
          accelerator: 'tcg',
          machine,
        },
        ...{ from: 'here', to: 'here', offered: [...emulation.offered], qemu: emulation.version },
        ...seen,
      },
    ],
  })
  const [{ verdict, differences = [], changes = [], message = '' } = {}] = guests as readonly Proof[]
  const wrong = verdict === 'proven' ? [] : [verdict, message, ...differences, ...changes]
  return {
    question: `guest of ${argument} on ${machine}`,
    ours: '',
    theirs: wrong.map(one => JSON.stringify(one)).join('\n'),
  }
}

interface Proof {
  readonly verdict: string
  readonly message?: string
  readonly differences: readonly object[]
  readonly changes: readonly object[]
}
