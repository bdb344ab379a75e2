import { expect, test } from 'vitest'
import { readText } from '../../../src/formats/dialects.ts'
import { contextOf } from '../../../src/questions/context.ts'
import { fleetOfInput } from '../../../src/questions/input/fleet/open-fleet.ts'
import { guestsIn, sample, shownGuest, statementsIn, unknownIn } from './samples.ts'

test('-cpu help lists the models of the emulator, and says nothing of the host', () => {
  const [help] = statementsIn(sample('qemu-cpu-help.txt'))
  expect(help).toMatchObject({ layer: 'offered', present: [], complete: false })
  expect(help?.emulatorModels).toEqual(expect.arrayContaining(['486', 'Haswell-noTSX-IBRS', 'qemu64', 'max']))
  expect(statementsIn(sample('qemu-cpu-help-1.5.txt'))[0]?.emulatorModels).toEqual([
    'qemu64',
    'Haswell',
    'Westmere',
  ])
})

test('an expansion of host is what QEMU offers; what is off and not migratable may still be asked for', () => {
  const [offered] = statementsIn(sample('qmp-expansion.txt'))
  expect(offered).toMatchObject({ layer: 'offered', arch: 'x86_64', vocabulary: 'qemu', complete: false })
  expect(offered?.present).toEqual(expect.arrayContaining(['aes', 'sse4.1', 'vmx']))
  expect(offered?.absent).toEqual(expect.arrayContaining(['avx512f', 'rtm']))
  expect(offered?.absent).not.toContain('invtsc')
  expect(offered && unknownIn(offered)).toEqual([])
})

test('with host the vendor and the signature are the machine’s own', () => {
  const reply = (name: string) =>
    JSON.stringify({
      return: {
        model: { name, props: { sse2: true, vendor: 'GenuineIntel', family: 6, model: 85, stepping: 4 } },
      },
    })
  expect(statementsIn(reply('host'))).toMatchObject([
    { vendor: 'GenuineIntel', signature: { family: 6, model: 85, stepping: 4 } },
  ])
  expect(statementsIn(reply('max'))[0]).not.toHaveProperty('vendor')
  expect(
    fleetOfInput(contextOf(), { documents: [{ path: 'a.json', text: reply('host') }] }).fleet.hosts,
  ).toMatchObject([{ vendor: 'Intel' }])
})

test('an expansion of another model is that model, not the host', () => {
  const [guest] = guestsIn(sample('qmp-expansion-model.json'))
  expect(guest).toMatchObject({ layer: 'defined', cpu: { model: 'Haswell' } })
  expect(guest?.cpu.features).toContainEqual({ name: 'pclmuldq', policy: 'require' })
  expect(statementsIn(sample('qmp-expansion-model.json'))).toEqual([])
})

test('definitions say which models run, and what blocks the others', () => {
  const [offered] = statementsIn(sample('qmp-definitions.json'))
  expect([...(offered?.models ?? [])]).toEqual([
    ['max', undefined],
    ['Haswell-v1', ['hle', 'rtm']],
    ['Nehalem-v1', undefined],
  ])
  expect(offered?.absent).toEqual(['hle', 'rtm'])
})

test('what a CPU’s properties say is the guest as it runs', () => {
  const [guest] = guestsIn(sample('qmp-guest.txt'))
  expect(guest).toMatchObject({ layer: 'running', vcpus: 2, cpu: { model: 'Haswell', arch: 'x86_64' } })
  const policy = (name: string) => guest?.cpu.features.find(feature => feature.name === name)?.policy
  expect(['avx2', 'fma', 'pclmuldq', 'rtm', 'pcid'].map(policy)).toEqual([
    'require',
    'require',
    'require',
    'disable',
    'disable',
  ])
  expect(guest?.notes?.join()).toContain('pcid, tsc-deadline, hle, invpcid, rtm')
})

test('a command without its reply is refused', () => {
  const [command = ''] = sample('qmp-expansion.txt').split('\n')
  const asked = `${command}\n{"execute": "qom-get", "arguments": {"property": "avx"}}\n{"return": true}`
  expect(() => readText(asked, 'paste')).toThrow(
    "paste:1: no reply to query-cpu-model-expansion: add QEMU's reply",
  )
})

test('Ganeti escapes commas, and writes 0 and 1', () => {
  const [guest] = guestsIn(sample('ganeti-instance.txt'))
  expect(guest).toMatchObject({ name: 'inst1.example.com', vcpus: 2 })
  expect(guest && shownGuest(guest)).toBe('host-passthrough disable pclmuldq disable xsave')
})
