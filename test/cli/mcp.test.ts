import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js'
import { Ajv } from 'ajv'
import { Ajv2020 } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { QUESTIONS } from '../../src/questions/table.ts'
import { examples, SAMPLES } from '../contract/samples.ts'
import { closeClients, connectClient } from './mcp-client.ts'
import { CLI, folderOf, hostXml, runProcess, virtCpu } from './virt-cpu.ts'

/** `virt-cpu mcp`, asked by the client of the protocol's own library. That its answers are those of batch: test/contract/faces.test.ts. */

const server = await connectClient([examples])
afterAll(closeClients)
const { tools } = await server.listTools()

const call = async (name: string, given: object, client = server) =>
  (await client.callTool({ name, arguments: { ...given } })) as CallToolResult
const textOf = ({ content }: CallToolResult) =>
  content.map(one => (one.type === 'text' ? one.text : '')).join('\n')
const refusal = async (name: string, given: object, client = server) => {
  const result = await call(name, given, client)
  expect(result).toMatchObject({ isError: true, content: [{ type: 'text' }] })
  expect(result).not.toHaveProperty('structuredContent')
  return textOf(result)
}

describe('tools', () => {
  test('there is one for each question, which only reads', () => {
    expect(tools.map(({ name }) => name)).toEqual(Object.keys(QUESTIONS))
    for (const { title, description = '', annotations } of tools) {
      expect(description.startsWith(`${title}.`)).toBe(true)
      expect(annotations).toMatchObject({ title, readOnlyHint: true, destructiveHint: false })
    }
  })

  test.each(tools)('the schemas of $name are good, and take what it is asked', tool => {
    for (const schema of [tool.inputSchema, tool.outputSchema ?? {}]) {
      const strict = {
        strict: true,
        strictTypes: false,
        strictRequired: false,
        formats: { date: true },
      } as const
      expect(new Ajv(strict).compile(schema)).toBeInstanceOf(Function)
      expect(new Ajv2020(strict).compile(schema)).toBeInstanceOf(Function)
    }
    const isValid = new Ajv({ strict: false }).compile(tool.inputSchema)
    const [input] = SAMPLES[tool.name as keyof typeof SAMPLES]
    expect([isValid(input), isValid.errors]).toEqual([true, null])
    expect(isValid({ ...input, nonsense: 1 })).toBe(false)
  })

  test('a list of all takes no more than 70 kB of what an assistant reads', () => {
    const read = tools.map(({ outputSchema, ...tool }) => tool)
    expect(JSON.stringify(read).length).toBeLessThan(70_000)
  })

  test('some of them are offered by --tool, and others are not called', async () => {
    const few = await connectClient([examples, '--tool', 'name', '--tool', 'tree'])
    expect((await few.listTools()).tools.map(({ name }) => name)).toEqual(['name', 'tree'])
    await expect(call('explain', {}, few)).rejects.toThrow("no tool is called 'explain'")
  })

  test('documentation is a resource', async () => {
    const { resources } = await server.listResources()
    expect(resources).toContainEqual(expect.objectContaining({ uri: 'virt-cpu://docs/glossary.md' }))
    expect(JSON.stringify(resources)).not.toContain(join(import.meta.dirname, '..', '..'))
    const { contents } = await server.readResource({ uri: 'virt-cpu://docs/glossary.md' })
    expect(contents).toEqual([
      expect.objectContaining({ text: readFileSync(join(examples, '..', 'docs', 'glossary.md'), 'utf8') }),
    ])
    await expect(server.readResource({ uri: 'virt-cpu://docs/../package.json' })).rejects.toThrow(
      'no resource',
    )
  })
})

