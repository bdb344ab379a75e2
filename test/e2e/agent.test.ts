import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:http'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readText } from '../../src/formats/dialects.ts'
import { CLI, folderOf, type Ran, runProcess, virtCpu } from '../cli/virt-cpu.ts'
import { reportOf } from '../formats/platforms/samples.ts'
import { needed, notInstalled } from '../needs.ts'
import { type Receiver, startReceiver, TOKEN } from './receiver.ts'

/** What hosts run to report themselves: deploy/agent. */

const AGENT = join(import.meta.dirname, '..', '..', 'deploy', 'agent')
const SCRIPT = join(AGENT, 'virt-cpu-agent.sh')
const TEXTFILE = join(AGENT, 'virt-cpu-textfile.sh')
const CORPUS = join(import.meta.dirname, '..', 'corpus', 'machine')

/** What the agent cannot do without, beside curl or wget. */
const TOOLS = 'awk cat cut grep mktemp od rm sed seq sha256sum sleep tail timeout tr true uname'.split(' ')

const here = (name: string): string =>
  (process.env.PATH ?? '')
    .split(':')
    .map(folder => join(folder, name))
    .find(existsSync) ?? name

/** A folder with these programs and no others. */
function only(names: readonly string[]): string {
  const folder = folderOf({})
  for (const name of names) symlinkSync(here(name), join(folder, name))
  return folder
}

/** Busybox under each of these names, and other programs that are not busybox. */
function busyboxAnd(...others: string[]): string {
  const folder = only(others)
  for (const name of TOOLS) if (!others.includes(name)) symlinkSync(here('busybox'), join(folder, name))
  return folder
}

/** The trees of a machine, as far as the agent reads them. */
function tree(): string {
  const folder = folderOf({})
  const write = (path: string, content: string) => {
    mkdirSync(join(folder, path, '..'), { recursive: true })
    writeFileSync(join(folder, path), content)
  }
  const cpuinfo = readFileSync(join(CORPUS, 'proc-cpuinfo.txt'), 'utf8')
  write('proc/cpuinfo', cpuinfo)
  write('proc/cmdline', 'root=/dev/vda1 mitigations=auto quiet\n')
  write('etc/machine-id', '0123456789abcdef0123456789abcdef\n')
  write('sys/class/dmi/id/product_uuid', '4c4c4544-0042-3510-8058-b7c04f463232\n')
  write('sys/devices/system/cpu/vulnerabilities/mds', 'Not affected\n')
  write('sys/devices/system/cpu/cpu0/microcode/version', '0x1000065\n')
  return folder
}

const root = tree()
const tokenFile = join(folderOf({ token: `${TOKEN}\n` }), 'token')

let server: Receiver
beforeEach(async () => {
  server = await startReceiver()
})
afterEach(() => server.stop())

/** Runs a program while this process answers it. */
async function run(program: string, args: readonly string[], env: Record<string, string>): Promise<Ran> {
  const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  const [stdout, stderr, [status]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ])
  return { stdout, stderr, status }
}

const DASH = here('dash')
const settings = (more: Record<string, string> = {}) => ({
  PATH: only([...TOOLS, 'curl']),
  VIRT_CPU_ROOT: root,
  VIRT_CPU_URL: server.url,
  VIRT_CPU_TOKEN_FILE: tokenFile,
  VIRT_CPU_NAME: 'n1',
  VIRT_CPU_PAUSE: '0',
  ...more,
})
const agent = (more: Record<string, string> = {}) => run(DASH, [SCRIPT], settings(more))

