import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { CLI } from './virt-cpu.ts'

const open: Client[] = []

/** A client of the protocol's own library, with a server as it is built; it holds answers against the schemas that the server gave. */
export async function connectClient(
  args: readonly string[],
  cwd?: string,
  [command, ...before]: readonly [string, ...string[]] = [process.execPath, CLI],
): Promise<Client> {
  const transport = new StdioClientTransport({
    command,
    args: [...before, 'mcp', ...args],
    stderr: 'inherit',
    ...(cwd !== undefined && { cwd }),
  })
  const client = new Client({ name: 'test', version: '0' })
  await client.connect(transport)
  await client.listTools()
  open.push(client)
  return client
}

/** For `afterAll` of whoever connects clients. */
export async function closeClients(): Promise<void> {
  await Promise.all(open.splice(0).map(client => client.close()))
}
