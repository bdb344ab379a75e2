import { execFile } from 'node:child_process'
import { cpSync, existsSync, readFileSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { exampleOf, listedCommands, runExample } from '../cli/help-examples.ts'
import { closeClients, connectTo, type ServerStart } from '../cli/mcp-client.ts'
import { killServers, startServer } from '../cli/served.ts'
import { folderOf, runProcess, virtCpu } from '../cli/virt-cpu.ts'
import { needed, notInstalled } from '../needs.ts'
import { pack, type Registry, registryEnvironment, startRegistry } from './registry.ts'

/** The package as strangers get it: packed, and installed by npm from a registry. */

const root = join(import.meta.dirname, '..', '..')
const { version, peerDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

const scratch = folderOf({})
const prefix = join(scratch, 'global')
const program = join(prefix, 'bin', 'virt-cpu')
const installed = join(prefix, 'lib', 'node_modules', 'virt-cpu')
let registry: Registry

const run = promisify(execFile)

/** A command of npm's, with the registry, in a folder without a project. */
async function npm(command: string, args: readonly string[]): Promise<{ stdout: string; stderr: string }> {
  const env = { ...registryEnvironment(registry, scratch), npm_config_prefix: prefix }
  // The registry is in this process, which must not wait.
  return run(command, args, { cwd: scratch, env, timeout: 120_000, maxBuffer: 2 ** 28 })
}

beforeAll(async () => {
  registry = await startRegistry(pack(join(scratch, 'packed')))
}, 60_000)
afterEach(killServers)
afterAll(() => {
  registry.close()
  rmSync(scratch, { recursive: true, force: true })
})

/** What README shows first. */
const [npx = '', install = ''] = Array.from(
  (/```console\n([\s\S]*?)```/.exec(readFileSync(join(root, 'README.md'), 'utf8'))?.[1] ?? '').matchAll(
    /^\$ (.*)$/gm,
  ),
  ([, command = '']) => command,
)

test('README begins with how to install it', () => {
  expect(readFileSync(join(root, 'README.md'), 'utf8')).toMatch(/^# virt-cpu\n\n```console\n\$ npx virt-cpu /)
  expect([npx, install]).toEqual(['npx virt-cpu --help', 'npm install -g virt-cpu'])
})

test('npx runs it', async () => {
  const [, ...args] = npx.split(' ')
  const { stdout } = await npm('npx', ['--yes', ...args])
  expect(stdout).toBe(virtCpu(['--help']).stdout)
})

describe('installed for all', () => {
  beforeAll(async () => {
    const [, ...args] = install.split(' ')
    // What an inventory and the tools for assistants need is told of in docs/install.md.
    const peers = ['kysely', '@electric-sql/pglite', '@modelcontextprotocol/sdk']
    await npm('npm', [...args, ...peers.map(name => `${name}@${peerDependencies[name]}`)])
  }, 120_000)

  test('it has its version, its manual, its documents and examples', () => {
    expect(runProcess(program, ['--version']).stdout).toBe(`${version}\n`)
    const files = [
      'docs/cli.md',
      'docs/schema/questions.json',
      'examples/forty/fleet.yaml',
      'CHANGELOG.md',
      'LICENSE',
    ]
    for (const name of files) expect(existsSync(join(installed, name)), name).toBe(true)
    expect(existsSync(join(prefix, 'share', 'man', 'man1', 'virt-cpu.1'))).toBe(true)
  })

  test.each(listedCommands.filter(name => name !== 'serve'))('the example of %s --help runs', name => {
    const { status, stderr } = runExample(exampleOf(virtCpu([name, '--help']).stdout), program, installed)
    expect([status === 0 || status === 1, stderr.includes('error:')], stderr).toEqual([true, false])
  })

  const noKubectl = needed('kubectl', notInstalled('kubectl'))
  test.skipIf(noKubectl)(`kubectl has it as a plugin (${noKubectl ?? 'installed'})`, () => {
    const env = { PATH: `${join(prefix, 'bin')}:${process.env.PATH}`, HOME: scratch }
    const kubectl = (...args: string[]) => runProcess('kubectl', args, { cwd: installed, env })
    expect(kubectl('plugin', 'list', '--name-only').stdout).toMatch(/^kubectl-virtcpu$/m)
    expect(kubectl('virtcpu', '--version')).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' })
    expect(kubectl('virtcpu', '--help').stdout).toContain(
      '\nkubectl virtcpu [options]... <command> [args...]\n',
    )
    expect(kubectl('virtcpu', 'explain', '--help').stdout).toContain(
      '    kubectl virtcpu explain examples/fleet',
    )
    const nodes = ['explain', 'examples/formats/kubernetes-nodes.json']
    expect(kubectl('virtcpu', ...nodes)).toEqual(runProcess(program, nodes, { cwd: installed }))
    expect(kubectl('virtcpu', 'check', 'examples/forty').status).toBe(1)
  })

  /** What programs are told of the server. */
  const shown = Array.from(
    readFileSync(join(root, 'docs', 'mcp.md'), 'utf8').matchAll(/^```json\n([\s\S]*?)^```/gm),
    ([, text = '']) => JSON.parse(text).mcpServers['virt-cpu'] as ServerStart,
  )

  test.each(shown)(
    'an assistant starts it by $command',
    async ({ command, args }) => {
      const environment = registryEnvironment(registry, scratch) as Record<string, string>
      const env = { ...environment, PATH: `${join(prefix, 'bin')}:${process.env.PATH}` }
      const fleet = join(installed, 'examples', 'fleet')
      const here = args.map(one => (one === '/home/me/fleet' ? fleet : one))
      expect(here).toContain(fleet)
      const client = await connectTo({ command, args: here, cwd: scratch, env })
      const { structuredContent } = await client.callTool({
        name: 'hosts',
        arguments: { paths: ['ice-01.xml'] },
      })
      expect(structuredContent).toMatchObject({ hosts: [{ host: 'ice-01.xml' }] })
      await closeClients()
    },
    120_000,
  )

  test('it serves the page, and answers in workers', async () => {
    const served = await startServer([], 20_000, {}, [program])
    expect(await (await fetch(served.url)).text()).toContain('<title>')
    const body = JSON.stringify({ arch: 'x86_64' })
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(`${served.url}v1/cpu-models`, { method: 'POST', headers, body })
    expect(answer.status).toBe(200)
  })
})

test('a copy of the tree at another path, of another time, is packed to the same bytes', () => {
  const first = readFileSync(join(scratch, 'packed', `virt-cpu-${version}.tgz`))
  const copy = join(scratch, 'elsewhere', 'copy of it')
  const listed = runProcess('git', ['ls-files', '-z', '-co', '--exclude-standard'], { cwd: root }).stdout
  for (const path of listed.split('\0').filter(path => path !== '' && existsSync(join(root, path))))
    cpSync(join(root, path), join(copy, path))
  symlinkSync(realpathSync(join(root, 'node_modules')), join(copy, 'node_modules'))
  const { status, stderr } = runProcess(process.execPath, ['scripts/build.mjs', '--types'], { cwd: copy })
  expect(status, stderr).toBe(0)
  expect(readFileSync(pack(join(scratch, 'again'), copy)).equals(first)).toBe(true)
})
