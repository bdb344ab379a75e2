import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import * as library from '../../src/index.ts'
import { cpuFiles, rootOf } from '../host/machine/tree-of.ts'
import { single } from '../notation.ts'
import { type Ran, virtCpu } from './virt-cpu.ts'

/** Each command's `--json` and its verb are one answer: in batch, over HTTP and as functions. */

const text = (path: string): string => readFileSync(path, 'utf8')
const REPLIES = 'examples/hypervisors/sky-03.replies'
const ALL = ['cas-01', 'ice-01', 'sky-03'].map(name => `examples/hypervisors/${name}.replies`)

const json = ({ stdout }: Ran) => JSON.parse(stdout)
const command = (...args: string[]) => json(virtCpu([...args, '--json']))
const batch = (verb: string, input: object) => {
  const { id, ...answer } = json(virtCpu(['batch'], { input: `${JSON.stringify({ verb, ...input })}\n` }))
  return answer
}

/** What files are called plays no role in an answer. */
const unnamed = (answer: object, names: readonly string[], given: string): object =>
  JSON.parse(names.reduce((all, name, i) => all.replaceAll(name, `${given}[${i}]`), JSON.stringify(answer)))

describe('a command and its verb answer alike', () => {
  test('hypervisor-cpu-compare', () => {
    const file = 'examples/fleet/cas-01.xml'
    const { schema, answers } = command('hypervisor-cpu-compare', file, '--replies', REPLIES)
    const { file: _, ...own } = answers[0]
    const answer = batch('hypervisor-cpu-compare', { replies: text(REPLIES), cpu: text(file) })
    expect(answer).toEqual({ schema, ...own })
    expect(answer.result).toBe('incompatible')
  })

  test('hypervisor-cpu-baseline, of a pool of recorded hosts', () => {
    const own = command('hypervisor-cpu-baseline', '--replies', ...ALL.slice(0, 1), '--explain')
    const answer = batch('hypervisor-cpu-baseline', { hosts: [text(ALL[0] ?? '')], explain: true })
    expect(answer).toEqual(unnamed(own, ALL, 'hosts'))
    const pool = command('hypervisor-cpu-baseline', '--replies', 'examples/hypervisors')
    expect(batch('hypervisor-cpu-baseline', { hosts: ALL.map(text) }).xml).toBe(pool.xml)
  })

  test('hypervisor-cpu-baseline, of CPUs and of a model', () => {
    const files = ['examples/fleet/ice-01.xml', 'examples/fleet/cas-01.xml']
    const own = command(
      'hypervisor-cpu-baseline',
      ...files,
      '--replies',
      REPLIES,
      '--features',
      '--migratable',
    )
    const input = { replies: text(REPLIES), cpus: files.map(text), expand: true, migratable: true }
    expect(batch('hypervisor-cpu-baseline', input).xml).toBe(own.xml)
    const model = command('hypervisor-cpu-baseline', '--model', 'Haswell', '--replies', REPLIES)
    expect(batch('hypervisor-cpu-baseline', { replies: text(REPLIES), model: 'Haswell' }).xml).toBe(model.xml)
  })

  test('hypervisor-cpu-models', () => {
    const own = command('hypervisor-cpu-models', '--replies', REPLIES, '--all')
    const answer = batch('hypervisor-cpu-models', { replies: text(REPLIES), all: true })
    expect(answer.models).toEqual(own.models)
    expect(batch('hypervisor-cpu-models', { replies: text(REPLIES) }).models.length).toBeLessThan(
      own.models.length,
    )
  })

  test('models', () => {
    const own = command('models', '--usable-on', ...ALL)
    expect(batch('models', { hosts: ALL.map(text) })).toEqual(unnamed(own, ALL, 'hosts'))
  })

  test('guest check, a refusal too', () => {
    const domains = ['test/stories/33/desktop.xml', 'test/stories/33/guest.xml']
    const replies = 'test/stories/33/host.replies'
    const { guests } = command('guest', 'check', ...domains, '--replies', replies)
    const answers = domains.map(path => {
      const {
        schema: _schema,
        notes: _notes,
        ...answer
      } = batch('guest-check', { replies: text(replies), domain: text(path) })
      return { source: path, ...answer }
    })
    expect(answers).toEqual(guests)
    expect(answers.map(({ verdict }) => verdict)).toEqual(['starts', 'refused'])
  })

  test('capabilities: the facts of a host make the document again', () => {
    const root = rootOf({ ...cpuFiles([{ core: 0 }, { core: 1 }]), 'proc/cpuinfo': 'processor : 0' })
    const { host, guests } = command('capabilities', '--root', root)
    const answer = batch('capabilities', { host, guests })
    expect(`${answer.xml}\n`).toBe(virtCpu(['capabilities', '--root', root]).stdout)
    expect(answer.xml).toContain('<cells num=')
    const named = {
      ...host,
      cpu: '<cpu><arch>x86_64</arch><model>Haswell</model><vendor>Intel</vendor></cpu>',
    }
    expect(batch('capabilities', { host: named }).xml).toContain('<model>Haswell</model>')
  })
})