const missing = needed(
  'what agents are run with',
  notInstalled('dash', 'bash', 'busybox', 'curl', 'wget', 'shellcheck'),
)
describe.skipIf(missing)(`the agent (${missing ?? 'installed'})`, () => {
  test('is a POSIX script of at most 60 lines, of which shellcheck says nothing', () => {
    expect(readFileSync(SCRIPT, 'utf8').trimEnd().split('\n').length).toBeLessThanOrEqual(60)
    for (const file of [SCRIPT, TEXTFILE])
      expect(runProcess('shellcheck', ['--shell=sh', file])).toEqual({ status: 0, stdout: '', stderr: '' })
  })

  test('sends the same report in every shell, by curl and by wget', async () => {
    const shells = [
      [DASH, [SCRIPT], only([...TOOLS, 'curl'])],
      [here('bash'), ['--posix', SCRIPT], only([...TOOLS, 'wget'])],
      [here('busybox'), ['sh', SCRIPT], busyboxAnd('curl')],
      [here('busybox'), ['sh', SCRIPT], busyboxAnd('wget')],
    ] as const
    for (const [shell, args, PATH] of shells) {
      const { status, stderr } = await run(shell, args, settings({ PATH, VIRT_CPU_POOL: 'a pool/ü' }))
      expect([stderr, status], `${shell} ${PATH}`).toEqual(['', 0])
    }
    expect(server.sent).toHaveLength(4)
    const [first, ...others] = server.sent
    expect(first).toMatchObject({ method: 'PUT', name: 'n1', pool: 'a pool/ü' })
    expect(first?.id).toMatch(/^[0-9a-f]{32}$/)
    expect(first?.headers).toMatchObject({
      authorization: `Bearer ${TOKEN}`,
      'content-type': 'text/plain; charset=utf-8',
    })
    for (const other of others) {
      expect([other.id, other.name, other.pool]).toEqual([first?.id, first?.name, first?.pool])
      expect(other.headers['if-none-match']).toBe(first?.headers['if-none-match'])
    }
  })

  test('what it sends is a host that every command reads', async () => {
    await agent()
    const report = server.sent[0]?.text ?? ''
    const found = readText(report)
    expect(found.map(({ kind }) => kind)).toEqual(['dump', 'statement'])
    expect(found.flatMap(({ notes }) => notes ?? [])).toEqual([])
    expect(found[1]).toMatchObject({ name: 'n1', microcode: 0x1000065, mitigations: 'auto' })
    const file = join(folderOf({ 'n1.txt': report }), 'n1.txt')
    const { stdout, stderr, status } = virtCpu(['hosts', file])
    expect([stderr, status]).toEqual(['', 0])
    expect(stdout).toContain('n1')
    // The same as what `collect` gathers, as far as the agent asks.
    const collected = runProcess(DASH, [join(AGENT, '..', 'virt-cpu-collect.sh'), '--name', 'n1'], {
      env: { VIRT_CPU_COLLECT_ROOT: root, PATH: only([...TOOLS, 'id', 'date', 'dd', 'sh']) },
    }).stdout
    const json = (content: string) =>
      JSON.parse(virtCpu(['decode', '--json', '-'], { input: content }).stdout) as { cpus?: unknown }
    expect(json(report).cpus).toEqual(json(collected).cpus)
  })

  test('sends no body where the server has the same report already', async () => {
    expect((await agent()).status).toBe(0)
    const { status, stdout } = await agent()
    expect([status, stdout]).toEqual([0, `${server.url} has the report of n1 (304)\n`])
    expect(server.sent.map(({ text: body }) => body !== undefined)).toEqual([true, false])
    // Another pool is news.
    expect((await agent({ VIRT_CPU_POOL: 'b' })).stdout).toContain('(200)')
  })

  test('tries again while the server cannot take it, and says what it refuses', async () => {
    server.next(503, 429)
    expect((await agent()).status).toBe(0)
    expect(server.sent).toHaveLength(3)
    server.next(500, 500)
    const late = await agent({ VIRT_CPU_TRIES: '2', VIRT_CPU_NAME: 'n2' })
    expect([late.status, late.stderr]).toEqual([
      75,
      `virt-cpu-agent: ${server.url} takes no report now (500)\n`,
    ])
    server.next(422)
    const refused = await agent({ VIRT_CPU_NAME: 'n3' })
    expect([refused.status, refused.stderr]).toEqual([
      1,
      `virt-cpu-agent: ${server.url} refuses the report: 422 planned 422\n`,
    ])
    const gone = await agent({ VIRT_CPU_URL: 'http://127.0.0.1:9', VIRT_CPU_TRIES: '2' })
    expect(gone.status).toBe(75)
    expect(gone.stderr).toContain('takes no report now (000)')
  })

  test('a wrong token is refused, and no token is in an argument or an answer', async () => {
    const wrong = join(folderOf({ token: 'vct_wrong' }), 'token')
    const { status, stderr } = await agent({ VIRT_CPU_TOKEN_FILE: wrong })
    expect([status, stderr]).toEqual([
      1,
      `virt-cpu-agent: ${server.url} refuses the report: 401 no such token\n`,
    ])
    for (const client of ['curl', 'wget']) {
      // The client with its arguments written down.
      const PATH = only(TOOLS)
      const seen = join(folderOf({}), 'arguments')
      writeFileSync(join(PATH, client), `#!${DASH}\necho "$0 $*" >>${seen}\nexec ${here(client)} "$@"\n`)
      chmodSync(join(PATH, client), 0o755)
      const ran = await agent({ PATH, VIRT_CPU_POOL: client })
      expect(ran.status, ran.stderr).toBe(0)
      expect(readFileSync(seen, 'utf8')).toContain(server.url)
      expect(readFileSync(seen, 'utf8') + ran.stdout + ran.stderr).not.toContain(TOKEN)
    }
  })

  test('a redirection is not followed: the token stays with the server', async () => {
    const other = createServer((_, response) => response.writeHead(307, { location: server.url }).end())
    await once(other.listen(0, '127.0.0.1'), 'listening')
    const { port } = other.address() as { port: number }
    for (const client of ['curl', 'wget']) {
      const url = `http://127.0.0.1:${port}`
      const ran = await agent({ PATH: only([...TOOLS, client]), VIRT_CPU_URL: url })
      expect([ran.status, ran.stderr]).toEqual([1, `virt-cpu-agent: ${url} refuses the report: 307 \n`])
    }
    other.close()
    expect(server.sent).toEqual([])
  })

  test('says which setting or program is missing', async () => {
    const said = async (more: Record<string, string>) => {
      const { status, stderr } = await agent(more)
      expect(status).toBe(2)
      return stderr
    }
    expect(await said({ VIRT_CPU_URL: '' })).toContain('VIRT_CPU_URL')
    expect(await said({ VIRT_CPU_TOKEN_FILE: '/nonexistent/token' })).toContain('VIRT_CPU_TOKEN_FILE')
    expect(await said({ PATH: only(TOOLS) })).toContain('curl')
    // Busybox has a wget that cannot PUT.
    expect(await said({ PATH: (() => `${busyboxAnd()}:${only([])}`)() })).toContain('curl')
    expect(await said({ VIRT_CPU_ROOT: folderOf({}) })).toContain('VIRT_CPU_ID')
    expect(server.sent).toEqual([])
  })

  test('an id may be given; a UUID makes one where there is no machine-id', async () => {
    await agent({ VIRT_CPU_ID: 'node-1.example.org' })
    const other = tree()
    writeFileSync(join(other, 'etc', 'machine-id'), '')
    await agent({ VIRT_CPU_ROOT: other })
    await agent()
    const ids = server.sent.map(({ id }) => id)
    expect(ids[0]).toBe('node-1.example.org')
    expect(new Set(ids).size).toBe(3)
    // Nobody reads a machine-id, or a UUID, out of an id.
    expect(ids.join()).not.toMatch(/01234567|4c4c4544/)
  })

  test('leaves nothing behind', async () => {
    const TMPDIR = folderOf({})
    await agent({ TMPDIR })
    server.next(500)
    await agent({ TMPDIR, VIRT_CPU_TRIES: '1', VIRT_CPU_POOL: 'x' })
    expect(readdirSync(TMPDIR)).toEqual([])
  })

  test('this machine says the same twice', async () => {
    const real = { VIRT_CPU_ROOT: '', PATH: process.env.PATH ?? '', VIRT_CPU_NAME: '', VIRT_CPU_ID: 'me' }
    for (let i = 0; i < 3; i++) expect((await agent(real)).status).toBe(0)
    expect(server.sent.map(({ text: body }) => body !== undefined)).toEqual([true, false, false])
    expect(server.sent[0]?.name).toBe(hostname())
  })
})

