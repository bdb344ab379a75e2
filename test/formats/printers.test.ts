import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { type Cpu, type GuestCpu, POLICIES } from '../../src/core/cpu.ts'
import { placeKey } from '../../src/core/feature.ts'
import { FeatureSet } from '../../src/core/feature-set.ts'
import { LibvirtError } from '../../src/core/libvirt-error.ts'
import { DIALECTS } from '../../src/formats/dialects.ts'
import { printCpuidR } from '../../src/formats/dumps/cpuid-r.ts'
import { findAnyModel } from '../../src/formats/express.ts'
import { joinCpus } from '../../src/formats/libvirt/find-cpus.ts'
import type { DefinitionPart, Printed, Printer } from '../../src/formats/printer.ts'
import { PRINTERS } from '../../src/formats/printers.ts'
import { printQemuCpu, qemuCpu } from '../../src/formats/qemu/cpu-argument.ts'
import { findPrinter, writeDefinition } from '../../src/formats/write.ts'
import { loadYaml } from '../../src/formats/yaml.ts'
import { CpuMap } from '../../src/map/cpu-map.ts'
import { contextOf } from '../../src/questions/context.ts'
import { definitionOf } from '../../src/questions/input/definition-of.ts'
import { askNow as ask } from '../ask-now.ts'
import { builtin } from '../built-in.ts'
import { runs } from '../effort.ts'
import { cpuidOf, guest, modelOf } from '../notation.ts'

const context = contextOf(CpuMap.builtIn())

beforeAll(loadYaml)

/** libvirt's, and the versions that only QEMU has. */
const allModels = [
  ...builtin().models.map(({ name }) => name),
  ...builtin().families.flatMap(({ versions }) =>
    versions.flatMap(({ qemuOnly, versioned }) => (qemuOnly && versioned ? [versioned.name] : [])),
  ),
]

const anyGuest = fc
  .record({
    model: fc.constantFrom(...allModels),
    features: fc.uniqueArray(
      fc.record({
        name: fc.constantFrom(...builtin().features.list.map(({ name }) => name)),
        policy: fc.constantFrom(...POLICIES),
      }),
      { selector: ({ name }) => name, maxLength: 20 },
    ),
    cache: fc.constantFrom(undefined, { mode: 'passthrough' }, { mode: 'emulate', level: 3 } as const),
    maxphysaddr: fc.constantFrom(undefined, { mode: 'passthrough', limit: 40 }, {
      mode: 'emulate',
      bits: 42,
    } as const),
    vendorId: fc.constantFrom(undefined, 'GenuineIotel'),
  })
  .map(({ model, ...rest }) => ({ ...guest(`exact ${model}`), ...rest }) as GuestCpu)

const db = builtin()

/** What the input dialect that an output dialect names makes of a text. */
function readBack({ readBy }: Printer, text: string): GuestCpu {
  const dialect = DIALECTS.find(({ name }) => name === readBy)
  const found = dialect?.read(text, 'printed') ?? []
  const [cpu] = found.flatMap((one): Cpu[] => {
    if (one.kind === 'guest') return [one.cpu]
    return joinCpus([one]).map(cpu => definitionOf(context, { ...cpu, source: 'printed' }, 'auto').value)
  })
  return cpu as GuestCpu
}

/** What a guest's definition means for each feature: a policy, or that it is not there. What the model has is required. */
function policiesOf(cpu: GuestCpu): ReadonlyMap<string, string> {
  const own =
    cpu.model === undefined ? [] : db.features.in(findAnyModel(cpu.model)?.features ?? FeatureSet.empty)
  const policies = new Map<string, string>(own.map(({ name }) => [name, 'require']))
  for (const { name, policy = 'require' } of cpu.features) {
    const isVoid = policy === 'disable' && cpu.mode !== 'host-passthrough' && !policies.has(name)
    if (!isVoid) policies.set(name, policy)
  }
  for (const [name, policy] of policies)
    if (policy === 'disable' && cpu.mode === 'custom') policies.delete(name)
  return policies
}