describe('as functions', () => {
  const replies = text(REPLIES)

  test('they answer as the verbs', () => {
    expect(library.hypervisorCpuModels({ replies }).models.length).toBeGreaterThan(10)
    expect(single(library.models({ hosts: [replies] })).groups).toEqual([{ hosts: ['hosts[0]'] }])
    expect(library.domcapabilities({ replies }).xml).toContain('<domainCapabilities>')
    expect(
      library.hypervisorCpuBaseline({ replies, model: 'Haswell', explain: true }).explain?.hostCount,
    ).toBe(1)
    const cpu = '<cpu><model>Haswell</model></cpu>'
    expect(library.hypervisorCpuCompare({ replies, cpu }).result).toBe('superset')
    const domain = `<domain type='kvm'><name>g</name><vcpu>1</vcpu>${cpu}</domain>`
    expect(library.guestCheck({ replies, domain }).verdict).not.toBe('refused')
    const host = { cpu: '<cpu><arch>x86_64</arch></cpu>' }
    expect(library.capabilities({ host }).xml).toContain('<arch>x86_64</arch>')
  })

  test('what cannot be answered is said', () => {
    const refused = (run: () => unknown): string => {
      try {
        run()
      } catch (error) {
        if (error instanceof Error) return error.message
      }
      return 'no error'
    }
    expect(refused(() => library.hypervisorCpuBaseline({}))).toContain(
      'give either replies, of one host, or hosts',
    )
    expect(refused(() => library.models({ hosts: [] }))).toContain('hosts is empty')
    expect(refused(() => library.models({ hosts: ['<cpu/>'] }))).toContain(
      'hosts[0]: neither domain capabilities nor a conversation with QEMU',
    )
    expect(refused(() => library.hypervisorCpuModels({ replies, arch: 'abacus' }))).toBe(
      'invalid argument: unknown architecture: abacus',
    )
    expect(refused(() => library.guestCheck({ replies, domain: '<cpu/>' }))).toContain('no guest')
  })

  test('on s390x QEMU itself compares: its recorded answer is taken, whatever the order of its keys', () => {
    const said = (execute: string, value: unknown, given?: object) => [
      { execute, ...(given && { arguments: given }) },
      { return: value },
    ]
    const host = { name: 'gen15a-base', props: { vx: true } }
    const s390x = [
      ...said('query-version', { qemu: { major: 10, minor: 0, micro: 0 } }),
      ...said('query-target', { arch: 's390x' }),
      ...said('query-kvm', { enabled: true, present: true }),
      ...said('query-machines', [{ name: 's390-ccw-virtio-10.0', 'cpu-max': 8, 'is-default': true }]),
      ...said('query-cpu-definitions', [{ name: 'z13', 'unavailable-features': [] }]),
      ...said('query-cpu-model-expansion', { model: host }, { type: 'static', model: { name: 'host' } }),
      ...said(
        'query-cpu-model-comparison',
        { result: 'superset', 'responsible-properties': [] },
        { modelb: { name: 'z13' }, modela: host },
      ),
    ]
    const cpu = (model: string) => `<cpu mode='custom'><model>${model}</model></cpu>`
    const ask = (model: string) => library.hypervisorCpuCompare({ replies: s390x, cpu: cpu(model) }).result
    expect(ask('z13')).toBe('superset')
    expect(() => ask('zEC12')).toThrow(
      'the recording lacks its answer to {"execute":"query-cpu-model-comparison"',
    )
  })
})
