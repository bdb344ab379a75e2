import { describe, expect, test } from 'vitest'
import { parseRecording, readRecording } from '../../src/qemu/qmp/conversation.ts'
import { refusal } from '../notation.ts'

/** The commands of each run, with what they were asked about. */
const commands = (...messages: unknown[]): string[][] =>
  readRecording(messages.map((value, i) => ({ value, line: i + 1 }))).runs.map(run =>
    run.map(({ command }) => {
      const { type, typename, model } = (command.arguments ?? {}) as Record<string, unknown>
      return [command.execute, type ?? typename, model && JSON.stringify(model)].filter(Boolean).join(' ')
    }),
  )

const ask = (execute: string, id?: string) => ({ execute, ...(id && { id }) })
const reply = (value: unknown, id?: string) => ({ return: value, ...(id && { id }) })
const expansion = (name: string, props: object) => reply({ model: { name, props } })

describe('with its commands', () => {
  test('each reply is its command’s, in whatever order they were asked', () => {
    const seen = commands(
      ask('query-kvm', 'a'),
      reply({}, 'a'),
      { execute: 'qom-list-properties', arguments: { typename: 'max-x86_64-cpu' } },
      { error: { class: 'DeviceNotFound', desc: '…' } },
    )
    expect(seen).toEqual([['query-kvm', 'qom-list-properties max-x86_64-cpu']])
  })

  test('a run begins where QEMU is greeted', () => {
    const greet = [ask('qmp_capabilities'), reply({})]
    const seen = commands({ QMP: {} }, ...greet, ask('query-kvm'), { event: 'STOP' }, reply({}), ...greet)
    expect(seen).toEqual([['qmp_capabilities', 'query-kvm'], ['qmp_capabilities']])
  })

  test('commands may stand in one object with their replies, and messages in an array', () => {
    const seen = commands([
      { request: ask('query-version'), return: {} },
      { request: ask('x'), error: {} },
    ])
    expect(seen).toEqual([['query-version', 'x']])
  })
})

describe('without its commands, they are told from the replies', () => {
  test.each([
    [{ qemu: { major: 10 } }, 'query-version'],
    [{ arch: 'x86_64' }, 'query-target'],
    [{ enabled: true, present: true }, 'query-kvm'],
    [[{ name: 'pc', 'cpu-max': 255 }], 'query-machines'],
    [[{ name: 'EPYC', typename: 'EPYC-x86_64-cpu', static: false }], 'query-cpu-definitions'],
    [[{ name: 'x', 'meta-type': 'command' }], 'query-qmp-schema'],
    [['tpm-crb'], 'query-tpm-models'],
    [{ 'reduced-phys-bits': 1, cbitpos: 51 }, 'query-sev-capabilities'],
  ])('%j: %s', (value, command) => {
    expect(commands(reply(value))).toEqual([[command]])
  })

  test('expansions: the host’s first, static, without regard to migration, with Hyper-V; then TCG’s', () => {
    const host = [
      expansion('base', { avx: true }),
      expansion('base', {}),
      expansion('host', { 'hv-passthrough': true }),
    ]
    const seen = commands(reply({}), ...host, reply({}), expansion('base', {}))
    expect(seen).toEqual([
      [
        'qmp_capabilities',
        'query-cpu-model-expansion static {"name":"host"}',
        'query-cpu-model-expansion static {"name":"host","props":{"migratable":false}}',
        'query-cpu-model-expansion full {"name":"host","props":{"migratable":false,"hv-passthrough":true}}',
      ],
      ['qmp_capabilities', 'query-cpu-model-expansion static {"name":"max"}'],
    ])
  })

  test('what does not tell is passed over', () => {
    expect(commands(reply({}), reply([]), reply({ foo: 1 }), reply(5), { error: {} })).toEqual([
      ['qmp_capabilities'],
    ])
  })
})

describe('refused, with the place', () => {
  test.each([
    ['', /^x: no QMP reply in it/],
    ['{"event":"STOP"}', /^x: no QMP reply in it/],
    ['{"return":{}}\n{"foo":1}', /^x:2: neither a QMP command nor a reply/],
    ['["a"]', /^x:1: a QMP message is an object/],
    ['{"execute":"query-kvm"}', /^x:1: no reply to query-kvm: the recording is cut/],
    ['{"execute":"a"}\n{"execute":"b"}', /^x:1: no reply to a: /],
    [
      '{"execute":"a","id":"libvirt-1"}\n{"return":{},"id":"libvirt-2"}',
      /^x:2: the reply is to 'libvirt-2', and 'libvirt-1' was asked/,
    ],
  ])('%s: %s', (text, message) => {
    expect(refusal(() => parseRecording(text, 'x'))).toMatch(message)
  })
})
