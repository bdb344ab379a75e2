import { describe, expect, test } from 'vitest'
import { contextOf } from '../../src/questions/context.ts'
import {
  answerExpand,
  answerMigratable,
  answerStart,
  answerUpdate,
  answerUpdateLive,
} from '../../src/questions/definition/question.ts'
import { cpuidOf, fs, guest, host, modelOf, refusal, show } from '../notation.ts'

const context = contextOf()

describe('update', () => {
  test.each([
    // The host's migratable copy: what blocks a migration is not taken over, and optional is decided on it.
    ['Penryn Intel +invtsc +vmx', 'host-model', 'exact Penryn Intel require:vmx'],
    ['Penryn Intel +invtsc', 'exact Penryn optional:invtsc', 'exact Penryn disable:invtsc'],
    ['Penryn Intel +invtsc', 'exact Penryn require:invtsc', 'exact Penryn require:invtsc'],
    ['EPYC AMD', 'host-model', 'exact EPYC AMD disable:monitor'],
  ])('on %s: %s is %s', (on, text, expected) => {
    expect(show(answerUpdate(context, host(on), guest(text)))).toBe(expected)
  })

  test.each([
    [
      'Penryn arch:mips',
      'exact Penryn',
      "this function is not supported by the connection driver: 'mips' architecture is not supported by CPU driver",
    ],
    ['Foo', 'host-model', 'internal error: Unknown CPU model Foo'],
  ])('on %s: %s is refused: %s', (on, text, message) => {
    expect(refusal(() => answerUpdate(context, host(on), guest(text)))).toBe(message)
  })

  test('a host as guest, after the architecture', () => {
    const go = (on = host('Foo')) => refusal(() => answerUpdate(context, on, host('Penryn')))
    expect(go()).toBe('internal error: Unexpected enum value -1 for virCPUMode')
    expect(go({ ...host('Foo'), arch: undefined })).toBe('internal error: undefined hardware architecture')
  })
})

describe('start', () => {
  const started = (on: string, text: string) =>
    answerStart(
      context,
      host(on),
      guest(text),
      new Map([
        ['core2duo', []],
        ['Penryn', []],
      ]),
    )

  test('what the guest gets', () => {
    const { cpu, ...rest } = started('Nehalem Intel +vmx', 'exact Nehalem optional:vmx')
    expect(rest).toEqual({ result: 'identical', missing: [], forbidden: [] })
    expect(cpu && show(cpu)).toBe('exact Penryn require:vmx require:sse4.2 require:popcnt')
  })

  test('the model of the hypervisor is not asked for where the host cannot', () => {
    expect(started('Penryn Intel', 'exact Nehalem fallback:forbid').result).toBe('incompatible')
  })
})

describe('start is refused', () => {
  test.each([
    [
      'exact Nehalem',
      'sse4.2 popcnt',
      '',
      'the CPU is incompatible with host CPU: Host CPU does not provide required features: sse4.2, popcnt',
    ],
    [
      'exact Penryn forbid:sse4.1',
      '',
      'sse4.1',
      'the CPU is incompatible with host CPU: Host CPU provides forbidden features: sse4.1',
    ],
  ])('%s', (text, missing, forbidden, message) => {
    const answer = answerStart(context, host('Penryn Intel'), guest(text))
    expect(answer).toMatchObject({ result: 'incompatible', message })
    expect(answer.missing.map(({ feature }) => feature).join(' ')).toBe(missing)
    expect(answer.forbidden.map(({ feature }) => feature).join(' ')).toBe(forbidden)
    expect('cpu' in answer).toBe(false)
  })
})

test('update-live', () => {
  const [on, off] = [cpuidOf(modelOf('Penryn').features.minus(fs('sse4.1'))), cpuidOf(fs('sse4.1'))]
  expect(show(answerUpdateLive(context, guest('exact Penryn'), on, off))).toBe(
    'exact Penryn check:full disable:sse4.1',
  )
})

describe('expand and migratable', () => {
  test('of hosts and guests', () => {
    expect(show(answerExpand(context, guest('exact 486')))).toBe(
      'exact 486 require:fpu require:pse require:vme',
    )
    expect(show(answerExpand(context, host('486 arch:i686')))).toBe('486 +fpu +pse +vme')
    expect(show(answerMigratable(context, host('486 +invtsc +vmx')))).toBe('486 +vmx')
  })

  test('of an architecture without a driver', () => {
    const message =
      "this function is not supported by the connection driver: 'mips' architecture is not supported by CPU driver"
    expect(refusal(() => answerExpand(context, host('4Kc arch:mips')))).toBe(message)
    expect(refusal(() => answerMigratable(context, host('4Kc arch:mips')))).toBe(message)
  })
})
