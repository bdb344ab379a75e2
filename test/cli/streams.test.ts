import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { lstatSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { CLI, folderOf, hostXml, virtCpu } from './virt-cpu.ts'

const folder = folderOf({
  'a.xml': hostXml('Penryn', ['vmx', 'ds']),
  'b.xml': hostXml('Nehalem', ['vmx']),
  'many.xml': hostXml('Penryn', ['vmx']).repeat(20_000),
})
const shell = (script: string) =>
  spawnSync('bash', ['-c', `v() { '${process.execPath}' '${CLI}' "$@"; }\n${script}`], {
    cwd: folder,
    encoding: 'utf8',
  })

test("an empty line follows each of virsh's commands, whatever became of it; -q drops it", () => {
  const run = (...args: string[]) => virtCpu(args, { cwd: folder }).stdout
  expect(run('cpu-models', 'aarch64')).toBe('all CPU models are accepted\n\n')
  expect(run('cpu-models', 'bogus')).toBe('\n')
  expect(run('-q', 'cpu-models', 'bogus')).toBe('')
  expect(run('-q', 'cpu-models', 'aarch64')).toBe('')
  expect(run('name', 'avx2')).not.toMatch(/\n\n$/)
})

test('exit status: no is 1, an error 1 for virsh’s commands and 2 for ours', () => {
  const status = (...args: string[]) => virtCpu(args, { cwd: folder }).status
  expect(status('cpu-compare', 'a.xml', '--host', 'b.xml')).toBe(1)
  expect(status('name', 'nosuchfeature')).toBe(1)
  expect(status('tree', 'nosuchmodel')).toBe(1)
  expect(status('cpu-baseline', 'missing.xml')).toBe(1)
  expect(status('decode', 'missing.xml')).toBe(2)
  expect(status('cpu-models', 'x86_64', '--cpu-map', '/nonexistent')).toBe(1)
  expect(status('tree', '--cpu-map', '/nonexistent')).toBe(2)
})

test('a full disk is a message, not a fault', () => {
  const run = (command: string) => {
    const { status, stderr } = shell(`v ${command} > /dev/full`)
    return [status, stderr]
  }
  const full = 'error: Failed to write to standard output: no space left on device\n'
  expect(run('decode a.xml')).toEqual([2, full])
  expect(run('hosts a.xml')).toEqual([2, full])
  expect(run('cpu-models x86_64')).toEqual([1, full])
  expect(run('--help')).toEqual([2, full])
  const report = virtCpu(['drift', 'a.xml', 'b.xml', '--junit', '/dev/full'], { cwd: folder })
  expect(report.stderr).toBe("error: Failed to write file '/dev/full': No space left on device\n")
  expect(lstatSync('/dev/full').isCharacterDevice()).toBe(true)
})

test('all files that cannot be read are named, whichever way they are given', () => {
  const said = (...args: string[]) =>
    virtCpu(args, { cwd: folder })
      .stderr.match(/(?<=')no\d\.xml/g)
      ?.join(' ')
  expect(said('explain', 'no1.xml', 'a.xml', 'no2.xml')).toBe('no1.xml no2.xml')
  expect(said('drift', 'no1.xml', 'no2.xml')).toBe('no1.xml no2.xml')
  expect(said('what-if', 'no1.xml', '--add', 'no2.xml', '--add', 'no3.xml')).toBe('no2.xml no3.xml no1.xml')
  expect(said('models', '--usable-on', 'no1.xml', '--usable-on', 'no2.xml')).toBe('no1.xml no2.xml')
})

test('a closed pipe is quiet, 0', () => {
  const { stdout, stderr } = shell(
    'status() { echo $1; }; v cpu-models x86_64 | true; status $PIPESTATUS; v decode many.xml | head -1; status $PIPESTATUS',
  )
  expect([stdout, stderr]).toEqual(['0\n<cpu>\n0\n', ''])
})

test('so is a closed socket, which is what Node gives its children', async () => {
  const child = spawn(process.execPath, [CLI, 'batch'], { stdio: ['pipe', 'pipe', 'pipe'] })
  let said = ''
  child.stderr.on('data', text => {
    said += text
  })
  child.stdout.destroy()
  child.stdin.on('error', () => {})
  const request = `{"verb": "cpu-models", "arch": "x86_64"}\n`
  child.stdin.end(request.repeat(2000))
  const [status] = await once(child, 'close')
  expect([status, said]).toEqual([0, ''])
})

test('Ctrl-C ends it at once', async () => {
  const child = spawn(process.execPath, [CLI, 'batch'], { stdio: ['pipe', 'pipe', 'pipe'] })
  setTimeout(() => child.kill('SIGINT'), 300)
  const [status, signal] = await once(child, 'close')
  expect([status, signal]).toEqual([null, 'SIGINT']) // which shells show as 130
})

/** What a command prints on a terminal; its other stream goes nowhere. */
function onTerminal(args: readonly string[], streams: string, env = ''): string {
  const command = `${env} ${process.execPath} ${CLI} ${args.join(' ')} ${streams}`
  const { stdout } = spawnSync('script', ['-qec', command, '/dev/null'], { cwd: folder, encoding: 'utf8' })
  return stdout.replaceAll('\r\n', '\n')
}

const ESCAPE = String.fromCharCode(27)
const withoutColour = (text: string): string => text.split(ESCAPE).map(withoutCode).join('')
const withoutCode = (text: string, i: number): string => (i === 0 ? text : text.replace(/^\[\d+m/, ''))

describe('no text depends on a terminal', () => {
  const explanations = [
    ['cpu-baseline', 'a.xml', 'b.xml', '--explain'],
    ['cpu-compare', 'a.xml', '--host', 'b.xml', '--explain'],
    ['capabilities', '--explain'],
  ]
  test.each(explanations)('%s %s %s: an explanation is coloured there, and only coloured', (...args) => {
    const plain = virtCpu(args, { cwd: folder }).stderr
    const shown = onTerminal(args, '2>&1 >/dev/null')
    expect(shown).toContain(`${ESCAPE}[`)
    expect(withoutColour(shown)).toBe(plain)
    expect(onTerminal(args, '2>&1 >/dev/null', 'NO_COLOR=1')).toBe(plain)
  })

  test('the answer beside an explanation has no colour, whatever stream is a terminal', () => {
    const args = ['cpu-baseline', 'a.xml', 'b.xml', '--explain']
    expect(onTerminal(args, '2>/dev/null')).toBe(virtCpu(args, { cwd: folder }).stdout)
  })
})

test('a narrow terminal gets narrow text', () => {
  const command = `stty cols 60; ${process.execPath} ${CLI} tree`
  const { stdout } = spawnSync('script', ['-qec', command, '/dev/null'], { encoding: 'utf8' })
  const widths = stdout.split(/\r?\n/).map(line => line.length)
  expect(widths.length).toBeGreaterThan(20)
  expect(Math.max(...widths)).toBeLessThanOrEqual(60)
})

describe('what is longer than the terminal', () => {
  const paged = (args: string, env = '') => {
    const command = `stty rows 10 cols 80; ${env} PAGER='sed s/^/page:/' ${process.execPath} ${CLI} ${args}`
    const { stdout } = spawnSync('script', ['-qec', command, '/dev/null'], { cwd: folder, encoding: 'utf8' })
    return stdout.replaceAll('\r\n', '\n').trimEnd().split('\n')
  }
  const isPaged = (line: string) => line.startsWith('page:')

  test('goes through a pager, and nothing else does', () => {
    const lines = paged('tree Skylake-Server')
    expect(lines.length).toBeGreaterThan(10)
    expect(lines.every(isPaged)).toBe(true)
    expect(paged('tree Skylake-Server --no-pager').some(isPaged)).toBe(false)
    expect(paged('tree Skylake-Server', 'TERM=dumb').some(isPaged)).toBe(false)
    expect(paged('tree Skylake-Server | cat').some(isPaged)).toBe(false)
    expect(paged('hosts a.xml --color never').some(isPaged)).toBe(false)
  })

  test('is printed where there is no such pager', () => {
    const command = `stty rows 10 cols 80; PAGER=nosuchpager ${process.execPath} ${CLI} tree Skylake-Server`
    const { stdout } = spawnSync('script', ['-qec', command, '/dev/null'], { encoding: 'utf8' })
    expect(stdout.split('\n').length).toBeGreaterThan(10)
  })
})

test('what takes long says so on a terminal, and takes the line away', () => {
  // However fast the machine is, this takes two seconds.
  const shown = onTerminal(['hosts', '-'], '>/dev/null', '{ sleep 2; cat a.xml; } | TERM=xterm')
  expect(shown).toMatch(/reading … \d+ s/)
  expect(shown.endsWith(`\r${ESCAPE}[K`)).toBe(true)
  expect(virtCpu(['hosts', 'a.xml'], { cwd: folder }).stderr).toBe('')
})

test('VIRT_CPU_MAP is --cpu-map', () => {
  const { status, stderr } = virtCpu(['cpu-models', 'x86_64'], {
    env: { VIRT_CPU_MAP: join(folder, 'nowhere') },
  })
  expect(status).toBe(1)
  expect(stderr).toContain("nowhere/index.xml': No such file or directory")
})