describe('files', () => {
  /** Tools with their inputs, and the arguments of the command that asks the same. */
  const ASKED: readonly (readonly [tool: string, input: object, command: readonly string[]])[] = [
    ['hosts', { paths: ['fleet'] }, ['hosts', 'fleet']],
    ['hosts', { paths: ['fleet/ice-01.xml', 'fleet-amd'] }, ['hosts', 'fleet/ice-01.xml', 'fleet-amd']],
    ['explain', { paths: ['fleet'] }, ['explain', 'fleet']],
    ['pools', { paths: ['fleet'], k: 2 }, ['pools', 'fleet', '--pools', '2']],
    ['level', { paths: ['forty'] }, ['level', 'forty']],
    [
      'check',
      { paths: ['forty/fleet.yaml'], now: '2026-01-01' },
      ['check', 'forty/fleet.yaml', '--now', '2026-01-01'],
    ],
    ['audit', { paths: ['fleet'], today: '2026-01-01' }, ['audit', 'fleet', '--today', '2026-01-01']],
    [
      'drift',
      { before: { paths: ['fleet'] }, after: { paths: ['fleet-amd'] } },
      ['drift', 'fleet', 'fleet-amd'],
    ],
    [
      'drift',
      { before: { paths: ['fleet/ice-01.xml'] }, after: { paths: ['fleet/sky-01.xml'] } },
      ['drift', 'fleet/ice-01.xml', 'fleet/sky-01.xml'],
    ],
  ]

  test.each(ASKED)('%s of %j is what the command says there', async (tool, input, command) => {
    const { structuredContent, ...result } = await call(tool, input)
    const run = (...more: string[]) => virtCpu([...command, ...more], { cwd: examples }).stdout
    const whole = JSON.parse(run('--json'))
    const cutTo = (structuredContent as { page?: object }).page
    expect(structuredContent).toEqual(cutTo ? expect.objectContaining({ page: cutTo }) : whole)
    const [first = ''] = run('--details').split('\n')
    expect(textOf(result as CallToolResult).startsWith(first)).toBe(true)
  })

  test('a file stands for a text', async () => {
    const read = (path: string) => readFileSync(join(examples, path), 'utf8')
    const [a, b] = ['fleet/ice-01.xml', 'fleet/sky-01.xml'] as const
    for (const [tool, files, texts] of [
      ['decode', { text: { file: a } }, { text: read(a) }],
      ['baseline', { cpus: [{ file: a }, read(b)] }, { cpus: [read(a), read(b)] }],
      ['compare', { host: { file: a }, cpu: { file: b } }, { host: read(a), cpu: read(b) }],
      [
        'domcapabilities',
        { replies: { file: 'hypervisors/ice-01.replies' } },
        { replies: read('hypervisors/ice-01.replies') },
      ],
      [
        'convert',
        { text: { file: 'guests/web.xml' }, format: 'qemu' },
        { text: read('guests/web.xml'), format: 'qemu' },
      ],
    ] as const) {
      const answer = await call(tool, files)
      expect(answer.structuredContent).toEqual((await call(tool, texts)).structuredContent)
      expect(answer).not.toHaveProperty('isError')
      const schema = tools.find(({ name }) => name === tool)?.inputSchema ?? {}
      expect(new Ajv({ strict: false }).validate(schema, files)).toBe(true)
    }
  })

  test('what a fleet file says may be given where there is none', async () => {
    const fleet = { requirements: [{ level: 'x86-64-v4' }] }
    const { structuredContent } = await call('check', { paths: ['fleet'], fleet })
    expect(structuredContent).toMatchObject({ passed: true, verdicts: [{ kind: 'level' }] })
    expect(await refusal('check', { paths: ['forty'], fleet })).toContain('forty/fleet.yaml')
    expect(await refusal('check', { paths: ['fleet'], fleet: { requirement: [] } })).toContain('requirement')
  })

  test('what cannot be read says its place', async () => {
    const folder = folderOf({ 'a.xml': '<cpu>\n  <model>x</cpu>', 'b.xml': hostXml('Penryn') })
    const client = await connectClient([folder])
    expect(await refusal('hosts', { paths: ['a.xml'] }, client)).toMatch(
      /^a\.xml:2:\d+: .*\n.*<model>x<\/cpu>\n +\^/,
    )
    expect(await refusal('decode', { text: { file: 'c.xml' } }, client)).toContain("'c.xml': No such file")
    expect((await call('hosts', { paths: ['.'] }, client)).structuredContent).toMatchObject({
      hosts: [{}],
      notes: expect.arrayContaining([expect.objectContaining({ kind: 'file-skipped' })]),
    })
    const empty = await connectClient([folderOf({ 'a.txt': 'nothing' })])
    expect(await refusal('explain', { paths: ['.'] }, empty)).toMatch(
      /^no host in \.: give what describes hosts/,
    )
  })

  test('none is read outside of the folders, however it is named', async () => {
    const folder = folderOf({ 'a.xml': hostXml('Penryn'), '.hidden.xml': hostXml('Penryn') })
    const other = folderOf({ 'b.xml': hostXml('Penryn') })
    symlinkSync(join(other, 'b.xml'), join(folder, 'link.xml'))
    symlinkSync(other, join(folder, 'linked'))
    for (const name of ['sub', 'ruled', 'found']) mkdirSync(join(folder, name))
    writeFileSync(join(folder, 'sub', 'a.xml'), hostXml('Penryn'))
    writeFileSync(join(folder, 'ruled', 'fleet.yaml'), `hosts:\n- files: ${other}/*.xml\n`)
    symlinkSync(join(other, 'b.xml'), join(folder, 'found', 'b.xml'))
    const client = await connectClient([folder])
    const bad = [
      join(other, 'b.xml'),
      '/etc/passwd',
      '..',
      '../x',
      'link.xml',
      'linked',
      'linked/b.xml',
      '.hidden.xml',
      'sub/../../x',
      'ruled',
      'ruled/fleet.yaml',
      'found',
    ]
    for (const path of bad) {
      expect(await refusal('hosts', { paths: ['a.xml', path] }, client), path).toContain('may not be read')
      expect(
        await refusal('drift', { before: { paths: [path] }, after: { paths: ['a.xml'] } }, client),
      ).toContain('may not be read')
    }
    for (const path of bad.slice(0, 9))
      expect(await refusal('decode', { text: { file: path } }, client), path).toContain('may not be read')
    expect(
      await refusal(
        'what-if',
        { paths: ['a.xml'], add: [{ path: 'x', text: { file: '/etc/passwd' } }] },
        client,
      ),
    ).toContain('may not be read')
    for (const path of ['a.xml', 'sub', join(folder, 'sub'), './sub/../a.xml'])
      expect(await call('hosts', { paths: [path] }, client)).not.toHaveProperty('isError')
    // Both folders, and none.
    const both = await connectClient([folder, other])
    expect(await call('hosts', { paths: ['linked', 'link.xml'] }, both)).not.toHaveProperty('isError')
    const none = await connectClient([], '/')
    expect(await refusal('hosts', { paths: ['/etc/passwd'] }, none)).toMatch(
      /may not be read: start the server with a folder/,
    )
    expect(none.getInstructions()).toContain('No file can be read')
  })

  test('the working folder is read where no other is named', async () => {
    const here = await connectClient([], join(examples, 'fleet'))
    expect((await call('hosts', { paths: ['ice-01.xml'] }, here)).structuredContent).toMatchObject({
      hosts: [{}],
    })
  })
})

