import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { describe, expect, test } from 'vitest'
import { NO_REFERENCE, reference } from '../reference.ts'
import { CLI, hostXml, virtCpu } from './virt-cpu.ts'

const PENRYN = hostXml('Penryn', ['vmx'])
const NEHALEM = hostXml('Nehalem', ['vmx', 'ds'])
const GUEST = "<cpu match='exact'><model>Penryn</model><feature policy='optional' name='avx2'/></cpu>"

type Answer = Readonly<Record<string, unknown>>

function ask(...requests: (object | string)[]): Answer[] {
  const input = requests
    .map(request => (typeof request === 'string' ? request : JSON.stringify(request)))
    .join('\n')
  const { status, stdout, stderr } = virtCpu(['batch'], { input: `${input}\n` })
  expect([status, stderr]).toEqual([0, ''])
  return stdout
    .split('\n')
    .slice(0, -1)
    .map(line => JSON.parse(line))
}

const one = (request: object | string): Answer => ask(request)[0] ?? {}

describe('verbs', () => {
  test('decode', () => {
    const cpuid = [
      [0, 0, 1, 0x756e6547, 0x6c65746e, 0x49656e69],
      [1, 0, 0x10676, 0x800, 0xce3bd, 0xbfebfbff],
      [0x80000001, 0, 0, 0, 1, 0x20100800],
    ]
    const host = one({ id: 'a', verb: 'decode', cpuid, msr: [] })
    expect(Object.keys(host)).toEqual(['id', 'schema', 'xml', 'model', 'vendor', 'signature', 'notes'])
    expect(host).toMatchObject({ id: 'a', vendor: 'Intel', signature: { family: 6, model: 23, stepping: 6 } })
    const guest = one({
      verb: 'decode',
      cpuid,
      as: 'guest',
      models: ['core2duo', 'Penryn'],
      blockers: { Penryn: ['lm'] },
    })
    expect(guest).toMatchObject({ id: null, model: expect.stringMatching(/^(core2duo|Penryn)$/) })
    const text = `CPUID 00000000: 00000001-756E6547-6C65746E-49656E69\nCPUID 00000001: 00010676-00000800-000CE3BD-BFEBFBFF\nCPUID 80000001: 00000000-00000000-00000001-20100800\n`
    expect(one({ verb: 'decode', text }).xml).toBe(host.xml)
    expect(one({ verb: 'decode', text: 'nothing' }).error).toMatchObject({ kind: 'bad-input' })
  })

  test('baseline', () => {
    const answer = one({ id: 1, verb: 'baseline', cpus: [PENRYN, NEHALEM], explain: true })
    expect(Object.keys(answer)).toEqual(['id', 'schema', 'xml', 'model', 'features', 'notes', 'explain'])
    expect(answer).toMatchObject({ model: 'Penryn', explain: { hostCount: 2 } })
    expect(answer.explain).toMatchObject({
      lost: expect.arrayContaining([expect.objectContaining({ feature: 'ds', hosts: ['cpus[0]'] })]),
    })
    expect(answer.xml).toBe(virtCpu(['-q', 'cpu-baseline', '-'], { input: PENRYN + NEHALEM }).stdout)
    expect(one({ verb: 'baseline', cpus: [] }).error).toEqual({
      kind: 'invalid-arg',
      message: 'invalid argument: no CPUs given',
    })
  })

  test('baseline: raw keeps what no hypervisor offers, onModel chooses the model', () => {
    const cpus = [hostXml('Skylake-Server', ['cmt', 'vmx'])]
    expect(one({ verb: 'baseline', cpus }).xml).not.toContain('cmt')
    expect(one({ verb: 'baseline', cpus, raw: true }).xml).toContain('cmt')
    expect(one({ verb: 'baseline', cpus, onModel: 'Penryn' })).toMatchObject({ model: 'Penryn' })
  })

  test('compare', () => {
    expect(one({ verb: 'compare', host: NEHALEM, cpu: PENRYN })).toMatchObject({
      result: 'superset',
      missing: [],
    })
    expect(one({ verb: 'compare', host: PENRYN, cpu: NEHALEM })).toMatchObject({
      result: 'incompatible',
      message: expect.stringMatching(
        /^the CPU is incompatible with host CPU: Host CPU does not provide required features: /,
      ),
      missing: expect.arrayContaining([
        expect.objectContaining({ feature: 'popcnt', place: 'CPUID.01H:ECX[23]' }),
      ]),
    })
    const bare = '<cpu><model>Nehalem</model></cpu>'
    expect(one({ verb: 'compare', host: bare, cpu: PENRYN }).error).toEqual({
      kind: 'internal',
      message: 'internal error: undefined hardware architecture',
    })
    expect(one({ verb: 'compare', host: bare, cpu: '<cpu/>', arch: 'x86_64' })).toMatchObject({
      result: 'superset',
    })
  })

  test('update, start, update-live, expand, migratable', () => {
    expect(one({ verb: 'update', host: NEHALEM, guest: GUEST }).xml).toContain("policy='disable' name='avx2'")
    expect(one({ verb: 'start', host: NEHALEM, guest: GUEST })).toMatchObject({
      result: 'superset',
      xml: expect.stringContaining('Penryn'),
    })
    const refused = one({ verb: 'start', host: PENRYN, guest: '<cpu><model>Haswell</model></cpu>' })
    expect(Object.keys(refused)).toEqual(['id', 'schema', 'result', 'message', 'notes'])
    expect(
      one({
        verb: 'update-live',
        guest: GUEST,
        enabled: { cpuid: [] },
        disabled: "<cpudata arch='x86'><cpuid eax_in='7' ebx='0x20'/></cpudata>",
      }).xml,
    ).toContain("check='full'")
    expect(one({ verb: 'expand', cpu: '<cpu><model>486</model></cpu>' }).xml).toContain("name='vme'")
    expect(one({ verb: 'expand', cpu: '<cpu/>' }).xml).toBe('')
    expect(one({ verb: 'migratable', cpu: hostXml('Penryn', ['invtsc']) }).xml).not.toContain('invtsc')
  })
})

