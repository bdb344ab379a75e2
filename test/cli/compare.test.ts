import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { NO_REFERENCE, reference } from '../reference.ts'
import { folderOf, hostXml, virtCpu } from './virt-cpu.ts'

const guide = join(import.meta.dirname, '..', '..', 'examples', 'redhat-guide')
const folder = folderOf({
  'host.xml': hostXml('Nehalem', ['vmx', 'ds']),
  'less.xml': hostXml('Nehalem', ['vmx']),
  'more.xml': hostXml('Nehalem', ['vmx', 'ds', 'avx2']),
  'forbids.xml': "<cpu match='exact'><model>Penryn</model><feature policy='forbid' name='vmx'/></cpu>",
  'strict.xml': "<cpu match='strict'><model>Penryn</model></cpu>",
  'unknown.xml': hostXml('FutureLake'),
  'nothing.xml': "<cpu mode='custom' match='exact'><model fallback='allow'>486</model></cpu>\n",
  'loose.xml': "<cpu><model>Penryn</model><feature name='vmx'/></cpu>",
  'domcaps.xml':
    "<domainCapabilities><cpu><mode name='host-model' supported='yes'><model fallback='forbid'>Nehalem</model></mode></cpu></domainCapabilities>",
})
const run = (...args: string[]) => virtCpu(['cpu-compare', ...args], { cwd: folder })

test.each([
  ['host.xml', 0, 'CPU described in host.xml is identical to host CPU\n\n'],
  ['less.xml', 0, 'Host CPU is a superset of CPU described in less.xml\n\n'],
  ['more.xml', 1, 'CPU described in more.xml is incompatible with host CPU\n\n'],
])('%s', (file, status, stdout) => {
  expect(run(file, '--host', 'host.xml')).toEqual({ status, stdout, stderr: '' })
})

test('--error makes incompatible an error', () => {
  expect(run('more.xml', '--host', 'host.xml', '--error')).toEqual({
    status: 1,
    stdout: '\n',
    stderr:
      'error: Failed to compare host CPU with more.xml\n' +
      'error: the CPU is incompatible with host CPU: Host CPU does not provide required features: avx2\n',
  })
})

test('several files: one line each, and what is wrong with one keeps no other from its answer', () => {
  const { status, stdout, stderr } = run(
    'less.xml',
    'unknown.xml',
    'missing.xml',
    'host.xml',
    '--host',
    'host.xml',
  )
  expect(status).toBe(1)
  expect(stdout).toBe(
    'Host CPU is a superset of CPU described in less.xml\nCPU described in host.xml is identical to host CPU\n\n',
  )
  expect(stderr).toBe(
    'error: Failed to compare host CPU with unknown.xml\n' +
      'error: internal error: Unknown CPU model FutureLake\n' +
      "error: Failed to open file 'missing.xml': No such file or directory\n",
  )
})

describe('without --host it is this machine', () => {
  const canProbe = process.platform === 'linux' && process.arch === 'x64'

  test.runIf(canProbe)('which has more than nothing, and is said how it was read', () => {
    const { status, stdout, stderr } = run('nothing.xml', '--explain')
    expect([status, stdout]).toEqual([0, 'Host CPU is a superset of CPU described in nothing.xml\n\n'])
    expect(stderr).toMatch(/^this host has \d+ features more than nothing\.xml asks for\nnote: CPU 0/)
  })

  test.runIf(canProbe)('and notes are in JSON once', () => {
    const { answers, host, notes } = JSON.parse(run('nothing.xml', 'nothing.xml', '--json').stdout)
    expect([host, answers.length, notes[0].kind]).toEqual(['this host', 2, 'probed'])
  })

  test.skipIf(canProbe)('which cannot be read here, so it says how to give a host', () => {
    const { status, stdout, stderr } = run('less.xml')
    expect([status, stdout]).toEqual([1, '\n'])
    expect(stderr).toMatch(/^error: Failed to compare host CPU with less\.xml\nerror: .*--host FILE/)
  })
})

test('domain capabilities are a host too', () => {
  expect(run('less.xml', '--host', 'domcaps.xml').stdout).toContain('incompatible')
})

