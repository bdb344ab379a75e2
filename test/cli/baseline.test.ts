import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { folderOf, hostXml, virtCpu } from './virt-cpu.ts'

const examples = join(import.meta.dirname, '..', '..', 'examples')
const guide = ['workstation.xml', 'server.xml'].map(name => join(examples, 'redhat-guide', name))

describe("the example of Red Hat's guide", () => {
  test('as virsh answers it', () => {
    const { status, stdout, stderr } = virtCpu(['cpu-baseline', ...guide])
    expect([status, stderr]).toEqual([0, ''])
    expect(stdout).toBe(`<cpu mode='custom' match='exact'>
  <model fallback='allow'>kvm32</model>
  <feature policy='require' name='monitor'/>
  <feature policy='require' name='cx16'/>
  <feature policy='require' name='vme'/>
  <feature policy='require' name='lahf_lm'/>
  <feature policy='require' name='lm'/>
</cpu>

`)
  })

  test('on the model that the guide prints', () => {
    const { stdout } = virtCpu(['cpu-baseline', ...guide, '--on-model', 'pentium3'])
    const required = [...stdout.matchAll(/policy='require' name='([^']+)'/g)].map(([, name]) => name)
    expect(stdout).toContain("<model fallback='forbid'>pentium3</model>")
    expect(required).toEqual(['pni', 'monitor', 'cx16', 'apic', 'clflush', 'sse2', 'lahf_lm', 'lm'])
  })

  test('--explain names what is lost, where it is and who lacks it, on stderr', () => {
    const plain = virtCpu(['cpu-baseline', ...guide])
    const { stdout, stderr, status } = virtCpu(['cpu-baseline', ...guide, '--explain'])
    expect([status, stdout]).toEqual([0, plain.stdout])
    expect(stderr).toMatch(/^model: kvm32, closest to what the hosts share .*\(pentium3, phenom\)/)
    expect(stderr).toMatch(/^ {2}not on .*server\.xml:\n(?: {4}.*\n)* {4}vmx +CPUID\.01H:ECX\[5\] +\S.*$/m)
    expect(stderr).toMatch(
      /^ {2}not on .*workstation\.xml:\n(?: {4}.*\n)* {4}nx +CPUID\.80000001H:EDX\[20\] /m,
    )
    expect(stderr).toMatch(/^note: security features .*nx \(not on .*workstation\.xml\)$/m)
  })
})

test('--json carries the answer, its features and notes, and with --explain the reasons', () => {
  const { stdout } = virtCpu(['cpu-baseline', ...guide, '--json', '--explain'])
  const answer = JSON.parse(stdout)
  expect(Object.keys(answer)).toEqual(['schema', 'xml', 'model', 'features', 'notes', 'explain'])
  expect(answer).toMatchObject({
    schema: 2,
    model: 'kvm32',
    explain: { hostCount: 2, modelChoice: { because: 'closest' } },
  })
  expect(answer.features).toContain('sse2')
  expect(answer.notes.map((note: { kind: string }) => note.kind)).toContain('security-dropped')
  expect(answer.explain.lost[0]).toEqual({
    feature: 'ds_cpl',
    place: 'CPUID.01H:ECX[4]',
    title: expect.any(String),
    class: expect.any(String),
    hosts: [guide[1]],
  })
})

const folder = folderOf({
  'old.xml': hostXml('Haswell-noTSX-IBRS', ['vmx', 'invtsc']),
  'new.xml': hostXml('Skylake-Client-noTSX-IBRS', ['vmx', 'invtsc', 'md-clear']),
  'newer.xml': hostXml('Skylake-Client-noTSX-IBRS', ['vmx', 'made-up']),
  'unknown.xml': hostXml('FutureLake'),
  'amd.xml': hostXml('EPYC', [], 'AMD'),
})
const run = (...args: string[]) => virtCpu(args, { cwd: folder })

test('--migratable leaves out what blocks a migration, --features spells the model out', () => {
  expect(run('cpu-baseline', 'old.xml').stdout).toContain('invtsc')
  expect(run('cpu-baseline', 'old.xml', '--migratable').stdout).not.toContain('invtsc')
  expect(run('cpu-baseline', 'old.xml', '--features').stdout).toContain("name='avx2'")
})

test('an unknown feature fails as libvirt does; where there are several files the guilty one is named', () => {
  expect(run('cpu-baseline', 'newer.xml').stderr).toBe('error: internal error: Unknown CPU feature made-up\n')
  expect(run('cpu-baseline', 'old.xml', 'newer.xml')).toEqual({
    status: 1,
    stdout: '\n',
    stderr: "error: Failed to use CPU of 'newer.xml'\nerror: internal error: Unknown CPU feature made-up\n",
  })
})

test('--lenient leaves unknown names out and notes them', () => {
  const { status, stdout, stderr } = run(
    'cpu-baseline',
    'old.xml',
    'newer.xml',
    'unknown.xml',
    '--lenient',
    '--explain',
  )
  expect(status).toBe(0)
  expect(stdout).toContain("<model fallback='allow'>Haswell-noTSX-IBRS</model>")
  expect(stderr).toContain('note: newer.xml: unknown feature made-up is left out')
  expect(stderr).toContain('note: unknown.xml: left out of the pool: its model FutureLake is unknown')
})

test('vendors that do not match are refused as libvirt does', () => {
  const { status, stderr } = run('cpu-baseline', 'old.xml', 'amd.xml')
  expect([status, stderr.split('\n').at(-2)]).toEqual([
    1,
    'error: operation failed: CPU vendors do not match',
  ])
})

test("libvirt's test driver: nothing filtered, no --migratable, no comparison", () => {
  const on = (...args: string[]) => run('-c', 'test:///default', ...args)
  expect(on('cpu-baseline', 'old.xml', '--migratable').stderr).toBe(
    'error: unsupported flags (0x2) in function testConnectBaselineCPU\n',
  )
  expect(on('cpu-compare', 'old.xml', '--host', 'new.xml')).toEqual({
    status: 1,
    stdout: '\n',
    stderr:
      'error: Failed to compare host CPU with old.xml\n' +
      'error: this function is not supported by the connection driver: virConnectCompareCPU\n',
  })
})

test('--explain names what guests would be given where that is not libvirt’s answer, and why, on stderr', () => {
  const sky = ['sky-01', 'sky-02'].map(name => join(examples, 'fleet', `${name}.xml`))
  const { stdout, stderr } = virtCpu(['cpu-baseline', ...sky, '--explain'])
  expect(stdout).toBe(virtCpu(['cpu-baseline', ...sky]).stdout)
  const [pool] = JSON.parse(virtCpu(['explain', ...sky, '--json']).stdout).pools
  expect(stderr).toContain(`for guests: ${pool.expression.model} +`)
  expect(stderr).toMatch(/hypervisors do not give guests: .*dtes64/)
  expect(stderr).toMatch(/given on request only: .*vmx/)
  expect(stderr).toMatch(/hypervisors give besides: .*hypervisor/)
})