describe('collect --report', () => {
  /** What a host prints when it is collected. */
  const REPORT = reportOf('kvm-01', [
    ['cpuinfo', readFileSync(join(CORPUS, 'proc-cpuinfo.txt'), 'utf8')],
  ]).replace('|arch', '|machine-id: 0123456789abcdef0123456789abcdef\n|time: 2026-11-30T10:00:00Z\n|arch')
  const file = (content = REPORT) => join(folderOf({ 'some-host.txt': content }), 'some-host.txt')
  const collect = (args: readonly string[], env: Record<string, string> = {}) =>
    run(process.execPath, [CLI, 'collect', '--report', server.url, ...args], {
      PATH: process.env.PATH ?? '',
      HOME: folderOf({}),
      VIRT_CPU_TOKEN: TOKEN,
      ...env,
    })

  test('sends a text once, and its hash afterwards, also where only its time is another', async () => {
    const first = await collect(['--report', file(), '--pool', 'amd', '--json'])
    expect(first.stderr).toBe('')
    const [sent] = server.sent
    expect(JSON.parse(first.stdout)).toMatchObject({
      failed: [],
      reported: [{ host: 'kvm-01', id: sent?.id, state: 'new' }],
      interrupted: false,
    })
    expect(sent).toMatchObject({ method: 'PUT', name: 'kvm-01', pool: 'amd' })
    expect(sent?.headers).toMatchObject({
      authorization: `Bearer ${TOKEN}`,
      'content-type': 'text/plain; charset=utf-8',
    })
    const later = file(REPORT.replace('10:00:00', '11:00:00'))
    const second = await collect(['--report', later, '--pool', 'amd'])
    expect([second.status, second.stdout]).toEqual([
      0,
      `1 of 1 at ${server.url}\nthe server has 1 as before\n`,
    ])
  })

  test('a host has the same id as by its agent', async () => {
    await collect(['--report', file()])
    if (!missing) await agent()
    expect(new Set(server.sent.map(({ id }) => id)).size).toBe(1)
  })

  test('without a host it reports this one, the same each time', async () => {
    for (let i = 0; i < 3; i++) {
      const { status, stderr } = await collect(['--no-guests'])
      expect([stderr, status]).toEqual(['', 0])
    }
    expect(server.sent.map(({ name }) => name)).toEqual([hostname(), hostname(), hostname()])
    expect(new Set(server.sent.map(({ headers }) => headers['if-none-match'])).size).toBe(1)
  })

  test('says the address, the status and the words of a server that does not take it', async () => {
    const wrong = join(folderOf({ token: 'vct_wrong\n' }), 'token')
    const text = file()
    const refused = await collect(['--report', text, '--token-file', wrong, '--json'])
    expect(refused.status).toBe(1)
    const why = `${server.url}/v1/hosts/${server.sent[0]?.id}: 401 no such token`
    expect(JSON.parse(refused.stdout)).toMatchObject({ failed: [{ host: text, why }], reported: [] })
    expect(refused.stdout).not.toContain('vct_wrong')
    server.next(503, 503, 503)
    const busy = await collect(['--report', text, '--retries', '2'])
    expect([busy.status, busy.stdout.replace(/\s+/g, ' ')]).toEqual([
      1,
      expect.stringContaining('503 planned 503'),
    ])
    server.next(503)
    expect((await collect(['--report', text])).status).toBe(0)
    server.stop()
    const gone = await collect(['--report', text, '--retries', '0'])
    expect(gone.status).toBe(1)
    expect(gone.stdout).toContain('ECONNREFUSED')
  })

  test('keeps the texts too where there is a folder, and hides names from the server', async () => {
    const folder = folderOf({})
    const { status } = await collect(['--report', file(), '--output', folder, '--redact'])
    expect(status).toBe(0)
    const [name = ''] = readdirSync(folder).filter(one => !one.startsWith('.'))
    expect(server.sent[0]?.name).toMatch(/^host-[0-9a-f]{10}$/)
    expect(readFileSync(join(folder, name), 'utf8')).not.toContain('kvm-01')
    expect(JSON.stringify(server.sent)).not.toContain('kvm-01')
  })

  test('says which options do not go together', async () => {
    const usage = (...args: string[]) => virtCpu(['collect', ...args]).stderr
    expect(usage('--report', 'http://a', '--report', 'http://b')).toContain('one server')
    expect(usage('--report', 'http://')).toContain('an address')
    expect(usage('--report', 'http://a', '--kubectl')).toContain('--kubectl')
    expect(usage('--pool', 'a', 'host')).toContain('--pool is of --report URL')
    expect(usage('--report', 'http://a', '--token-file', '/nonexistent')).toContain("'/nonexistent'")
  })
})