describe('--explain, on stderr', () => {
  test('each missing feature with its place and title', () => {
    const [workstation, server] = [join(guide, 'workstation.xml'), join(guide, 'server.xml')]
    const { stdout, stderr } = run(workstation, '--host', server, '--explain')
    expect(stdout).toBe(`CPU described in ${workstation} is incompatible with host CPU\n\n`)
    const names = [...stderr.matchAll(/^ {2}(\S+) +CPUID\.01H:E[CD]X\[\d+\] +\S/gm)].map(match => match[1])
    expect(names).toEqual(['ds_cpl', 'vmx', 'est', 'tm2', 'ssse3', 'xtpr', 'ds', 'acpi', 'ss', 'tm', 'pbe'])
  })

  test.each([
    ['less.xml', 'host.xml has 1 feature more than less.xml asks for\n'],
    ['host.xml', 'host.xml has what host.xml asks for and nothing else\n'],
    ['forbids.xml', 'forbids.xml forbids 1 feature that host.xml has:\n  vmx  CPUID.01H:ECX[5]  '],
    ['strict.xml', 'strict.xml asks for a strict match, and host.xml has '],
  ])('%s', (file, text) => {
    expect(run(file, '--host', 'host.xml', '--explain').stderr).toContain(text)
  })
})

test('--json: an answer for each file, with reasons', () => {
  const { status, stdout } = run('more.xml', 'unknown.xml', '--host', 'host.xml', '--json')
  expect(status).toBe(1)
  expect(JSON.parse(stdout)).toMatchObject({
    schema: 2,
    host: 'host.xml',
    answers: [
      {
        file: 'more.xml',
        result: 'incompatible',
        missing: [{ feature: 'avx2', place: 'CPUID.07H.0:EBX[5]' }],
      },
      { file: 'unknown.xml', error: 'internal error: Unknown CPU model FutureLake' },
    ],
  })
})

describe('--validate', () => {
  const SCHEMAS = join(import.meta.dirname, '..', '..', 'schema')
  const valid = (file: string, schemas: string, ...more: string[]) => {
    const { stderr } = run(file, '--host', 'host.xml', '--validate', '--schema', schemas, ...more)
    return stderr === '' ? 'valid' : stderr
  }

  test('what the schema does not take is libvirt’s error', () => {
    const [first, second, ...lines] = valid('loose.xml', SCHEMAS).split('\n')
    expect(first).toBe('error: Failed to compare host CPU with loose.xml')
    expect(second).toBe(
      `error: XML document failed to validate against schema: Unable to validate doc against ${SCHEMAS}/cpu.rng`,
    )
    expect(lines[0]).toBe('Element feature failed to validate attributes')
    expect(lines.slice(-2)).toEqual(['', ''])
  })

  test('what it takes is answered as without', () => {
    for (const file of ['host.xml', 'less.xml', 'strict.xml']) expect(valid(file, SCHEMAS)).toBe('valid')
  })

  test('a folder without a schema', () => {
    expect(valid('host.xml', '/nonexistent')).toMatch(/Failed to open file '\/nonexistent\/cpu\.rng'/)
  })

  const observed = reference('virsh-observed', 'in')
  const libvirts = reference('libvirt-12.8', 'schemas')
  test.skipIf(!observed || !libvirts)(
    `our schema takes what libvirt's takes (${libvirts ? '12.8' : NO_REFERENCE})`,
    () => {
      const files = readdirSync(observed ?? '').map(name => join(observed ?? '', name))
      const verdicts = (schemas: string) => {
        const { stderr } = run(...files, '--host', 'host.xml', '--validate', '--schema', schemas)
        return [...stderr.matchAll(/with (\S+)\nerror: XML document failed to validate/g)].map(
          match => match[1],
        )
      }
      const theirs = verdicts(libvirts ?? '')
      expect(theirs.length).toBeGreaterThan(10)
      expect(verdicts(SCHEMAS)).toEqual(theirs)
    },
  )

  test('the schema is part of the package', () => expect(existsSync(join(SCHEMAS, 'cpu.rng'))).toBe(true))
})