describe('mistakes', () => {
  test('are errors of the tool, in our words', async () => {
    for (const [tool, given, said] of [
      ['explain', { document: [] }, /documents|no input is called document/],
      ['explain', {}, /documents is missing/],
      ['explain', { paths: 'fleet' }, /paths must be a list of paths/],
      ['explain', { paths: [] }, /paths must be a list of paths/],
      ['explain', { paths: ['fleet'], documents: [] }, /give documents or paths, not both/],
      ['name', { name: 'avx', paths: ['fleet'] }, /no input is called paths/],
      ['explain', { paths: ['fleet'], verb: 'hosts' }, /no input is called verb/],
      ['explain', { paths: ['fleet'], cpuMap: '/etc' }, /no input is called cpuMap/],
      ['explain', { paths: ['fleet'], libvirt: '1.0' }, /libvirt: must be a version from 11\.3/],
      ['explain', { paths: ['fleet'], fields: ['pool'] }, /no key 'pool'; known: .*pools/],
      ['cpu-models', { arch: 'z80' }, /z80/],
      ['compare', { host: '<cpu>', cpu: '<cpu/>' }, /host:1:\d/],
    ] as const)
      expect(await refusal(tool, given), tool).toMatch(said)
  })

  test('whatever is asked is answered or refused, and the next call too', async () => {
    const names = fc.constantFrom(...Object.keys(QUESTIONS))
    const keys = fc.constantFrom(
      'paths',
      'documents',
      'fleet',
      'text',
      'cpus',
      'host',
      'name',
      'limit',
      'fields',
      'file',
      'id',
      '__proto__',
    )
    const value = fc.oneof(
      fc.jsonValue({ maxDepth: 3 }),
      fc.constant({ file: 'fleet/ice-01.xml' }),
      fc.constant(['fleet']),
    )
    await fc.assert(
      fc.asyncProperty(names, fc.array(fc.tuple(keys, value), { maxLength: 4 }), async (name, entries) => {
        const result = await call(name, Object.fromEntries(entries))
        expect(result.isError === true || result.structuredContent !== undefined).toBe(true)
        expect(textOf(result)).not.toContain('a fault in virt-cpu')
      }),
      { numRuns: 100 },
    )
  })
})