const noUnits = needed('systemd-analyze', notInstalled('systemd-analyze'))
describe.skipIf(noUnits)(`systemd (${noUnits ?? 'installed'})`, () => {
  const analyze = (...args: string[]) => runProcess('systemd-analyze', args)
  const deploy = join(AGENT, '..')

  test('finds no fault in the units', () => {
    const folder = folderOf({})
    for (const path of [
      'virt-cpu-serve.service',
      'agent/virt-cpu-agent.service',
      'agent/virt-cpu-agent.timer',
    ]) {
      const unit = readFileSync(join(deploy, path), 'utf8')
      const [name = ''] = path.split('/').slice(-1)
      writeFileSync(join(folder, name), unit.replaceAll('/usr/local/bin/virt-cpu-agent', '/bin/true'))
    }
    const units = readdirSync(folder).map(name => join(folder, name))
    expect(units).toHaveLength(3)
    expect(analyze('verify', '--man=no', ...units)).toEqual({ status: 0, stdout: '', stderr: '' })
    writeFileSync(join(folder, 'wrong.service'), '[Service]\nExecStart=/bin/true\nPrivateTemp=yes\n')
    expect(analyze('verify', '--man=no', join(folder, 'wrong.service')).stderr).toContain('PrivateTemp')
  })

  test.each(['virt-cpu-serve.service', 'agent/virt-cpu-agent.service'])('%s is exposed to little', path => {
    const { status, stdout } = analyze('security', '--offline=yes', '--threshold=15', join(deploy, path))
    expect(status, stdout).toBe(0)
  })
})

