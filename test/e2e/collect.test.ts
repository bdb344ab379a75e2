import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readText } from '../../src/formats/dialects.ts'
import { CLI, folderOf, type Ran, runProcess, virtCpu } from '../cli/virt-cpu.ts'
import { isLong } from '../effort.ts'
import { reportOf, sample } from '../formats/platforms/samples.ts'
import { needed, notInstalled } from '../needs.ts'
import { type Sshd, startSshd, whyNoSshd } from './sshd.ts'

const SCRIPT = join(import.meta.dirname, '..', '..', 'deploy', 'virt-cpu-collect.sh')
const CORPUS = join(import.meta.dirname, '..', 'corpus', 'machine')

/** The programs that the script cannot do without. */
const TOOLS = 'awk cat date dd grep id od sed sh timeout tr true uname sleep head kill'.split(' ')

/** A folder with these programs and no others. */
function toolsOnly(names: readonly string[]): string {
  const folder = folderOf({})
  for (const name of names) {
    const found = ['/usr/bin', '/bin'].map(bin => join(bin, name)).find(existsSync)
    if (found) symlinkSync(found, join(folder, name))
  }
  return folder
}

/** The trees of a machine, as far as the script reads them. */
function tree(): string {
  const folder = folderOf({})
  const write = (path: string, text: string) => {
    mkdirSync(join(folder, path, '..'), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  write('proc/cpuinfo', readFileSync(join(CORPUS, 'proc-cpuinfo.txt'), 'utf8'))
  write('etc/machine-id', '0123456789abcdef0123456789abcdef\n')
  write('etc/os-release', 'NAME=Any\nPRETTY_NAME="Any Linux 1 (one)"\n')
  write('sys/class/dmi/id/product_uuid', '4c4c4544-0042-3510-8058-b7c04f463232\n')
  write('sys/devices/system/cpu/vulnerabilities/mds', 'Not affected\n')
  write('sys/devices/system/cpu/cpu0/microcode/version', '0x1000065\n')
  return folder
}

/** Runs the built command beside what else the test does. */
async function start(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> {
  const child = spawn(process.execPath, [CLI, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  })
  const [stdout, stderr, [status]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ])
  return { stdout, stderr, status }
}

describe('the script', () => {
  const shells = ['dash', 'bash', 'busybox'].filter(name => !notInstalled(name))
  const root = tree()
  const reportBy = (shell: string, env: Record<string, string> = {}, ...args: string[]) =>
    runProcess(shell, [...(shell.endsWith('busybox') ? ['sh'] : []), SCRIPT, '--name', 'n1', ...args], {
      env: { VIRT_CPU_COLLECT_ROOT: root, PATH: `${toolsOnly(TOOLS)}:${join('/nonexistent')}`, ...env },
    })

  test('prints the same in every shell that is here, and every section is read', () => {
    expect(shells).toContain('dash')
    const texts = shells.map(shell => {
      const program = ['/usr/bin', '/bin'].map(bin => join(bin, shell)).find(existsSync) ?? shell
      const { stdout, stderr, status } = reportBy(program)
      expect([stderr, status], shell).toEqual(['', 0])
      return stdout.replace(/^\|time: .*$/m, '')
    })
    expect(new Set(texts).size).toBe(1)
    const found = readText(texts[0] ?? '')
    expect(found.map(({ kind }) => kind)).toEqual(['dump', 'statement'])
    expect(found.at(-1)).toMatchObject({
      name: 'n1',
      uuid: '4c4c4544-0042-3510-8058-b7c04f463232',
      cpus: 2,
      microcode: 0x1000065,
      vulnerabilities: { mds: 'Not affected' },
    })
    expect(found[0]?.notes).toEqual([])
  })

  test('works without timeout and awk, and ends a program that hangs', () => {
    const tools = toolsOnly(TOOLS.filter(name => !/^(?:timeout|awk)$/.test(name)))
    writeFileSync(join(tools, 'incus'), '#!/bin/sh\nexec sleep 1000\n', { mode: 0o755 })
    const { stdout, status } = reportBy('/usr/bin/dash', { PATH: tools }, '--timeout', '2')
    expect(status).toBe(0)
    expect(stdout).toMatch(/^\[\/incus\] 124$/m)
    expect(stdout).toMatch(/^\[end\] \d+\n$/m)
    expect(readText(stdout)[0]?.notes).toEqual([expect.stringMatching(/^incus is missing: /)])
  })

  test('reads words of CPUID by the kernel’s driver where there is no other program', () => {
    const tools = toolsOnly(TOOLS.filter(name => name !== 'dd'))
    // The offset that the first leaves behind picks the words that the second prints.
    const rows = [
      ...(readFileSync(join(CORPUS, 'cpuid-r.txt'), 'utf8').split('CPU 1:')[0] ?? '').matchAll(ROW),
    ]
    const cases = rows.map(([, leaf = '', subleaf = '', ...words]) => {
      const bytes = words.map(word =>
        (word.match(/../g) ?? [])
          .reverse()
          .map(pair => `\\0${octal(pair)}`)
          .join(''),
      )
      return `${BigInt(`0x${subleaf}`) * 4294967296n + BigInt(`0x${leaf}`)}) printf '%b' '${bytes.join('')}' ;;`
    })
    const none =
      "'\\0000\\0000\\0000\\0000\\0000\\0000\\0000\\0000\\0000\\0000\\0000\\0000\\0000\\0000\\0000\\0000'"
    writeFileSync(
      join(tools, 'dd'),
      `#!/bin/sh
case "$1 $2" in
  'bs=1 skip='*) echo "\${2#skip=}" >'${tools}/offset' ;;
  'bs=16 count=1') read -r at <'${tools}/offset'; case $at in
${cases.join('\n')}
*) printf '%b' ${none} ;;
esac ;;
*) exit 1 ;;
esac
`,
      { mode: 0o755 },
    )
    const machine = tree()
    mkdirSync(join(machine, 'dev/cpu/0'), { recursive: true })
    writeFileSync(join(machine, 'dev/cpu/0/cpuid'), '')
    const { stdout } = reportBy('/usr/bin/dash', { PATH: tools, VIRT_CPU_COLLECT_ROOT: machine })
    const read = readText(stdout).find(one => one.dialect === 'cpuid-r')
    const [whole] = readText(readFileSync(join(CORPUS, 'cpuid-r.txt'), 'utf8'))
    const features = (one: typeof read) =>
      one?.kind === 'dump'
        ? one.dumps[0]?.data.rows().filter(([leaf, subleaf]) => FEATURE_LEAVES.has(`${leaf}.${subleaf}`))
        : undefined
    expect(features(read)?.length).toBeGreaterThan(5)
    expect(features(read)).toEqual(features(whole))
  })

  test.each([
    [['--nosuch'], /unknown option --nosuch; there are --name/],
    [['--timeout'], /--timeout takes a value/],
    [['--timeout', 'soon'], /takes a number of seconds, not 'soon'/],
  ])('refuses %j', (args, message) => {
    const { status, stdout, stderr } = runProcess('sh', [SCRIPT, ...args])
    expect([status, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(message)
  })

  const noLint = needed('shellcheck and checkbashisms', notInstalled('shellcheck', 'checkbashisms'))
  test.skipIf(noLint)(`its linters are silent (${noLint ?? 'installed'})`, () => {
    const { stdout } = runProcess('shellcheck', ['-s', 'sh', SCRIPT])
    expect(stdout).toBe('')
    expect(runProcess('checkbashisms', ['-p', SCRIPT])).toEqual({ status: 0, stdout: '', stderr: '' })
  })
})

const ROW =
  /0x([0-9a-f]{8}) 0x([0-9a-f]{2}): eax=0x([0-9a-f]{8}) ebx=0x([0-9a-f]{8}) ecx=0x([0-9a-f]{8}) edx=0x([0-9a-f]{8})/g

const octal = (pair: string): string => Number.parseInt(pair, 16).toString(8).padStart(3, '0')

/** Where features are. */
const FEATURE_LEAVES = new Set(
  [
    [1, 0],
    [7, 0],
    [7, 1],
    [13, 1],
    [0x8000_0001, 0],
    [0x8000_0007, 0],
    [0x8000_0008, 0],
    [0x8000_0021, 0],
  ].map(([leaf, subleaf]) => `${leaf}.${subleaf}`),
)

const why = needed('sshd', whyNoSshd())

/** What a host does, by the beginning of its name. */
const SHELL = (root: string, tools: string) => `
export VIRT_CPU_COLLECT_ROOT='${root}' PATH='${tools}'
report() { eval "$SSH_ORIGINAL_COMMAND --name $LC_HOST"; }
case $LC_HOST in
  # The script itself takes a loaded machine too long to run it fifty times at once.
  good-?) report ;;
  good*) cat >/dev/null; sed "s/NAME/$LC_HOST/" '${root}/report' ;;
  chatty) echo 'Welcome to chatty!'; echo 'a banner' >&2; report; echo 'Goodbye.' ;;
  flaky) if [ -e '${root}/been-here' ]; then report; else echo >'${root}/been-here'; kill -9 $PPID; fi ;;
  slow*) exec sleep 1000 ;;
  garbage) echo 'lorem ipsum dolor sit amet' ;;
  noise) head -c 300000 /dev/urandom ;;
  cut) report | head -n 20 ;;
  dies) report | head -n 20; kill -9 $PPID ;;
  nologin) echo 'This account is currently not available.'; exit 1 ;;
esac
`

const GOOD = Array.from({ length: isLong ? 40 : 41 }, (_, i) => `good-${i + 1}`)
const ODD = ['chatty', 'flaky']
const BAD = {
  garbage: /^no report: "lorem ipsum dolor sit amet"$/,
  noise: /^no report: /,
  cut: /^its report is cut$/,
  dies: /closed|reset|255/i,
  nologin: /This account is currently not available/,
  closed: /Connection refused/,
  stranger: /Permission denied \(publickey\)/,
} as const
/** Hosts that never answer: the long run waits for one with all others, as long as any may take. */
const SLOW = ['slow', 'slow-2']

interface CollectAnswer {
  readonly collected: readonly string[]
  readonly there: readonly string[]
  readonly failed: readonly { readonly host: string; readonly why: string }[]
  readonly interrupted: boolean
}

describe.skipIf(why)(`over ssh (${why ?? 'installed'})`, () => {
  let sshd: Sshd
  const root = tree()
  const all = [...GOOD, ...ODD, ...Object.keys(BAD), ...SLOW.slice(0, isLong ? 1 : 0)]
  const folder = join(folderOf({}), 'hosts')

  beforeAll(async () => {
    const cpuinfo = readFileSync(join(CORPUS, 'proc-cpuinfo.txt'), 'utf8')
    writeFileSync(join(root, 'report'), reportOf('NAME', [['cpuinfo', cpuinfo]]))
    sshd = await startSshd([...all, ...SLOW], SHELL(root, toolsOnly(TOOLS)))
  })
  afterAll(() => sshd?.stop())

  const inventoryOf = (hosts: readonly string[]) =>
    join(folderOf({ 'hosts.txt': `# all of them\n${hosts.join('\n')}\n` }), 'hosts.txt')
  const argsFor = (hosts: readonly string[], ...args: string[]) => [
    'collect',
    '--inventory',
    inventoryOf(hosts),
    '--ssh-config',
    sshd.config,
    ...args,
  ]
  const collect = (hosts: readonly string[], ...args: string[]) => virtCpu(argsFor(hosts, ...args))
  const answerOf = ({ stdout }: { stdout: string }) => JSON.parse(stdout) as CollectAnswer

  test('of fifty hosts at once each is told of once, and each failure in its program’s own words', async () => {
    expect(all).toHaveLength(50)
    const args = ['--output', folder, '--jobs', '50', '--timeout', '60', '--retries', '1', '--json']
    // What is to take too long may be told so early: no loaded machine makes it fast.
    const [ran, late] = await Promise.all([
      start(argsFor(all, ...args)),
      start(argsFor(SLOW, '--output', join(folderOf({}), 'late'), '--timeout', '5', '--json')),
    ])
    expect(answerOf(late)).toMatchObject({
      collected: [],
      failed: SLOW.map(host => ({ host, why: 'no answer within 5 s' })),
    })
    const { collected, there, failed } = answerOf(ran)
    expect(failed.filter(({ host }) => !(host in BAD) && !SLOW.includes(host))).toEqual([])
    expect([...collected].sort()).toEqual([...GOOD, ...ODD].sort())
    expect(there).toEqual([])
    expect(failed.map(({ host }) => host)).toEqual(all.slice(GOOD.length + ODD.length))
    for (const { host, why: said } of failed)
      expect(said, host).toMatch(
        SLOW.includes(host) ? /^no answer within 60 s$/ : BAD[host as keyof typeof BAD],
      )
    expect(ran.status).toBe(1)
    expect(ran.stderr).toBe('')
    expect(readdirSync(folder).sort()).toEqual([...GOOD, ...ODD].map(host => `${host}.txt`).sort())
    for (const name of readdirSync(folder)) {
      const [, statement] = readText(readFileSync(join(folder, name), 'utf8'))
      expect(statement).toMatchObject({ name: name.replace('.txt', '') })
    }
    const { hosts } = JSON.parse(virtCpu(['hosts', folder, '--json']).stdout)
    expect(hosts).toHaveLength(GOOD.length + ODD.length)
  })

  test('the same again asks only what is not there, and anew where told so', () => {
    writeFileSync(join(folder, 'good-1.txt'), 'kept as it is')
    const again = answerOf(collect([...GOOD.slice(0, 5), 'nologin'], '--output', folder, '--json'))
    expect(again).toMatchObject({ collected: [], there: GOOD.slice(0, 5) })
    expect(again.failed.map(({ host }) => host)).toEqual(['nologin'])
    expect(readFileSync(join(folder, 'good-1.txt'), 'utf8')).toBe('kept as it is')
    const anew = answerOf(collect(GOOD.slice(0, 2), '--output', folder, '--again', '--json'))
    expect(anew).toMatchObject({ collected: expect.arrayContaining(GOOD.slice(0, 2)), there: [], failed: [] })
    expect(readFileSync(join(folder, 'good-1.txt'), 'utf8')).toMatch(/^\[virt-cpu-collect\] 1\n/)
  })

  test('without a folder all reports are one text, which every command reads', () => {
    const { stdout, stderr, status } = collect([...GOOD.slice(0, 2), 'nologin'])
    expect(status).toBe(1)
    expect(stderr).toBe('error: nologin: status 1: "This account is currently not available."\n')
    const hosts = JSON.parse(virtCpu(['hosts', '-', '--json'], { input: stdout }).stdout).hosts
    expect(hosts.map(({ host }: { host: string }) => host)).toEqual(GOOD.slice(0, 2))
  })

  test('Ctrl-C ends every session and leaves nothing half-written', async () => {
    const kept = join(folderOf({}), 'hosts')
    const hosts = [...GOOD.slice(0, 10), ...SLOW]
    const args = ['collect', ...hosts, '--ssh-config', sshd.config, '--output', kept]
    const child = spawn(process.execPath, [CLI, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
    let stdout = ''
    child.stdout.on('data', bytes => {
      stdout += bytes
    })
    const ended = new Promise(resolve => child.on('close', resolve))
    await expect.poll(() => (existsSync(kept) ? readdirSync(kept).length : 0)).toBeGreaterThan(0)
    child.kill('SIGINT')
    expect(await ended).toBe(130)
    expect(stdout).toMatch(/interrupted: \d+ not asked to the end; the same command goes on/)
    for (const name of readdirSync(kept)) {
      expect(name).toMatch(/^good-\d+\.txt$/)
      expect(readFileSync(join(kept, name), 'utf8')).toMatch(/^\[end\] \d+\n$/m)
    }
    expect(sshOf(sshd.config)).toEqual([])
  })
})

/** The virtual machine that a cluster has, by its node. */
const MACHINE = {
  apiVersion: 'kubevirt.io/v1',
  kind: 'VirtualMachineInstance',
  metadata: { name: 'db', namespace: 'payroll' },
  spec: { domain: { cpu: { model: 'Haswell' }, devices: {} } },
  status: { phase: 'Running', nodeName: JSON.parse(sample('kubevirt-nodes.json')).items[0].metadata.name },
}

const MACHINES = 'virtualmachineinstances'
const resources = (groupVersion: string, name: string, kind: string) => ({
  kind: 'APIResourceList',
  apiVersion: 'v1',
  groupVersion,
  resources: [{ name, singularName: '', namespaced: name === MACHINES, kind, verbs: ['get', 'list'] }],
})
const forbidden = {
  kind: 'Status',
  status: 'Failure',
  reason: 'Forbidden',
  code: 403,
  message: `no ${MACHINES}`,
}

/**
 * What the API server of a cluster answers to kubectl, as one of Kubernetes 1.20 did: resources, nodes in two parts,
 * and virtual machines, if it has KubeVirt.
 */
function cluster(kubevirt: 'yes' | 'no' | 'forbidden', nodes: readonly object[]): Server {
  const version = { groupVersion: 'kubevirt.io/v1', version: 'v1' }
  const group = { name: 'kubevirt.io', versions: [version], preferredVersion: version }
  const list = (items: readonly object[], more?: string) => ({
    kind: 'List',
    apiVersion: 'v1',
    metadata: { resourceVersion: '1', ...(more && { continue: more }) },
    items,
  })
  const answers: Readonly<Record<string, object>> = {
    '/api': { kind: 'APIVersions', versions: ['v1'] },
    '/api/v1': resources('v1', 'nodes', 'Node'),
    '/apis': { kind: 'APIGroupList', apiVersion: 'v1', groups: kubevirt === 'no' ? [] : [group] },
    '/apis/kubevirt.io/v1': resources('kubevirt.io/v1', MACHINES, MACHINE.kind),
    [`/apis/kubevirt.io/v1/${MACHINES}`]: kubevirt === 'yes' ? list([MACHINE]) : forbidden,
  }
  return createServer(({ url = '' }, response) => {
    const { pathname, searchParams } = new URL(url, 'http://cluster')
    const isRest = searchParams.get('continue') === 'rest'
    const part = isRest ? nodes.slice(1) : nodes.slice(0, 1)
    const found = pathname === '/api/v1/nodes' ? list(part, isRest ? '' : 'rest') : answers[pathname]
    response.writeHead(found === forbidden ? 403 : found ? 200 : 404, { 'Content-Type': 'application/json' })
    response.end(JSON.stringify(found ?? { kind: 'Status', status: 'Failure', code: 404 }))
  })
}

const noKubectl = needed('kubectl', notInstalled('kubectl'))

describe.skipIf(noKubectl)(`of a cluster (${noKubectl ?? 'installed'})`, () => {
  const nodes = sample('kubevirt-nodes.json')
  const { items } = JSON.parse(nodes) as { items: object[] }

  async function collectOf(server: Server | undefined, ...args: string[]): Promise<Ran> {
    server?.listen(0, '127.0.0.1')
    if (server) await once(server, 'listening')
    const port = server ? (server.address() as AddressInfo).port : 1
    const config = `apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: "http://127.0.0.1:${port}"}}]
contexts: [{name: green, context: {cluster: c, user: u}}]
users: [{name: u, user: {}}]
current-context: green
`
    const home = folderOf({ config })
    const ran = await start(['collect', '--kubectl', ...args], {
      KUBECONFIG: join(home, 'config'),
      HOME: home,
    })
    server?.close()
    return ran
  }

  /** What is read: a host, or a guest. */
  const read = (stdout: string) => readText(stdout).map(({ kind }) => kind)

  test('gives all of its nodes and virtual machines, which every command reads', async () => {
    const { stdout, stderr, status } = await collectOf(cluster('yes', items))
    expect([stderr, status]).toEqual(['', 0])
    expect(JSON.parse(stdout).items).toHaveLength(items.length + 1)
    expect(read(stdout)).toEqual([...read(nodes), 'guest'])
    expect(stdout).toContain('payroll')
    const redacted = await collectOf(cluster('yes', items), '--redact')
    expect(redacted.stdout).not.toMatch(/payroll|"db"/)
    expect(read(redacted.stdout)).toEqual(read(stdout))
  })

  test('without KubeVirt has nodes alone, and says where machines may not be listed', async () => {
    const plain = await collectOf(cluster('no', items))
    expect([plain.stderr, plain.status, read(plain.stdout)]).toEqual(['', 0, read(nodes)])
    const closed = await collectOf(cluster('forbidden', items))
    expect(closed.stderr).toMatch(/^note: kubectl is there in part: .*Forbidden/)
    expect([closed.status, read(closed.stdout)]).toEqual([0, read(nodes)])
  })

  test('that is not there, or has nothing, is no empty list', async () => {
    const away = await collectOf(undefined)
    expect([away.stdout, away.status]).toEqual(['', 1])
    expect(away.stderr).toMatch(/^error: kubectl: .*refused/)
    const empty = await collectOf(cluster('yes', []), '--no-guests')
    expect([empty.stdout, empty.status]).toEqual(['', 1])
    expect(empty.stderr).toBe('error: kubectl: the cluster has no node that is shown\n')
    const other = await collectOf(cluster('yes', items), '--context', 'nosuch')
    expect([other.stdout, other.status]).toEqual(['', 1])
    expect(other.stderr).toMatch(/nosuch/)
  })
})

/** The programs that run with a configuration. */
const sshOf = (config: string): string[] =>
  readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .flatMap(pid => {
      try {
        const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
        return line.includes(config) && line.startsWith('ssh ') ? [line] : []
      } catch {
        return []
      }
    })