/** The features whose meaning differs. */
function differing(a: GuestCpu, b: GuestCpu): string[] {
  const [of, to] = [policiesOf(a), policiesOf(b)]
  return [...new Set([...of.keys(), ...to.keys()])].filter(name => of.get(name) !== to.get(name)).sort()
}

const canonical = (name: string | undefined): string | undefined =>
  name === undefined ? undefined : (findAnyModel(name)?.canonical ?? name)

/** The features that a list of what was not expressed is about. */
const listed = ({ notExpressed }: Printed): string[] => notExpressed.flatMap(({ features = [] }) => features)

const isListed = ({ notExpressed }: Printed, part: DefinitionPart): boolean =>
  notExpressed.some(one => one.part === part)

/** The dialects whose text names a model. */
const DEFINITIONS = ['libvirt', 'qemu', 'proxmox', 'proxmox-vm', 'nova', 'kubevirt']

describe.each(PRINTERS.filter(({ name }) => DEFINITIONS.includes(name)))('$name', printer => {
  const holds = (cpu: GuestCpu) => {
    const printed = printer.print(cpu)
    expect(printed.text).toMatch(/\S\n$/)
    const back = readBack(printer, printed.text)
    if (!isListed(printed, 'model')) expect(canonical(back.model)).toBe(canonical(cpu.model))
    expect(back.mode ?? 'custom').toBe(cpu.mode ?? 'custom')
    const told = new Set(listed(printed))
    expect(differing(cpu, back).filter(name => !told.has(name))).toEqual([])
    if (!isListed(printed, 'cache')) expect(back.cache).toEqual(cpu.cache)
    if (!isListed(printed, 'address-width')) expect(back.maxphysaddr).toEqual(cpu.maxphysaddr)
    if (!isListed(printed, 'vendor-id')) expect(back.vendorId).toBe(cpu.vendorId)
  }

  test('what is written is read back equal, but for what is listed', () => {
    fc.assert(fc.property(anyGuest, holds), { numRuns: runs(300) })
  })

  test('every model, alone', () => {
    for (const name of allModels) holds(guest(`exact ${name}`))
  })

  test('the modes that it has', () => {
    for (const mode of ['host-passthrough', 'maximum', 'host-model']) {
      for (const more of ['', ' disable:avx2', ' optional:avx2 disable:hle', ' require:avx2']) {
        try {
          holds(guest(mode + more))
        } catch (error) {
          if (!(error instanceof LibvirtError)) throw error
          expect(error.message).toMatch(/ has no mode /)
        }
      }
    }
  })
})

/** What guests of masks see of the host's CPU. */
const isShown = (cpu: GuestCpu, name: string): boolean =>
  !cpu.features.some(feature => feature.name === name && feature.policy === 'disable')

describe.each(PRINTERS.filter(({ name }) => ['xl', 'firecracker', 'vmx'].includes(name)))(
  '$name',
  printer => {
    test('hides what the CPU lacks, but for what is listed', () => {
      const compared = db.features.list.filter(
        ({ order, class: of }) => '&~'.includes(order) && of !== 'platform' && of !== 'volatile',
      )
      fc.assert(
        fc.property(anyGuest, cpu => {
          const printed = printer.print(cpu)
          const back = readBack(printer, printed.text)
          const [has, told] = [policiesOf(cpu), new Set(listed(printed))]
          const wrong = compared.filter(({ name, class: of }) => {
            const policy = has.get(name)
            // Details of vmx and svm mean nothing without them.
            if (
              of === 'nested' &&
              !/^(?:require|force)$/.test(has.get(name.startsWith('vmx-') ? 'vmx' : 'svm') ?? '')
            )
              return false
            return !told.has(name) && isShown(back, name) !== (policy !== undefined && policy !== 'forbid')
          })
          expect(wrong.map(({ name }) => name)).toEqual([])
          expect(isListed(printed, 'model')).toBe(true)
        }),
        { numRuns: runs(300) },
      )
    })
  },
)

