import { describe, expect, test } from 'vitest'
import type { Dialogue, DialogueStep } from '../../../src/arch/dialogue.ts'
import { baselineByQemu, compareByQemu } from '../../../src/arch/s390x/hypervisor.ts'
import { printCpu } from '../../../src/formats/libvirt/print-cpu.ts'
import { findEmulator } from '../../../src/host/qemu/emulator.ts'
import { Qemu } from '../../../src/host/qemu/qemu.ts'
import { needed, notInstalled } from '../../needs.ts'
import { guest, host, refusal } from '../../notation.ts'

/** What the inquiry comes to when these are the replies; what was asked goes to `asked`. */
function answered<T>(inquiry: Dialogue<T>, replies: readonly object[], asked: DialogueStep[] = []): T {
  let step = inquiry.next()
  for (const reply of replies) {
    if (step.done) throw new RangeError('nothing more was asked')
    asked.push(step.value)
    step = inquiry.next(reply as Readonly<Record<string, unknown>>)
  }
  if (!step.done) throw new RangeError(`no reply to ${step.value.execute}`)
  return step.value
}

const models = ['z13', 'zEC12']
const model = (name: string, props: Record<string, unknown>) => ({ return: { model: { name, props } } })

describe('comparison', () => {
  const reported = guest('exact gen15a-base require:vx disable:te')
  const compared = (
    result: string,
    cpu = guest('exact z13 require:vx force:a optional:b disable:c forbid:d'),
  ) => {
    const asked: DialogueStep[] = []
    const answer = answered(compareByQemu(reported, cpu), [{ return: { result } }], asked)
    return { answer: answer.result, asked }
  }

  test('asks QEMU, in its terms', () => {
    expect(compared('superset').asked).toEqual([
      {
        execute: 'query-cpu-model-comparison',
        arguments: {
          modela: { name: 'gen15a-base', props: { vx: true, te: false } },
          modelb: { name: 'z13', props: { vx: true, a: true, b: false, c: false, d: false } },
        },
      },
    ])
    expect(compared('superset', guest('host-passthrough')).asked[0]?.arguments.modelb).toEqual({
      name: 'host',
    })
    expect(compared('superset', guest('maximum')).asked[0]?.arguments.modelb).toEqual({ name: 'max' })
  })

  test.each([
    ['identical', 'identical'],
    ['superset', 'superset'],
    ['subset', 'incompatible'],
    ['incompatible', 'incompatible'],
  ])('%s is %s', (result, expected) => expect(compared(result).answer).toBe(expected))

  test('of what nobody can compare', () => {
    expect(refusal(() => answered(compareByQemu(reported, guest('host-model')), []))).toBe(
      'invalid argument: cpu parameter is missing a model name',
    )
    const inquiry = () => compareByQemu(reported, guest('exact z13'))
    expect(refusal(() => answered(inquiry(), [{ return: {} }]))).toBe(
      "internal error: query-cpu-model-comparison reply data was missing 'result'",
    )
    const error = { class: 'GenericError', desc: "The CPU definition 'x' is unknown." }
    expect(refusal(() => answered(inquiry(), [{ error }]))).toBe(
      "internal error: unable to execute QEMU command 'query-cpu-model-comparison': The CPU definition 'x' is unknown.",
    )
  })
})

describe('baseline', () => {
  test('is folded from the left, with what is true alone', () => {
    const asked: DialogueStep[] = []
    const cpus = [guest('exact z13'), guest('exact zEC12 disable:te'), host('z13 +vx')]
    const replies = [model('zEC12-base', { aen: true, te: false, n: 1 }), model('zEC12-base', { edat: true })]
    expect(printCpu(answered(baselineByQemu(cpus, { models }), replies, asked))).toBe(
      "<cpu>\n  <model>zEC12-base</model>\n  <feature name='edat'/>\n</cpu>\n",
    )
    expect(asked.map(({ arguments: given }) => given.modela)).toEqual([
      { name: 'z13' },
      { name: 'zEC12-base', props: { aen: true } },
    ])
  })

  test('of one CPU is its expansion, static unless its features are wanted', () => {
    const asked: DialogueStep[] = []
    const one = (expand: boolean) =>
      printCpu(
        answered(
          baselineByQemu([guest('exact z13')], { models, expand }),
          [model('z13-base', { b: true, a: true })],
          asked,
        ),
      )
    expect(one(false)).toContain("name='b'/>\n  <feature name='a'/>")
    expect(one(true)).toContain("name='a'/>\n  <feature name='b'/>")
    expect(asked.map(({ arguments: given }) => given.type)).toEqual(['static', 'full'])
  })

  test.each([
    [['exact nosuch', 'host-model'], "invalid argument: CPU model 'nosuch' not supported by hypervisor"],
    [['exact z13', 'host-passthrough'], 'invalid argument: no CPU model specified at index 1'],
    [[], 'invalid argument: no CPUs given'],
  ])('of %s is refused: %s', (texts, message) => {
    expect(refusal(() => answered(baselineByQemu(texts.map(guest), { models }), []))).toBe(message)
  })
})

const binary = findEmulator('s390x')
const why = needed('QEMU for s390x', binary ? undefined : notInstalled('qemu-system-s390x'))

describe.skipIf(why)(`with a live QEMU (${why ?? 'installed'})`, () => {
  const live = async <T>(inquiry: Dialogue<T>): Promise<T> => {
    const qemu = await Qemu.start(binary ?? '', { accelerator: 'tcg' })
    try {
      await qemu.ask({ execute: 'qmp_capabilities' })
      return (await qemu.run(inquiry)).found
    } finally {
      qemu.end()
    }
  }

  test('the baseline of two is what QEMU says of them', async () => {
    const [a, b] = [guest('exact z13'), guest('exact zEC12 disable:te')]
    const answer = await live(baselineByQemu([a, b], { models }))
    const own = await live(
      (function* (): Dialogue<Record<string, unknown>> {
        const modelb = { name: 'zEC12', props: { te: false } }
        return yield { execute: 'query-cpu-model-baseline', arguments: { modela: { name: 'z13' }, modelb } }
      })(),
    )
    const { name, props } = (own.return as { model: { name: string; props: Record<string, boolean> } }).model
    expect(answer.model).toBe(name)
    expect(answer.features.map(feature => feature.name)).toEqual(Object.keys(props).filter(key => props[key]))
    expect(answer.features.length).toBeGreaterThan(5)
  })

  test('a newer model is a superset of an older one, not the other way round', async () => {
    const [older, newer] = [guest('exact zEC12'), guest('exact z13')]
    expect((await live(compareByQemu(newer, older))).result).toBe('superset')
    expect((await live(compareByQemu(older, newer))).result).toBe('incompatible')
    expect((await live(compareByQemu(older, older))).result).toBe('identical')
  })

  test('a feature that it does not know is told in its words', async () => {
    const asked = live(baselineByQemu([guest('exact z13 require:nosuch')], { models }))
    await expect(asked).rejects.toThrow(
      /^internal error: unable to execute QEMU command 'query-cpu-model-expansion': /,
    )
  })
})
