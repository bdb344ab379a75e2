import { describe, expect, test } from 'vitest'
import { parseQemuCapabilities } from '../../src/qemu/qmp/read-capabilities.ts'
import { refusal } from '../notation.ts'

type Part = readonly [command: string, value: unknown, asked?: object]

/** A recording of commands and what each returned; an `Error` is a refusal. */
const recording = (...parts: readonly Part[]): string =>
  parts
    .flatMap(([execute, value, asked], id) => [
      { execute, ...(asked && { arguments: asked }), id },
      { ...(value instanceof Error ? { error: { class: 'GenericError' } } : { return: value }), id },
    ])
    .map(message => JSON.stringify(message, null, 2))
    .join('\n\n')

const version = (major: number, minor: number) =>
  ['query-version', { qemu: { major, minor, micro: 1 } }] as const
const expansion = (type: string, name: string, model: string, props: object, asked?: object) =>
  [
    'query-cpu-model-expansion',
    { model: { name: model, props } },
    { type, model: { name, ...(asked && { props: asked }) } },
  ] as const
const MACHINES = ['query-machines', [{ name: 'pc-q35-10.0', alias: 'q35', 'cpu-max': 4096 }]] as const
const ENOUGH = [
  ['qmp_capabilities', {}],
  version(10, 0),
  ['query-target', { arch: 'x86_64' }],
  MACHINES,
] as const
const read = (...parts: readonly Part[]) => parseQemuCapabilities(recording(...parts), 'x')

test('a conversation, in no particular order', () => {
  const qemu = read(
    ['qmp_capabilities', {}],
    expansion('full', 'host', 'host', { 'hv-relaxed': true }, { migratable: false, 'hv-passthrough': true }),
    expansion('static', 'host', 'base', { avx: true, invtsc: true }, { migratable: false }),
    expansion('static', 'host', 'base', { avx: true, invtsc: false, level: -1, family: 6, none: null }),
    ['query-kvm', { enabled: true, present: true }],
    ['query-cpu-definitions', [{ name: 'EPYC', typename: 'EPYC-x86_64-cpu', 'alias-of': 'EPYC-v1' }]],
    MACHINES,
    ['query-target', { arch: 'x86_64' }],
    version(10, 0),
    ['qom-list-types', [{ name: 'vfio-pci' }]],
    ['device-list-properties', [{ name: 'iommufd' }], { typename: 'vfio-pci' }],
    ['qmp_capabilities', {}],
    ['query-cpu-definitions', [{ name: 'EPYC', 'unavailable-features': ['pcid'], deprecated: true }]],
    expansion('static', 'max', 'base', {}),
    MACHINES,
  )
  expect(qemu.version).toEqual({ major: 10, minor: 0, micro: 1, package: '' })
  expect(qemu.arch).toBe('x86_64')
  expect([...qemu.accelerators.keys()]).toEqual(['kvm', 'tcg'])
  const [kvm, tcg] = [qemu.accelerators.get('kvm'), qemu.accelerators.get('tcg')]
  expect(kvm?.models).toEqual([
    { name: 'EPYC', type: 'EPYC-x86_64-cpu', aliasOf: 'EPYC-v1', deprecated: false },
  ])
  expect(tcg?.models).toEqual([{ name: 'EPYC', deprecated: true, unavailable: ['pcid'] }])
  expect(kvm?.host?.model).toBe('base')
  expect(Object.fromEntries(kvm?.host?.properties ?? [])).toEqual({ avx: true, invtsc: false, family: 6 })
  expect(kvm?.host?.unmigratable?.get('invtsc')).toBe(true)
  expect([...(kvm?.hyperv ?? [])]).toEqual([['hv-relaxed', true]])
  expect(tcg?.host?.unmigratable).toBeUndefined()
  expect(kvm?.machines[0]).toMatchObject({
    name: 'pc-q35-10.0',
    alias: 'q35',
    maxCpus: 4096,
    isDefault: false,
  })
  expect(qemu.types.has('vfio-pci')).toBe(true)
  expect(qemu.properties.get('vfio-pci')?.has('iommufd')).toBe(true)
})

describe('whose run the first is', () => {
  const again = [['qmp_capabilities', {}], MACHINES] as const
  test.each([
    ['KVM’s where it is enabled', true, again, ['kvm', 'tcg']],
    ['another accelerator’s where a run with TCG follows', false, again, ['hvf', 'tcg']],
    ['else TCG’s', false, [], ['tcg']],
  ] as const)('%s', (_, enabled, rest, expected) => {
    const qemu = read(...ENOUGH, ['query-kvm', { enabled, present: true }], ...rest)
    expect([...qemu.accelerators.keys()]).toEqual(expected)
  })
})

