import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join, parse, resolve } from 'node:path'
import type { Server } from '@modelcontextprotocol/sdk/server/index.js'
import { FileError } from '../../host/files/file-error.ts'
import { isDirectory } from '../../host/files/files.ts'
import { isQuestion, QUESTIONS } from '../../questions/table.ts'
import type { Arguments } from '../arguments.ts'
import type { Command } from '../command.ts'
import type { Session } from '../globals.ts'
import { availableMemory, shareMemory } from '../server-memory.ts'
import { readSeconds } from '../setting-values.ts'
import { CommandError, UsageError } from '../spec.ts'
import { ToolDesk } from '../tools.ts'
import { WorkerPool } from '../worker-pool.ts'

declare const __VERSION__: string

export const command: Command = {
  spec: {
    name: 'mcp',
    description:
      'Answer the questions of batch as tools of the Model Context Protocol, on standard input and output, for the ' +
      'assistant or editor that starts it (docs/mcp.md). Tools read files below the folders DIR, change nothing and ' +
      'start no program. It ends when its input does.',
    options: [
      {
        name: 'folder',
        value: 'dir',
        positional: 'many',
        help: 'a folder whose files tools may read; paths are relative to the first. Absent: the working folder, unless that is the root of all',
      },
      {
        name: 'tool',
        value: 'name',
        repeats: true,
        words: Object.keys(QUESTIONS),
        help: 'offer this tool, and those of further --tool, instead of one for each question',
      },
      { name: 'limit', value: 'seconds', help: 'how long an answer may take; 300 by default' },
    ],
    example: `echo '{"jsonrpc": "2.0", "id": 1, "method": "ping"}' | virt-cpu mcp examples`,
    style: 'own',
  },

  async run(args, session) {
    const names = toolsOf(args)
    const limit = limitOf(args)
    const folders = foldersOf(args)
    const sdk = await loadSdk()
    const own = session.cpuMap === undefined ? undefined : resolve(session.cpuMap)
    if (own !== undefined) (await import('../../host/files/cpu-map.ts')).openCpuMap(own)
    if (folders[0] !== undefined) process.chdir(folders[0])
    const crew = startCrew({ own, limit, folders })
    const server = makeServer(sdk, new ToolDesk(crew, names, session), folders)
    try {
      return await serveUntilEnd(server, new sdk.StdioServerTransport(), session)
    } finally {
      await crew.stop()
    }
  },
}

/** The tools that are offered. @throws UsageError */
function toolsOf(args: Arguments): readonly string[] {
  const given = args.all('tool')
  const unknown = given.find(name => !isQuestion(name))
  if (unknown === undefined) return given.length > 0 ? given : Object.keys(QUESTIONS)
  throw new UsageError(`--tool takes the name of a question, not '${unknown}'`)
}

/** In milliseconds. @throws UsageError */
function limitOf(args: Arguments): number {
  try {
    return readSeconds(args.get('limit') ?? '300')
  } catch (error) {
    throw new UsageError(`--limit ${(error as Error).message}`)
  }
}

/** The folders whose files may be read. Programs with windows start servers at the root: nobody means all files by that. @throws FileError */
function foldersOf(args: Arguments): readonly string[] {
  const given = args.all('folder')
  const wrong = given.find(path => !isDirectory(path))
  if (wrong !== undefined) throw new FileError(wrong, `'${wrong}' is no folder`)
  if (given.length > 0) return given.map(path => realpathSync(path))
  const here = process.cwd()
  return here === parse(here).root ? [] : [here]
}

/** The protocol's own library, which this command alone needs. @throws CommandError where it is not installed */
async function loadSdk() {
  try {
    const [server, stdio, types] = await Promise.all([
      import('@modelcontextprotocol/sdk/server/index.js'),
      import('@modelcontextprotocol/sdk/server/stdio.js'),
      import('@modelcontextprotocol/sdk/types.js'),
    ])
    return { ...server, ...stdio, ...types }
  } catch (cause) {
    if (!/MODULE_NOT_FOUND/.test((cause as NodeJS.ErrnoException).code ?? '')) throw cause
    const name = '@modelcontextprotocol/sdk'
    throw new CommandError([`mcp needs the package ${name}: npm install ${name}`], { cause })
  }
}

type Sdk = Awaited<ReturnType<typeof loadSdk>>

interface Serving {
  readonly server: Server
  readonly desk: ToolDesk
}

