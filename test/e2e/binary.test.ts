import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { explain } from '../../src/index.ts'
import { exampleOf, listedCommands, runExample } from '../cli/help-examples.ts'
import { closeClients, connectClient, connectTo } from '../cli/mcp-client.ts'
import { killServers, startServer } from '../cli/served.ts'
import { folderOf, type Ran, runProcess, virtCpu } from '../cli/virt-cpu.ts'
import { needed } from '../needs.ts'

/** The single program for this machine, which answers as the command does that Node runs. */

const root = join(import.meta.dirname, '..', '..')
const BINARY = join(root, 'dist-binary', 'virt-cpu-linux-x64')

/** Builds it; returns why it cannot be built here. */
function missing(): string | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'it is built for Linux on x64 here'
  const { status, stderr } = runProcess(process.execPath, ['scripts/build-binary.mjs'], { cwd: root })
  return status === 0 ? undefined : `it cannot be built: ${stderr.slice(-300)}`
}

const reason = needed('the compiler of single programs', missing())

const binary = (args: readonly string[]): Ran => runProcess(BINARY, args, { cwd: root })

/** It runs until it is stopped, or needs what single programs have not. */
const APART = ['serve', 'inventory']

describe.skipIf(reason)(`a single program ${reason ?? ''}`, () => {
  afterEach(killServers)

  test('says its version', () => {
    expect(binary(['--version'])).toEqual(virtCpu(['--version']))
  })

  test.each(listedCommands)('%s --help and its example are those of Node', name => {
    const help = binary([name, '--help'])
    expect(help).toEqual(virtCpu([name, '--help']))
    const example = exampleOf(help.stdout)
    if (!APART.includes(name)) expect(runExample(example, BINARY)).toEqual(runExample(example))
  })

  test('validates and finds paths in XML, and reads YAML', () => {
    for (const args of [
      ['cpu-compare', 'examples/fleet/ice-01.xml', '--host', 'examples/fleet/ice-02.xml', '--validate'],
      ['capabilities', '--xpath', '//host/cpu/model'],
      ['check', 'examples/forty', '--json'],
    ])
      expect(binary(args)).toEqual(virtCpu(args, { cwd: root }))
  })

  test('refuses an inventory in a folder, and says what to do', () => {
    const folder = folderOf({})
    const { status, stderr } = binary(['inventory', 'import', 'examples/inventory.ndjson', '--store', folder])
    expect([status, stderr]).toEqual([2, expect.stringContaining('give it an inventory in PostgreSQL')])
  })

  test('offers tools, which workers answer', async () => {
    const folder = join(root, 'examples', 'fleet')
    const client = await connectTo({ command: BINARY, args: ['mcp', folder] })
    const own = await connectClient([folder])
    expect(await client.listTools()).toEqual(await own.listTools())
    const explain = { name: 'explain', arguments: { paths: ['.'] } }
    expect(await client.callTool(explain)).toEqual(await own.callTool(explain))
    await closeClients()
  })

  test('serves the page, and answers in workers', async () => {
    const served = await startServer([], 20_000, {}, [BINARY])
    expect(await (await fetch(served.url)).text()).toBe(readFileSync(join(root, 'dist', 'page.html'), 'utf8'))
    const names = readdirSync(join(root, 'examples', 'fleet')).filter(name => name.endsWith('.xml'))
    const documents = names.map(path => ({
      path,
      text: readFileSync(join(root, 'examples', 'fleet', path), 'utf8'),
    }))
    const ask = () =>
      fetch(`${served.url}v1/explain`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ documents }),
      }).then(response => response.json())
    const expected = JSON.parse(JSON.stringify(explain({ documents })))
    expect(await Promise.all([ask(), ask()])).toEqual([expected, expected])
    served.child.kill('SIGTERM')
    expect(await once(served.child, 'exit')).toEqual([0, null])
  })
})

test.skipIf(reason)('the program holds what it reads', () => {
  expect(existsSync(BINARY)).toBe(true)
  const { stdout } = runProcess(BINARY, ['cpu-models', 'x86_64'], { cwd: folderOf({}) })
  expect(stdout).toBe(virtCpu(['cpu-models', 'x86_64']).stdout)
})