test('a refused command tells nothing', () => {
  const qemu = read(
    ...ENOUGH,
    ['query-kvm', { enabled: true }],
    ['query-cpu-definitions', new Error()],
    ['query-sev-capabilities', new Error()],
    ['query-cpu-model-expansion', new Error(), { type: 'static', model: { name: 'host' } }],
  )
  expect(qemu.accelerators.get('kvm')).toEqual({ machines: [expect.anything()] })
  expect(qemu.sev).toBeUndefined()
})

test('s390x tells deprecated properties in the full expansion, and names the model', () => {
  const full = { model: { name: 'gen16a-base', props: {} }, 'deprecated-props': ['bpb', 'te'] }
  const qemu = read(
    ...ENOUGH,
    ['query-kvm', { enabled: true }],
    expansion('static', 'host', 'gen16a-base', { vx: true }),
    ['query-cpu-model-expansion', full, { type: 'full', model: { name: 'host' } }],
  )
  expect(qemu.accelerators.get('kvm')?.host).toEqual({
    model: 'gen16a-base',
    properties: new Map([['vx', true]]),
    deprecated: ['bpb', 'te'],
  })
})

test('the schema answers what a command takes and returns', () => {
  const { schema } = read(...ENOUGH, [
    'query-qmp-schema',
    [
      { name: 'netdev_add', 'meta-type': 'command', 'arg-type': '1', 'ret-type': '0' },
      {
        name: '1',
        'meta-type': 'object',
        members: [
          { name: 'type', type: '2' },
          { name: 'list', type: '[3]' },
        ],
      },
      { name: '2', 'meta-type': 'enum', members: [{ name: 'user' }], values: ['user', 'tap'] },
      { name: '[3]', 'meta-type': 'array', 'element-type': '3' },
      { name: '3', 'meta-type': 'object', members: [], variants: [{ case: 'tap', type: '2' }] },
      { name: 'STOP', 'meta-type': 'event', 'arg-type': '0' },
    ],
  ])
  expect(schema.hasCommand('netdev_add')).toBe(true)
  expect(schema.hasCommand('STOP')).toBe(false)
  expect(schema.takes('netdev_add', 'type', 'tap')).toBe(true)
  expect(schema.takes('netdev_add', 'type', 'vde')).toBe(false)
  expect(schema.takes('netdev_add', 'list', 'tap', 'user')).toBe(true)
  expect(schema.returns('netdev_add', 'type')).toBe(false)
  expect(schema.takes('none', 'type')).toBe(false)
})

describe('bare replies', () => {
  const bare = (...values: unknown[]) => values.map(value => JSON.stringify({ return: value })).join('\n')
  const models = [
    { name: 'host', typename: 'host-x86_64-cpu', 'unavailable-features': ['kvm'], static: false },
  ]

  test('tell what they tell', () => {
    const qemu = parseQemuCapabilities(bare(models, { model: { name: 'base', props: { avx: true } } }))
    expect(qemu.version).toBeUndefined()
    expect(qemu.arch).toBe('x86_64')
    expect(qemu.accelerators.get('tcg')?.host?.properties.get('avx')).toBe(true)
  })

  test('the architecture may be told beside them, and must be where they do not', () => {
    const text = bare({ model: { name: 'base', props: {} } })
    expect(parseQemuCapabilities(text, 'x', 'x86_64').arch).toBe('x86_64')
    expect(refusal(() => parseQemuCapabilities(text, 'x'))).toMatch(/^x: no answer to query-target/)
  })
})

describe('refused', () => {
  test('a QEMU that is too old, in libvirt’s words', () => {
    expect(refusal(() => read(['qmp_capabilities', {}], version(6, 1)))).toBe(
      'internal error: QEMU version >= 6.2.0 is required, but 6.1.1 found',
    )
  })

  test.each([
    [[MACHINES], /^x: no answer to query-version: .* is cut/],
    [[version(10, 0)], /^x: no answer to query-machines/],
    [[version(10, 0), MACHINES], /^x: no answer to query-target/],
    [
      [...ENOUGH, ['query-cpu-definitions', [{}]]],
      /^x:\d+: query-cpu-definitions reply data was missing 'name'$/,
    ],
    [[...ENOUGH, ['query-cpu-definitions', {}]], /^x:\d+: query-cpu-definitions reply data is not an array$/],
    [
      [...ENOUGH, ['query-cpu-model-expansion', {}, { type: 'static', model: { name: 'host' } }]],
      /^x:\d+: query-cpu-model-expansion reply data was missing 'model'$/,
    ],
    [[['query-version', { qemu: { major: '10' } }]], /^x:\d+: query-version reply data was missing 'major'$/],
  ] as [Part[], RegExp][])('%j: %s', (parts, message) => {
    expect(refusal(() => read(...parts))).toMatch(message)
  })
})