test('xen-featureset: the words are read back, but for what is listed', () => {
  const printer = findPrinter('xen-featureset') as Printer
  fc.assert(
    fc.property(anyGuest, cpu => {
      const printed = printer.print(cpu)
      const [found] = DIALECTS.find(({ name }) => name === 'xapi')?.read(printed.text, '') ?? []
      const back = found?.kind === 'dump' ? found.dumps[0] : undefined
      const [has, told] = [policiesOf(cpu), new Set(listed(printed))]
      const wrong = db.features.list.filter(({ name, place, bit }) => {
        const isThere = has.has(name) && has.get(name) !== 'forbid'
        const [value, known] = [back?.data, back?.known].map(
          words => [...(words?.words() ?? [])].find(([at]) => placeKey(at) === placeKey(place))?.[1] ?? 0,
        )
        return (
          !told.has(name) && ((known ?? 0) >>> bit) & 1 && Boolean(((value ?? 0) >>> bit) & 1) !== isThere
        )
      })
      expect(wrong.map(({ name }) => name)).toEqual([])
    }),
    { numRuns: runs(100) },
  )
})

test('ovirt: the type has only what the CPU has, and the rest is listed', () => {
  const printer = findPrinter('ovirt') as Printer
  fc.assert(
    fc.property(anyGuest, cpu => {
      try {
        const printed = printer.print(cpu)
        const back = readBack(printer, printed.text)
        const told = new Set(listed(printed))
        expect(differing(cpu, back).filter(name => !told.has(name))).toEqual([])
        if (!isListed(printed, 'model')) expect(canonical(back.model)).toBe(canonical(cpu.model))
      } catch (error) {
        if (!(error instanceof LibvirtError)) throw error
        expect(error.message).toMatch(/no cluster type of oVirt/)
      }
    }),
    { numRuns: runs(300) },
  )
})

test('names and titles are unique, and libvirt comes first and can be read', () => {
  expect(new Set(PRINTERS.map(({ name }) => name)).size).toBe(PRINTERS.length)
  expect(new Set(PRINTERS.map(({ title }) => title)).size).toBe(PRINTERS.length)
  const [first] = PRINTERS
  expect(first?.name).toBe('libvirt')
  expect(first && readBack(first, first.print(guest('exact Penryn')).text).model).toBe('Penryn')
})

describe('QEMU -cpu', () => {
  test.each([
    [
      'exact Penryn require:avx disable:vmx optional:aes force:pclmuldq',
      'Penryn,avx=on,vmx=off,pclmulqdq=on',
    ],
    ['exact Penryn vendor_id:GenuineIotel forbid:avx', 'Penryn,vendor=GenuineIotel,avx=off'],
    ['host-passthrough', 'host'],
    ['maximum', 'max'],
  ])('%s', (cpu, expected) => {
    expect(printQemuCpu(guest(cpu))).toBe(expected)
  })

  test('a passed CPU may be migratable, and has its own caches and address width', () => {
    const cpu = { ...guest('host-passthrough'), migratable: false }
    expect(printQemuCpu(cpu)).toBe('host,migratable=off')
    expect(printQemuCpu({ ...cpu, cache: { mode: 'emulate', level: 3 } })).toBe(
      'host,migratable=off,host-cache-info=off,l3-cache=on',
    )
    expect(printQemuCpu({ ...cpu, maxphysaddr: { mode: 'passthrough', limit: 40 } })).toBe(
      'host,migratable=off,host-phys-bits=on,host-phys-bits-limit=40',
    )
  })

  test('POWER’s modes are the machine’s, and no model of ARM is written for KVM', () => {
    const power = { ...guest('host-model'), arch: 'ppc64le', model: 'power9' }
    const print = (cpu: Cpu) => qemuCpu.print(cpu)
    expect(print(power)).toEqual({
      text: '-cpu host -machine pseries,max-cpu-compat=power9\n',
      notExpressed: [],
    })
    expect(() => print({ ...guest('exact Neoverse-N1'), arch: 'aarch64' })).toThrow(/-cpu host/)
    expect(print({ ...guest('host-passthrough'), arch: 'aarch64' }).text).toBe('-cpu host\n')
  })

  test('a property that QEMU does not have is not turned off', () => {
    const cpu = guest('exact Penryn require:avx disable:vmx disable:aes')
    expect(printQemuCpu(cpu, new Set(['aes']))).toBe('Penryn,avx=on,aes=off')
  })

  test('what is no feature is not written: it would keep QEMU from starting', () => {
    const print = (cpu: string) => findPrinter('qemu')?.print(guest(cpu))
    expect(print('exact Penryn require:avx999')).toMatchObject({
      text: '-cpu Penryn\n',
      notExpressed: [{ part: 'features', features: ['avx999'] }],
    })
    expect(() => print('exact penryn')).toThrow('has no CPU model penryn; did you mean Penryn?')
  })

  test('for an older QEMU: a model on the closest that it knows, of its family', () => {
    const printed = findPrinter('qemu')?.print(guest('exact SapphireRapids-v7'), { qemu: '10.0' })
    expect(printed?.text).toMatch(/^-cpu SapphireRapids-v\d,/)
    expect(printed?.notExpressed[0]).toMatchObject({ part: 'model' })
    expect(printed?.text).not.toContain('its-no')
  })

  test('a CPU without a model cannot be expressed', () => {
    expect(() => writeDefinition({ format: 'qemu' }, () => guest('host-model'))).toThrow(
      /QEMU [\d.]+ has no mode host-model: the definition must name a model/,
    )
  })
})