const noExporter = needed('node_exporter', notInstalled('prometheus-node-exporter'))
describe.skipIf(noExporter)(`node_exporter (${noExporter ?? 'installed'})`, () => {
  const folder = folderOf({})
  const port = 20_000 + (process.pid % 20_000)
  const exporter = spawn(
    'prometheus-node-exporter',
    [
      `--web.listen-address=127.0.0.1:${port}`,
      '--collector.disable-defaults',
      '--collector.textfile',
      `--collector.textfile.directory=${folder}`,
    ],
    { stdio: 'ignore' },
  )
  afterAll(() => exporter.kill())

  test('takes the metrics of the textfile script', async () => {
    for (const shell of [[DASH], [here('busybox'), 'sh']]) {
      const [program = '', ...args] = shell
      const env = { VIRT_CPU_ROOT: root }
      expect(runProcess(program, [...args, TEXTFILE, folder], { env })).toMatchObject({
        status: 0,
        stderr: '',
      })
    }
    expect(readdirSync(folder)).toEqual(['virt_cpu.prom'])
    const metrics = await expect
      .poll(() =>
        fetch(`http://127.0.0.1:${port}/metrics`).then(
          r => r.text(),
          () => '',
        ),
      )
      .toContain('node_textfile_scrape_error 0')
      .then(() => fetch(`http://127.0.0.1:${port}/metrics`))
      .then(response => response.text())
    expect(metrics).toMatch(/^virt_cpu_info\{.*microcode="0x[0-9a-f]+".*\} 1$/m)
    expect(metrics).toMatch(/^virt_cpu_flag\{flag="avx2"\} 1$/m)
    expect(metrics).toContain('virt_cpu_vulnerability{name="mds",state="Not affected"} 0')
  })
})