describe('large answers', () => {
  test('are cut to a page, and pages make the whole', async () => {
    const result = await call('models', { paths: ['fleet'] })
    expect(textOf(result)).toMatch(
      /The data of this answer has \d+ characters: structuredContent has the first items/,
    )
    const first = result.structuredContent as {
      page: { nextCursor: number; totals: Record<string, number> }
      models: unknown[]
    }
    const limit = first.models.length
    const models: unknown[] = []
    for (let cursor: number | null = 0; cursor !== null; ) {
      const page = (await call('models', { paths: ['fleet'], limit, cursor }))
        .structuredContent as typeof first
      models.push(...page.models)
      cursor = page.page.nextCursor
    }
    const whole = JSON.parse(virtCpu(['models', 'fleet', '--json'], { cwd: examples }).stdout)
    expect(models).toEqual(whole.models)
    expect(JSON.stringify(first).length).toBeLessThanOrEqual(64_000)
  })

  test('of one long item leave out keys, and say which', async () => {
    const client = await connectClient([join(examples, 'forty')])
    const given = { paths: ['.'], fields: ['models'], limit: 10_000 }
    const { structuredContent: page } = await call('models', given, client)
    expect(page).toMatchObject({ page: { nextCursor: expect.any(Number), totals: expect.any(Object) } })
    const whole = JSON.parse(batch({ verb: 'capabilities', ...longHost() }))
    const result = await call('capabilities', longHost())
    expect(whole.xml.length).toBeGreaterThan(64_000)
    expect(result.structuredContent).toMatchObject({ schema: 2, notes: whole.notes })
    expect(result.structuredContent).not.toHaveProperty('xml')
    expect(textOf(result)).toContain('structuredContent has the first items of each list without xml')
  })

  test('of too many notes are refused', async () => {
    const files = Array.from({ length: 600 }, (_, i) => [`${'x'.repeat(100)}${i}.txt`, 'nothing'])
    const client = await connectClient([
      folderOf({ 'a.xml': hostXml('Penryn'), ...Object.fromEntries(files) }),
    ])
    expect(await refusal('hosts', { paths: ['.'] }, client)).toMatch(
      /its notes alone have more: ask about fewer hosts/,
    )
  })
})

describe('a call', () => {
  test('says how far it is', async () => {
    const seen: number[] = []
    await server.callTool({ name: 'explain', arguments: { paths: ['forty'] } }, undefined, {
      onprogress: ({ progress, total = 0 }) => {
        seen.push(progress)
        expect(progress).toBeLessThanOrEqual(total)
      },
    })
    expect(seen.length).toBeGreaterThan(1)
    expect(seen).toEqual([...new Set(seen)].sort((a, b) => a - b))
  })

  test('ends when it is cancelled, or takes too long, and others are answered meanwhile', async () => {
    const documents = manyHosts(60_000)
    const client = await connectClient([examples, '--limit', '1'])
    const slow = { name: 'pools', arguments: { documents, k: 8 } }
    const stop = new AbortController()
    const cancelled = client.callTool(slow, undefined, { signal: stop.signal })
    setTimeout(() => stop.abort(), 300)
    await expect(cancelled).rejects.toThrow()
    expect(await call('name', { name: 'avx' }, client)).not.toHaveProperty('isError')
    expect(await refusal(slow.name, slow.arguments, client)).toMatch(/no answer within 1 s/)
    expect(await call('name', { name: 'avx' }, client)).not.toHaveProperty('isError')
  })
})

/** A host whose capabilities are long. */
const longHost = () => {
  const [{ host }] = SAMPLES.capabilities as readonly [{ host: object }]
  return { host: { ...host, securityModels: [{ model: 'x'.repeat(70_000), doi: '0', baselabels: [] }] } }
}

/** Documents that take seconds to read. */
const manyHosts = (count: number) => {
  const text = Array.from({ length: count }, (_, i) => hostXml('Penryn', i % 2 ? ['vmx'] : [])).join('')
  return [{ path: 'a.xml', text }]
}