const example = (name: string) => readFileSync(join(import.meta.dirname, '../../examples', name), 'utf8')

describe('baseline', () => {
  const cpus = ['workstation', 'server'].map(name => example(`redhat-guide/${name}.xml`))

  test.each(PRINTERS)('writes $name when asked', ({ name }) => {
    const pool = { verb: 'baseline', cpus, format: name, expand: true }
    const refused: Record<string, RegExp> = {
      ovirt: /no cluster type of oVirt 4.8 has only what kvm32 has/,
      evc: /EVC modes for models of Intel and AMD alone, not for kvm32/,
    }
    if (refused[name]) {
      expect(() => ask(pool)).toThrow(refused[name])
      return
    }
    const { xml, written } = ask(pool)
    const starts: Record<string, RegExp> = {
      proxmox: /^# for a VM: qm set VMID --cpu custom-[\w-]+\ncpu-model: /,
      'proxmox-vm': /^cpu: \w+/,
      nova: /^\[libvirt\]\ncpu_mode = custom\n/,
      kubevirt: /^apiVersion: kubevirt.io\/v1\nkind: VirtualMachine\n/,
      ovirt: /^<cluster href=/,
      'xen-featureset': /^features_hvm: [0-9a-f]{8}-/,
      vmx: /^cpuid\.1\./,
      march: /^-march=/,
      qemu: /^-cpu \w+,[\w=,.-]+\n$/,
      xl: /^cpuid = \[\n {4}"0x1:ecx=/,
      firecracker: /^\{\n {2}"cpuid_modifiers": \[/,
    }
    expect(written).toEqual(name === 'libvirt' ? xml : expect.stringMatching(starts[name] ?? /^$/))
  })

  test('reads dumps as well as XML, and says what a dump does not show', () => {
    const dump = printCpuidR(cpuidOf(modelOf('Penryn').features))
    const known = ask({ verb: 'decode', text: dump })
    const pool = ask({ verb: 'baseline', cpus: [dump] })
    expect(pool.model).toBe('Penryn')
    expect(pool.notes).toEqual(known.notes)
    expect(
      ask({ verb: 'hypervisor-cpu-baseline', replies: example('hypervisors/ice-01.replies'), cpus: [dump] }),
    ).toMatchObject({ notes: known.notes })
  })

  test('reports XML as before, and a text without a CPU', () => {
    expect(() => ask({ verb: 'baseline', cpus: ['<cpu'] })).toThrow(/cpus\[0\]/)
    const replies = example('hypervisors/ice-01.replies')
    expect(() => ask({ verb: 'baseline', cpus: [replies] })).toThrow('cpus[0]: this')
  })
})