describe('what is wrong with a request is said, and on it goes', () => {
  test.each([
    ['{"a" 1}', 'bad-request', 'line 1, column 6: not JSON: expected `:`, found `1`'],
    ['[1', 'bad-request', 'line 1, column 3: the text ends where `,` or `]` should be'],
    ['5', 'bad-request', 'line 1, column 1: a request is a JSON object'],
    ['{"verb": "x"}', 'bad-request', /^unknown verb "x"; known: decode, baseline, compare, /],
    ['{}', 'bad-request', /^no verb; known: /],
    ['{"verb": "baseline"}', 'bad-request', 'baseline: the input cpus is missing'],
    ['{"verb": "baseline", "cpus": [1]}', 'bad-request', 'baseline: cpus[0] must be the text of a CPU'],
    [
      '{"verb": "baseline", "cpus": [], "featurs": true}',
      'bad-request',
      'baseline: no input is called featurs',
    ],
    ['{"verb": "decode", "cpuid": [[0]]}', 'bad-request', /^decode: cpuid must be rows of /],
    ['{"verb": "decode"}', 'bad-request', 'decode: give either cpuid or text'],
    ['{"verb": "expand", "cpu": "<cpu>", "libvirt": "9.0"}', 'bad-request', /^libvirt: /],
    ['{"verb": "expand", "cpu": "<cpu>"}', 'bad-input', /^cpu:1:\d+: /],
    ['{"verb": "expand", "cpu": "<x/>"}', 'xml', "XML error: XML does not contain expected 'cpu' element"],
    [
      '{"verb": "expand", "cpu": "<cpu><model>X</model></cpu>"}',
      'internal',
      'internal error: unknown CPU model X',
    ],
    [
      '{"verb": "cpu-models", "arch": "bogus"}',
      'invalid-arg',
      'invalid argument: cannot find architecture bogus',
    ],
    [
      '{"verb": "expand", "cpu": "<cpu/>", "cpuMap": "/nonexistent"}',
      'bad-input',
      /^Failed to open file '\/nonexistent\/index\.xml'/,
    ],
  ])('%s', (request, kind, message) => {
    const [error, next] = ask(request, { id: 2, verb: 'expand', cpu: '<cpu/>' })
    expect(error?.error).toEqual({
      kind,
      message: typeof message === 'string' ? message : expect.stringMatching(message),
    })
    expect(next).toEqual({ id: 2, schema: 2, xml: '', notes: [] })
  })

  test('the id comes back, whatever it is', () => {
    const ids = [0, '', null, { a: [1] }, false]
    expect(ask(...ids.map(id => ({ id, verb: 'x' }))).map(answer => answer.id)).toEqual(ids)
  })
})

test('a byte order mark, CRLF, blank lines and a missing last newline are no matter', () => {
  const request = JSON.stringify({ verb: 'expand', cpu: '<cpu/>' })
  const { stdout } = virtCpu(['batch'], { input: `\ufeff${request}\r\n\r\n\n  \n${request}` })
  expect(stdout.split('\n').length).toBe(3)
  expect(virtCpu(['batch'], { input: '' })).toEqual({ status: 0, stdout: '', stderr: '' })
})

test('an answer comes before the next request is waited for', async () => {
  const child = spawn(process.execPath, [CLI, 'batch'], { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })
  for (const id of [1, 2, 3]) {
    child.stdin.write(`${JSON.stringify({ id, verb: 'expand', cpu: '<cpu/>' })}\n`)
    const [line] = await once(lines, 'line')
    expect(JSON.parse(line)).toMatchObject({ id })
  }
  child.stdin.end()
  const [status] = await once(child, 'close')
  expect(status).toBe(0)
})

const map = reference('libvirt-11.3', 'cpu_map')
test.skipIf(!map)(`a request's own cpuMap (${map ? '11.3' : NO_REFERENCE})`, () => {
  const [own, theirs] = ask(
    { verb: 'cpu-models', arch: 'x86_64' },
    { verb: 'cpu-models', arch: 'x86_64', cpuMap: map },
  )
  const count = (answer: Answer | undefined) => (answer?.models as string[] | undefined)?.length ?? 0
  expect(count(own)).toBeGreaterThan(count(theirs))
})

test('an id comes back as it came, whatever JavaScript would make of it', () => {
  const ids = [
    '123456789012345678901',
    '-0.10000000000000000001',
    '1e400',
    '[1, {"id": 90071992547409931}]',
    '"a\\u0000b"',
  ]
  const requests = ids.map(id => `{"verb": "nosuch", "x": {"id": 7}, "id" : ${id} }\n`)
  const { stdout } = virtCpu(['batch'], { input: requests.join('') })
  const back = stdout.split('\n').map(line => /^\{"id":(.*),"error":/.exec(line)?.[1])
  expect(back.slice(0, -1)).toEqual(ids)
  expect(virtCpu(['batch'], { input: '{"id": 1, "\\u0069d": 12345678901234567890}' }).stdout).toMatch(
    /^\{"id":12345678901234567890,/,
  )
})