/** The workers that answer. */
function startCrew({
  own,
  limit,
  folders,
}: {
  own: string | undefined
  limit: number
  folders: readonly string[]
}) {
  const { workers, heap, largest } = shareMemory(availableMemory(), availableParallelism(), false)
  const program = join(__dirname, 'worker.cjs')
  return new WorkerPool({
    program,
    maps: { own, named: [] },
    limit,
    most: workers,
    memory: heap,
    largest,
    folders,
  })
}

/** A server that offers the tools of a desk, and the documentation. */
function makeServer(sdk: Sdk, desk: ToolDesk, folders: readonly string[]): Serving {
  const server = new sdk.Server(
    { name: 'virt-cpu', title: 'Guest CPUs of virtualization fleets', version: __VERSION__ },
    { capabilities: { tools: {}, resources: {} }, instructions: instructionsFor(folders) },
  )
  server.setRequestHandler(sdk.ListToolsRequestSchema, async () => ({ tools: await desk.list() }))
  server.setRequestHandler(sdk.CallToolRequestSchema, ({ params }, call) => {
    if (desk.has(params.name)) return desk.call(params, call)
    throw new sdk.McpError(sdk.ErrorCode.InvalidParams, `no tool is called '${params.name}'`)
  })
  server.setRequestHandler(sdk.ListResourcesRequestSchema, () => ({
    resources: listPages().map(({ path, ...page }) => page),
  }))
  server.setRequestHandler(sdk.ReadResourceRequestSchema, ({ params: { uri } }) => {
    const page = listPages().find(one => one.uri === uri)
    if (!page) throw new sdk.McpError(sdk.ErrorCode.InvalidParams, `no resource is called '${uri}'`)
    return { contents: [{ uri, mimeType: page.mimeType, text: readFileSync(page.path, 'utf8') }] }
  })
  return { server, desk }
}

/** What an assistant is told before it asks anything. */
const instructionsFor = (folders: readonly string[]): string =>
  [
    'Answers about CPUs of virtualization hosts and their guests: what a pool of hosts can give, where guests can move, what a change does, and why. Nothing is changed, and no program is run.',
    'Begin with `hosts` or `explain` for what describes hosts (virsh capabilities, virsh domcapabilities, cpuid dumps and others), and with `doctor` for an error message or a text that you do not understand.',
    folders[0] === undefined
      ? 'No file can be read: the server was started without a folder. Give texts.'
      : `Prefer \`paths\` to texts: files and folders below ${folders.join(' or ')}; relative paths begin at ${folders[0]}. Where a text is asked for, {"file": path} may stand.`,
    'Three values: `unknown` is not “no”; the answer says what to read to settle it.',
    'The text of an answer is its summary, structuredContent its data. Data that is too long is cut to the first items of its lists, and `page` says so: ask with `cursor: page.nextCursor` and the same `limit` (items of each list) for further ones, or with `fields` for some keys of the answer alone.',
    'Every tool takes `libvirt`: whose behaviour, a version such as 11.3 or 12.8; where there is `explain`, it adds the reasons.',
  ].join('\n')

/** Serves until the input ends, the client is gone, or a signal comes; what was asked before is answered first. Returns the exit status. */
function serveUntilEnd(
  { server, desk }: Serving,
  transport: Parameters<Server['connect']>[0],
  session: Session,
): Promise<number> {
  const { stdin, stdout } = process
  return new Promise((done, fail) => {
    let status = 0
    const end = (with_: number) => {
      status = with_
      void server.close()
    }
    server.onclose = () => {
      stdin.destroy()
      // Nothing keeps the process while its workers end.
      process.exitCode = status
      done(status)
    }
    server.onerror = error => {
      session.err(`error: ${error.message}\n`)
      if (/maximum size/.test(error.message)) status = 2
    }
    stdin.once('end', () => void desk.idle().then(() => end(status)))
    stdout.once('error', () => end(0))
    process.once('SIGTERM', () => end(0)).once('SIGINT', () => end(130))
    server.connect(transport).catch(fail)
  })
}

/** The pages of the documentation that lie beside the command, as resources; a single program has none. */
function listPages() {
  const folder = join(__dirname, '..', 'docs')
  const names = existsSync(folder) ? readdirSync(folder).filter(name => name.endsWith('.md')) : []
  return names.sort().map(name => {
    const path = join(folder, name)
    const [, title = name] = /^# (.*)$/m.exec(readFileSync(path, 'utf8')) ?? []
    return { uri: `virt-cpu://docs/${name}`, name, title, mimeType: 'text/markdown', path }
  })
}