/** The answer of batch, without its id. */
const batch = (request: object): string => {
  const { stdout } = virtCpu(['batch'], { input: JSON.stringify({ verb: 'cpu-models', ...request }) })
  const { id, ...document } = JSON.parse(stdout)
  return JSON.stringify(document)
}

/** The command of a folder in which nothing else is installed. */
const virtCpuIn = (folder: string) => runProcess(process.execPath, [join(folder, 'cli.cjs'), 'mcp'])

/** The server as a process, whose streams the test has. */
function start(args: readonly string[] = [examples]) {
  const child = spawn(process.execPath, [CLI, 'mcp', ...args], { stdio: 'pipe' })
  const said = { out: '', err: '' }
  child.stdout.setEncoding('utf8').on('data', more => (said.out += more))
  child.stderr.setEncoding('utf8').on('data', more => (said.err += more))
  const send = (id: number, method: string, params: object = {}) =>
    child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`)
  const ended = once(child, 'close')
  return { child, said, send, ended }
}

describe('the process', () => {
  test('answers what it was asked before its input ended, and writes nothing else', async () => {
    const { child, said, send, ended } = start()
    send(1, 'tools/call', { name: 'explain', arguments: { paths: ['forty'] } })
    child.stdin.write('this is no JSON\n{"jsonrpc":"2.0"}\n')
    send(2, 'ping')
    child.stdin.end()
    expect(await ended).toEqual([0, null])
    const messages = said.out
      .trim()
      .split('\n')
      .map(line => JSON.parse(line))
    expect(messages.map(({ jsonrpc, id }) => [jsonrpc, id])).toEqual([
      ['2.0', 2],
      ['2.0', 1],
    ])
    expect(said.err).toMatch(/^error: .*is not valid JSON/)
  })

  test.each([
    ['SIGTERM', 0],
    ['SIGINT', 130],
  ] as const)('ends by %s', async (signal, status) => {
    const { child, said, send, ended } = start()
    send(1, 'ping')
    await once(child.stdout, 'data')
    child.kill(signal)
    expect(await ended).toEqual([status, null])
    expect(said.err).toBe('')
  })

  test('ends when its client is gone', async () => {
    const { child, send, ended } = start()
    child.stdout.destroy()
    send(1, 'ping')
    await ended
    expect(child.exitCode).toBe(0)
  })

  test('refuses a message that is too long, and ends', async () => {
    const { child, said, ended } = start()
    child.stdin.on('error', () => {}).write('x'.repeat(11 * 2 ** 20))
    expect(await ended).toEqual([2, null])
    expect(said.err).toMatch(/exceeded maximum size/)
  })

  test('says what is wrong with its arguments', () => {
    for (const [args, said] of [
      [['--tool', 'nope'], "--tool takes the name of a question, not 'nope'"],
      [['nowhere'], "'nowhere' is no folder"],
      [['--limit', '0'], "--limit takes seconds, up to 3600, not '0'"],
      [['--cpu-map', 'nowhere'], 'nowhere/index.xml'],
    ] as const) {
      const { status, stdout, stderr } = virtCpu(['mcp', ...args])
      expect([status, stdout, stderr]).toEqual([2, '', expect.stringContaining(said)])
    }
  })

  test('says which package is missing', () => {
    const folder = folderOf({})
    cpSync(join(CLI, '..'), folder, { recursive: true })
    // A folder above may have it.
    const empty = join(folder, 'node_modules', '@modelcontextprotocol', 'sdk')
    mkdirSync(empty, { recursive: true })
    writeFileSync(join(empty, 'package.json'), '{"name": "@modelcontextprotocol/sdk"}')
    const { status, stderr } = virtCpuIn(folder)
    expect([status, stderr]).toEqual([
      2,
      'error: mcp needs the package @modelcontextprotocol/sdk: npm install @modelcontextprotocol/sdk\n',
    ])
  })

  test('answers as the version of libvirt that it is told, and from the map that it is given', async () => {
    const old = await connectClient(['--libvirt', '11.3'])
    const given = { arch: 'x86_64' }
    const models = async (client: typeof server) =>
      (await call('cpu-models', given, client)).structuredContent
    expect(await models(old)).toEqual(
      await models(server).then(() => JSON.parse(batch({ ...given, libvirt: '11.3' }))),
    )
    expect(await models(old)).not.toEqual(await models(server))
  })
})
